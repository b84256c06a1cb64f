//===- main.cpp - gpt2-judge: the judge's logits --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/checkpoint/checkpoint.h"
#include "model/generate.h"
#include "reference/comparison.h"
#include "reference/reference.h"
#include "support/error.h"
#include "support/files.h"
#include "support/options.h"
#include "support/output.h"

#include <nlohmann/json.hpp>

namespace {

const char *about =
    R"(usage: gpt2-judge --model MODEL --token-ids FILE --dump-logits FILE.npy
                  [--weights FORMAT] [--all-positions | --rows N]

Computes GPT-2's logits in plain C++ and double precision, and writes them as
NumPy's f8. Prints, as JSON, the largest logit, by how much f32 may differ, and
by how much where products are of factors rounded to bf16.
)";

int run(int argc, char **argv) {
  std::string model, ids, out, weights = "f32";
  int64_t wanted = 1;
  bool all = false;
  gpt2::OptionTable table{
      about,
      {{"model", "model",
        "As the chapters' programs take it: a directory, a .safetensors or "
        ".bin file, a fetched model's name, or random-124m",
        gpt2::into(model)},
       {"token-ids", "file", "The prompt, one id a line; \"-\" is stdin",
        gpt2::into(ids)},
       {"dump-logits", "file.npy",
        "The logits that follow the last token, (1, V)", gpt2::into(out)},
       {"all-positions", "", "Those that follow every token, (T, V)",
        gpt2::switching(all, true)},
       {"rows", "n", "Those that follow the last N tokens, (N, V)",
        gpt2::into(wanted)},
       {"weights", "format",
        "f32 (default) or bf16, to which matrices are rounded first",
        gpt2::into(weights)}}};
  if (!gpt2::parseOptions(table, argc, argv))
    return 0;
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
