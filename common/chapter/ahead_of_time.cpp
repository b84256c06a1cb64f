//===- ahead_of_time.cpp - A chapter's program in a library -------------===//
#include "chapter/ahead_of_time.h"
#include "compiler/codegen.h"
#include "compiler/tools.h"
#include "device/self_check.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/JSON.h"
#include "llvm/Target/TargetMachine.h"

#include <iostream>

namespace json = llvm::json;

namespace gpt2 {
namespace {

std::string portableCpu() {
  return hostCpu().triple.starts_with("x86_64") ? "x86-64-v3" : "generic";
}

/// An object file with a string that is found as `name`.
std::string objectOf(const char *name, const std::string &text) {
  llvm::LLVMContext context;
  llvm::Module module(name, context);
  auto target = createHostTargetMachine(portableCpu());
  module.setDataLayout(target->createDataLayout());
  module.setTargetTriple(target->getTargetTriple());
  auto *string = llvm::ConstantDataArray::getString(context, text);
  new llvm::GlobalVariable(module, string->getType(), /*isConstant=*/true,
                           llvm::GlobalValue::ExternalLinkage, string, name);
  return generateCode(module, *target, Code::Object);
}

} // namespace

std::string compileAheadOfTime(const Chapter &chapter, const Config &config,
                               const std::vector<GpuTarget> &chips) {
  std::vector<std::string> objects;
  json::Array programs;
  auto add = [&](CompileRequest request, const std::string &suffix) {
    request.cpu = portableCpu();
    request.suffix = suffix;
    request.withCubin = true;
    objects.push_back(compileToObject(request).bytes);
  };
  auto addProgram = [&](const Chapter &variant, const char *device) {
    std::string suffix = std::string("_") + device;
    json::Object entry{{"device", device}};
    if (variant.hasKernels()) {
      suffix += "_" + variant.gpu.chip;
      entry["chip"] = variant.gpu.chip;
    }
    entry["suffix"] = suffix;
    std::cerr << "compiling for " << suffix.substr(1) << "\n";
    add(compileRequest(variant, config), suffix);
    if (variant.kernelsFor == KernelsFor::Gpu)
      add(kernelRequest(variant, selfCheckSizes()), suffix + "_check");
    programs.push_back(std::move(entry));
  };
  if (!chapter.hasKernels()) {
    Chapter portable = chapter;
    portable.cpu = portableCpu();
    addProgram(portable, "cpu");
  }
  Chapter variant = chapter.onGpu ? *chapter.onGpu : chapter;
  variant.weights = chapter.weights;
  variant.cache = chapter.cache;
  if (variant.hasKernels() && variant.takes(chapter.weights)) {
    addProgram(variant, "emulator");
    variant.kernelsFor = KernelsFor::Gpu;
    for (const GpuTarget &chip : chips) {
      variant.gpu = chip;
      addProgram(variant, "gpu");
    }
  }
  json::Value about =
      json::Object{{"chapter", chapter.name},
                   {"model", json::Object{{"layers", config.layers},
                                          {"heads", config.heads},
                                          {"channels", config.channels},
                                          {"context", config.context},
                                          {"vocab", config.vocab}}},
                   {"cpu", portableCpu()},
                   {"programs", std::move(programs)}};
  std::string text;
  llvm::raw_string_ostream(text) << about;
  objects.push_back(objectOf("gpt2_programs", text));
  return linkShared(objects);
}

} // namespace gpt2
