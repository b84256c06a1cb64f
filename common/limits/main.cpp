//===- main.cpp - gpt2-limits: prints what this machine can do ----------===//
#include "limits/limits.h"
#include "support/error.h"
#include "support/numbers.h"
#include "support/output.h"

#include <nlohmann/json.hpp>

#include <iostream>

#include <getopt.h>

namespace {

const char *usage =
    R"(usage: gpt2-limits [--threads N] [--bytes N]

Measures what this machine's cores and memory can do at most, and prints it as
JSON: the clock in cycles/s, f32 multiply-adds/s, those of dot-product
instructions (null if the CPU has none), and bytes/s read from a buffer.

  --threads N  all at the same time (default 1)
  --bytes N    the buffer's size; larger than the caches it measures memory
               (default 1 GiB)
)";

int64_t numberIn(const char *option, const char *text, int64_t least,
                 int64_t most) {
  std::optional<int64_t> value = gpt2::numberFrom<int64_t>(text);
  if (!value || *value < least || *value > most)
    gpt2::fail(option, "=", text, ": expected a number from ", least, " to ",
               most);
  return *value;
}

nlohmann::json orNull(const std::optional<double> &value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

int run(int argc, char **argv) {
  int threads = 1;
  int64_t bytes = 1 << 30;
  const option options[] = {{"threads", required_argument, nullptr, 't'},
                            {"bytes", required_argument, nullptr, 'b'},
                            {"help", no_argument, nullptr, 'h'},
                            {}};
  for (int given;
       (given = getopt_long(argc, argv, "", options, nullptr)) != -1;)
    switch (given) {
    case 't':
      threads = static_cast<int>(numberIn("--threads", optarg, 1, 1024));
      break;
    case 'b':
      bytes = numberIn("--bytes", optarg, 4096, int64_t{1} << 40);
      break;
    case 'h':
      gpt2::print(usage);
      return 0;
    default: // getopt_long has said what is wrong
      return 1;
    }
  if (optind < argc)
    gpt2::fail("unexpected argument '", argv[optind], "'; see --help");
  gpt2::Limits limits = gpt2::measureLimits(threads, bytes);
  if (auto problem = gpt2::whatIsImplausible(limits); !problem.empty())
    std::cerr << "gpt2-limits: " << problem << '\n';
  gpt2::print(nlohmann::json{{"threads", limits.threads},
                             {"vectors", limits.vectors},
                             {"clock", limits.clock},
                             {"fma", limits.fma},
                             {"dot_bf16", orNull(limits.dotBf16)},
                             {"dot_int8", orNull(limits.dotInt8)},
                             {"bytes", limits.bytes},
                             {"read", limits.read}}
                  .dump(2) +
              "\n");
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  return gpt2::exitCodeOf("gpt2-limits", [&] { return run(argc, argv); });
}
