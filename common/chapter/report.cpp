//===- report.cpp - What a run took, for people and for programs --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/report.h"
#include "compiler/codegen/codegen.h"
#include "device/gpu/driver.h"
#include "support/error.h"

#include "llvm/Config/llvm-config.h"

#include <nlohmann/json.hpp>

using nlohmann::json;

namespace gpt2 {
namespace {

/// Why there is no use in asking for `device`; empty if there is.
std::string missingFor(const std::string &device, const Config &config) {
  // On two cores a token of GPT-2 small, alone, takes the emulator 13 s.
  constexpr int64_t mostEmulated = 20'000'000;
  if (device == "emulator" && config.parameters() > mostEmulated)
    return "an emulated GPU is too slow: GPT-2 small takes it over ten seconds "
           "a token";
  try {
    if (device == "cuda")
      openCuda();
    if (device == "hip")
      openHip();
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

} // namespace

json describe(const Build &build) {
  const Chapter &chapter = *build.chapter;
  const Config &config = build.model;
  json devices = json::array();
  // A user's stages are for one kind of programs.
  for (const Chapter *kind :
       {&chapter, build.pipeline ? nullptr : chapter.onGpu})
    for (const std::string &device :
         kind ? kind->devices : std::vector<std::string>()) {
      json entry = {{"name", device}};
      if (std::string reason = missingFor(device, config); !reason.empty())
        entry["missing"] = reason;
      if (kind->parent)
        entry["parent"] = kind->parent->name;
      devices.push_back(std::move(entry));
    }
  return {{"chapter", chapter.name},
          {"title", chapter.title},
          {"parent", chapter.parent ? json(chapter.parent->name) : json()},
          {"devices", std::move(devices)},
          {"keeps_cache", chapter.keepsCache()},
          {"max_threads", chapter.maxThreads},
          {"llvm", LLVM_VERSION_STRING},
          {"cpu", hostCpu().name},
          {"model",
           {{"layers", config.layers},
            {"heads", config.heads},
            {"channels", config.channels},
            {"context", config.context},
            {"vocab", config.vocab},
            {"parameters", config.parameters()}}}};
}

} // namespace gpt2
