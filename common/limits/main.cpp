//===- main.cpp - gpt2-limits: prints what this machine can do ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "limits/limits.h"
#include "support/error.h"
#include "support/json_file.h"
#include "support/options.h"
#include "support/output.h"

#include <iostream>

namespace {

const char *about =
    R"(usage: gpt2-limits [--threads N] [--bytes N]

Measures what this machine's cores and memory can do at most, and prints it as
JSON: the clock in cycles/s, f32 multiply-adds/s, those of dot-product
instructions (null if the CPU has none), and bytes/s read from a buffer.
)";

template <typename T> gpt2::Setter within(T &number, T least, T most) {
  return {[=, &number](std::string_view option, const std::string &text) {
            std::optional<T> given = gpt2::numberFrom<T>(text);
            if (!given || *given < least || *given > most)
              gpt2::fail("--", option, "=", text, ": expected a number from ",
                         least, " to ", most);
            number = *given;
          },
          std::to_string(number)};
}

nlohmann::json orNull(const std::optional<double> &value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

int run(int argc, char **argv) {
  int threads = 1;
  int64_t bytes = 1 << 30;
  gpt2::OptionTable table{
      about,
      {{"threads", "n", "All at the same time (default {})",
        within(threads, 1, 1024)},
       {"bytes", "n",
        "The buffer's size; larger than the caches it measures memory (default "
        "1 GiB)",
        within(bytes, int64_t{4096}, int64_t{1} << 40)}}};
  if (!gpt2::parseOptions(table, argc, argv))
    return 0;
  gpt2::Limits limits = gpt2::measureLimits(threads, bytes);
  if (auto problem = gpt2::whatIsImplausible(limits); !problem.empty())
    std::cerr << "gpt2-limits: " << problem << '\n';
  gpt2::print(gpt2::toText({{"threads", limits.threads},
                            {"vectors", limits.vectors},
                            {"clock", limits.clock},
                            {"fma", limits.fma},
                            {"dot_bf16", orNull(limits.dotBf16)},
                            {"dot_int8", orNull(limits.dotInt8)},
                            {"bytes", limits.bytes},
                            {"read", limits.read}}));
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  return gpt2::exitCodeOf("gpt2-limits", [&] { return run(argc, argv); });
}
