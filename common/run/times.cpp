//===- times.cpp - What a run took, for people and for programs ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/times.h"
#include "run/batch.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <numeric>

namespace gpt2 {
namespace {

std::string formatSeconds(double seconds) {
  char text[32];
  if (seconds < 0.0995)
    std::snprintf(text, sizeof text, "%.3g ms", seconds * 1e3);
  else if (seconds < 1)
    std::snprintf(text, sizeof text, "%.0f ms", seconds * 1e3);
  else
    std::snprintf(text, sizeof text, "%.2f s", seconds);
  return text;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  return values.size() % 2 ? values[half]
                           : (values[half - 1] + values[half]) / 2;
}

} // namespace

void Times::print(const Generation &generation) const {
  std::cerr << (isOpened ? "open " : "compile ") << formatSeconds(compile)
            << (fromCache ? " (cached)" : "") << ", load "
            << formatSeconds(load);
  const std::vector<double> &steps = generation.stepSeconds;
  if (!steps.empty())
    std::cerr << ", first token " << formatSeconds(steps[0]);
  double total = std::accumulate(steps.begin(), steps.end(), 0.0);
  if (steps.size() > 1)
    std::cerr << ", per token "
              << formatSeconds(median({steps.begin() + 1, steps.end()}))
              << " (median of " << steps.size() - 1 << "); "
              << std::round(1000 * generation.modelSeconds / total) / 10.0
              << " % of it in compiled code";
  std::cerr << "\n";
}

void Times::print(const BatchTimes &batch) const {
  std::cerr << (isOpened ? "open " : "compile ") << formatSeconds(compile)
            << (fromCache ? " (cached)" : "") << ", load "
            << formatSeconds(load) << ", prompts "
            << formatSeconds(batch.prefillSeconds);
  if (batch.steps > 0)
    std::cerr << "; " << batch.stepTokens << " tokens in " << batch.steps
              << " steps of "
              << formatSeconds(batch.stepSeconds /
                               static_cast<double>(batch.steps))
              << ": "
              << std::lround(static_cast<double>(batch.stepTokens) /
                             batch.stepSeconds)
              << " tokens/s";
  std::cerr << "\n";
}

nlohmann::json Times::toJson(const BatchTimes &batch) const {
  return {{"compile", compile},
          {"from_cache", fromCache},
          {"load", load},
          {"prefill", batch.prefillSeconds},
          {"steps", batch.steps},
          {"tokens", batch.stepTokens},
          {"seconds", batch.stepSeconds}};
}

nlohmann::json Times::toJson(const Generation &generation) const {
  return {{"compile", compile},
          {"from_cache", fromCache},
          {"load", load},
          {"steps", generation.stepSeconds},
          {"in_compiled_code", generation.modelSeconds}};
}

std::string describe(std::vector<KernelTime> times, size_t steps) {
  double total = 0;
  for (const KernelTime &time : times)
    total += time.seconds;
  std::stable_sort(times.begin(), times.end(),
                   [](const KernelTime &a, const KernelTime &b) {
                     return a.seconds > b.seconds;
                   });
  std::string text;
  auto row = [&](const char *format, auto... values) {
    char line[160];
    std::snprintf(line, sizeof line, format, values...);
    text += line;
  };
  auto perStep = [&](double value) {
    return value / static_cast<double>(std::max<size_t>(steps, 1));
  };
  row("%-20s %16s %16s %8s\n", "kernel", "launches a token", "time a token",
      "share");
  int64_t launches = 0;
  for (const KernelTime &time : times) {
    row("%-20s %16.4g %16s %6.1f %%\n", time.kernel.c_str(),
        perStep(static_cast<double>(time.launches)),
        formatSeconds(perStep(time.seconds)).c_str(),
        total > 0 ? 100 * time.seconds / total : 0.0);
    launches += time.launches;
  }
  row("%-20s %16.4g %16s\n", "all", perStep(static_cast<double>(launches)),
      formatSeconds(perStep(total)).c_str());
  return text;
}

nlohmann::json toJson(const std::vector<KernelTime> &times) {
  nlohmann::json kernels = nlohmann::json::array();
  for (const KernelTime &time : times)
    kernels.push_back({{"kernel", time.kernel},
                       {"launches", time.launches},
                       {"seconds", time.seconds}});
  return kernels;
}

} // namespace gpt2
