//===- check_kernels.cpp - Kernels of a library, checked ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/check_kernels.h"
#include "run/kernel_checks.h"
#include "support/error.h"
#include "support/json_file.h"
#include "support/output.h"

#include <cmath>
#include <cstdio>
#include <iostream>

namespace gpt2 {
namespace {

/// What JSON can say.
nlohmann::json finite(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

/// Prints a row of the table.
template <typename... Values> void row(const char *format, Values... values) {
  char line[160];
  std::snprintf(line, sizeof line, format, values...);
  print(line);
}

} // namespace

int checkKernels(const nlohmann::json &about, const std::string &suffix,
                 const std::function<Executable(const std::string &)> &load,
                 const std::optional<std::filesystem::path> &report) {
  nlohmann::json results = nlohmann::json::array();
  std::string device;
  bool allWithin = true;
  auto checkAll = [&](const nlohmann::json &compiled) {
    KernelSizes sizes{compiled.at("T"), compiled.at("H"), compiled.at("D"),
                      compiled.at("K"), compiled.at("N"), compiled.at("V")};
    Executable kernels =
        load(suffix + compiled.at("suffix").get<std::string>());
    if (device.empty()) {
      device = kernels.device().describe();
      std::cerr << "kernels: " << about.at("chapter").get<std::string>()
                << "\ndevice: " << device << "\n";
      row("%-13s %-12s %14s %10s\n", "kernel", "sizes", "difference",
          "tolerance");
    }
    KernelChecks checks(kernels, sizes, compiled.at("rounds_factors"));
    for (const KernelCheck &check : checks.all()) {
      bool within = check.comparison.within;
      row("%-13s %-12s %14.3g %10.3g%s\n", check.kernel.c_str(),
          sizes.name().c_str(), check.comparison.largest, check.tolerance,
          within ? "" : "  WRONG");
      results.push_back({{"kernel", check.kernel},
                         {"sizes", sizes.name()},
                         {"difference", finite(check.comparison.largest)},
                         {"tolerance", check.tolerance},
                         {"within", within}});
      allWithin &= within;
    }
  };
  for (const nlohmann::json &program : about.at("programs"))
    if (program.at("suffix") == suffix)
      for (const nlohmann::json &compiled : program.at("kernels"))
        checkAll(compiled);
  if (results.empty())
    fail("the library has neither a model's program nor kernels");
  if (report)
    writeJson(*report, {{"chapter", about.at("chapter")},
                        {"device", device},
                        {"kernels", results}});
  return allWithin ? 0 : 1;
}

} // namespace gpt2
