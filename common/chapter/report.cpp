//===- report.cpp - What a run took, for people and for programs --------===//
#include "chapter/report.h"
#include "compiler/codegen.h"

#include "llvm/Config/llvm-config.h"

namespace json = llvm::json;

namespace gpt2 {
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
