//===- main.cpp - gpt2-judge: the judge's logits --------------------===//
#include "model/checkpoint/checkpoint.h"
#include "model/generate.h"
#include "reference/compare.h"
#include "reference/reference.h"
#include "support/error.h"
#include "support/files.h"
#include "support/numbers.h"
#include "support/output.h"

#include <nlohmann/json.hpp>

#include <getopt.h>

namespace {

const char *usage =
    R"(usage: gpt2-judge --model MODEL --token-ids FILE --dump-logits FILE.npy
                  [--weights FORMAT] [--all-positions | --rows N]

Computes GPT-2's logits in plain C++ and double precision, and writes them as
NumPy's f8. Prints, as JSON, the largest logit, by how much f32 may differ, and
by how much where products are of factors rounded to bf16.

  --model MODEL      as the chapters' programs take it: a directory, a
                     .safetensors or .bin file, a fetched model's name, or
                     random-124m
  --token-ids FILE   the prompt, one id a line; "-" is stdin
  --dump-logits FILE the logits that follow the last token, (1, V)
  --all-positions    those that follow every token, (T, V)
  --rows N           those that follow the last N tokens, (N, V)
  --weights FORMAT   f32 (default) or bf16, to which matrices are rounded first
)";

int run(int argc, char **argv) {
  std::string model, ids, out, weights = "f32";
  int64_t wanted = 1;
  int all = 0;
  const option options[] = {{"model", required_argument, nullptr, 'm'},
                            {"token-ids", required_argument, nullptr, 'i'},
                            {"dump-logits", required_argument, nullptr, 'o'},
                            {"weights", required_argument, nullptr, 'w'},
                            {"rows", required_argument, nullptr, 'r'},
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
    case 'w':
      weights = optarg;
      break;
    case 'r':
      wanted = gpt2::numberOf<int64_t>("rows", optarg);
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

  if (weights != "f32" && weights != "bf16")
    gpt2::fail("--weights=", weights, ": expected f32 or bf16");

  auto checkpoint = gpt2::Checkpoint::open(model);
  const gpt2::Config &config = checkpoint->config();
  std::vector<int32_t> tokens = gpt2::readTokenIds(ids);
  if (tokens.empty())
    gpt2::fail(gpt2::nameOfInput(ids), ": no token ids; expected one a line");
  gpt2::checkPrompt(tokens, config);
  auto count = static_cast<int64_t>(tokens.size());
  int64_t rows = all ? count : wanted;
  if (rows < 1 || rows > count)
    gpt2::fail("--rows=", rows, ": expected 1 to ", count,
               ", as many as there are tokens");
  gpt2::Weights loaded = checkpoint->load();
  if (weights == "bf16")
    gpt2::roundMatrices(loaded, gpt2::ElementType::BF16);
  gpt2::reference::Vector logits =
      gpt2::reference::forward(loaded, tokens, rows);
  gpt2::writeNpy(out, logits, rows, config.vocab);
  double largest = gpt2::largestOf(logits);
  gpt2::print(
      nlohmann::json{{"largest", largest},
                     {"tolerance", gpt2::logitsTolerance(config, largest)},
                     {"rounded_factors_tolerance",
                      gpt2::roundedFactorsTolerance(config, largest)}}
          .dump() +
      "\n");
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  return gpt2::exitCodeOf("gpt2-judge", [&] { return run(argc, argv); });
}
