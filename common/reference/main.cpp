//===- main.cpp - gpt2-judge: the judge's logits --------------------===//
#include "model/checkpoint.h"
#include "model/error.h"
#include "model/files.h"
#include "model/generate.h"
#include "model/output.h"
#include "reference/compare.h"
#include "reference/reference.h"

#include <nlohmann/json.hpp>

#include <getopt.h>

namespace {

const char *usage =
    R"(usage: gpt2-judge --model MODEL --token-ids FILE --dump-logits FILE.npy
                  [--all-positions]

Computes GPT-2's logits in plain C++ and double precision, and writes them as
NumPy's f8. Prints, as JSON, the largest logit and by how much f32 may differ.

  --model MODEL      as the chapters' programs take it: a directory, a
                     .safetensors or .bin file, a fetched model's name, or
                     random-124m
  --token-ids FILE   the prompt, one id a line; "-" is stdin
  --dump-logits FILE the logits that follow the last token, (1, V)
  --all-positions    those that follow every token, (T, V)
)";

int run(int argc, char **argv) {
  std::string model, ids, out;
  int all = 0;
  const option options[] = {{"model", required_argument, nullptr, 'm'},
                            {"token-ids", required_argument, nullptr, 'i'},
                            {"dump-logits", required_argument, nullptr, 'o'},
                            {"all-positions", no_argument, &all, 1},
                            {"help", no_argument, nullptr, 'h'},
                            {}};
  for (int given;
       (given = getopt_long(argc, argv, "", options, nullptr)) != -1;)
    switch (given) {
    case 'm':
      model = optarg;
      break;
    case 'i':
      ids = optarg;
      break;
    case 'o':
      out = optarg;
      break;
    case 'h':
      gpt2::print(usage);
      return 0;
    case 0:
      break;
    default: // getopt_long has said what is wrong
      return 1;
    }
  if (optind < argc)
    gpt2::fail("unexpected argument '", argv[optind], "'; see --help");
  if (model.empty() || ids.empty() || out.empty())
    gpt2::fail("--model, --token-ids and --dump-logits are needed; see --help");

  auto checkpoint = gpt2::Checkpoint::open(model);
  const gpt2::Config &config = checkpoint->config();
  std::vector<int32_t> tokens = gpt2::readTokenIds(ids);
  if (tokens.empty())
    gpt2::fail(gpt2::nameOfInput(ids), ": no token ids; expected one a line");
  gpt2::checkPrompt(tokens, config);
  auto rows = static_cast<int64_t>(all ? tokens.size() : 1);
  gpt2::reference::Vector logits =
      gpt2::reference::forward(checkpoint->load(), tokens, rows);
  gpt2::writeNpy(out, logits, rows, config.vocab);
  double largest = gpt2::largestOf(logits);
  gpt2::print(
      nlohmann::json{{"largest", largest},
                     {"tolerance", gpt2::logitsTolerance(config, largest)}}
          .dump() +
      "\n");
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  return gpt2::exitCodeOf("gpt2-judge", [&] { return run(argc, argv); });
}
