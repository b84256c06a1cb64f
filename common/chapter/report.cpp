//===- report.cpp - What a run took, for people and for programs --------===//
#include "chapter/report.h"
#include "compiler/codegen.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/Format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <numeric>

namespace json = llvm::json;

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
  std::cerr << "compile " << formatSeconds(compile)
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
              << std::lround(1000 * generation.modelSeconds / total) / 10.0
              << " % of it in compiled code";
  std::cerr << "\n";
}

json::Value Times::toJson(const Generation &generation) const {
  return json::Object{{"compile", compile},
                      {"from_cache", fromCache},
                      {"load", load},
                      {"steps", json::Array(generation.stepSeconds)},
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
  llvm::raw_string_ostream stream(text);
  auto perStep = [&](double value) {
    return value / static_cast<double>(std::max<size_t>(steps, 1));
  };
  stream << llvm::format("%-20s %16s %16s %8s\n", "kernel", "launches a token",
                         "time a token", "share");
  int64_t launches = 0;
  for (const KernelTime &time : times) {
    stream << llvm::format("%-20s %16.4g %16s %6.1f %%\n", time.kernel.c_str(),
                           perStep(static_cast<double>(time.launches)),
                           formatSeconds(perStep(time.seconds)).c_str(),
                           total > 0 ? 100 * time.seconds / total : 0.0);
    launches += time.launches;
  }
  stream << llvm::format("%-20s %16.4g %16s\n", "all",
                         perStep(static_cast<double>(launches)),
                         formatSeconds(perStep(total)).c_str());
  return text;
}

json::Value toJson(const std::vector<KernelTime> &times) {
  json::Array kernels;
  for (const KernelTime &time : times)
    kernels.push_back(json::Object{{"kernel", time.kernel},
                                   {"launches", time.launches},
                                   {"seconds", time.seconds}});
  return kernels;
}

json::Value describe(const Chapter &chapter, const Config &config) {
  json::Array devices;
  for (const std::string &device : chapter.devices)
    devices.push_back(json::Object{{"name", device}});
  return json::Object{
      {"chapter", chapter.name},
      {"title", chapter.title},
      {"parent", chapter.parent ? json::Value(chapter.parent->name)
                                : json::Value(nullptr)},
      {"devices", std::move(devices)},
      {"max_threads", chapter.maxThreads},
      {"llvm", LLVM_VERSION_STRING},
      {"cpu", hostCpu().name},
      {"model", json::Object{{"layers", config.layers},
                             {"heads", config.heads},
                             {"channels", config.channels},
                             {"context", config.context},
                             {"vocab", config.vocab},
                             {"parameters", config.parameters()}}}};
}

std::string toText(const json::Value &value) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  json::OStream(stream, /*IndentSize=*/2).value(value);
  return text + "\n";
}

} // namespace gpt2
