//===- compile.cpp - From sources and stages to machine code ------------===//
#include "compiler/compile.h"
#include "compiler/codegen.h"
#include "compiler/gpu_codegen.h"
#include "compiler/object_cache.h"
#include "compiler/pipeline_text.h"
#include "compiler/session.h"
#include "model/error.h"
#include "model/files.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Target/TargetMachine.h"

#include <algorithm>

#include <dlfcn.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace mlir;

namespace gpt2 {
namespace {

/// The bytes of the program or library that holds our own passes: a pass may
/// change without its name or options changing.
std::string compilerBinary() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&compilerBinary), &info))
    fail("cannot tell which file holds the compiler");
  // The main program's name is relative to where it was started.
  std::filesystem::path self = "/proc/self/exe";
  return readFile(std::filesystem::exists(info.dli_fname) ? info.dli_fname
                                                          : self);
}

std::string keyOf(const CompileRequest &request) {
  std::string sources;
  for (const std::filesystem::path &path : request.sources)
    sources += ObjectCache::keyOf({readFile(path)});
  const HostCpu &host = hostCpu();
  return ObjectCache::keyOf({sources, textOf(request.stages), request.gpu.chip,
                             std::to_string(request.llvmLevel),
                             LLVM_VERSION_STRING, host.triple, host.name,
                             host.features, compilerBinary()});
}

/// The stages up to and with the one called `name`.
std::span<const Stage> stagesUpTo(const CompileRequest &request,
                                  const std::string &name) {
  auto last = llvm::find_if(
      request.stages, [&](const Stage &stage) { return stage.name == name; });
  return {request.stages.begin(), last + (last != request.stages.end())};
}

/// Adds an i32 that loaders of the program can look up.
void addConstant(llvm::Module &module, const char *name, uint32_t value) {
  auto *constant = llvm::ConstantInt::get(
      llvm::Type::getInt32Ty(module.getContext()), value);
  new llvm::GlobalVariable(module, constant->getType(), /*isConstant=*/true,
                           llvm::GlobalValue::ExternalLinkage, constant, name);
}

/// The program's code, from its sources.
std::string build(const CompileRequest &request, Code kind) {
  Session session(request);
  session.run(request.stages, request.configure);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::TargetMachine> target = createHostTargetMachine();
  // Kernels, if the program has any, become part of it, for the emulator.
  std::unique_ptr<llvm::Module> kernels;
  for (auto gpuModule : llvm::make_early_inc_range(
           session.module().getOps<gpu::GPUModuleOp>())) {
    if (kernels)
      fail("kernels in more than one gpu.module; see name-kernels");
    kernels = emulateKernels(gpuModule, context, *target);
    gpuModule.erase();
  }
  std::unique_ptr<llvm::Module> ir = translateAndOptimize(
      session.module(), context, *target, request.llvmLevel);
  if (kernels) {
    addConstant(*ir, "gpt2_subgroup_size", request.gpu.subgroupSize());
    if (llvm::Linker::linkModules(*ir, std::move(kernels)))
      fail("the kernels could not be joined with the program");
  }
  return generateCode(*ir, *target, kind);
}

} // namespace

CompiledObject compileToObject(const CompileRequest &request) {
  std::optional<ObjectCache> cache;
  std::string key;
  if (request.cacheDirectory && !request.prepare) {
    cache.emplace(*request.cacheDirectory);
    key = keyOf(request);
    if (!request.ignoreCached)
      if (std::optional<std::string> object = cache->find(key))
        return {std::move(*object), true};
  }
  std::string object = build(request, Code::Object);
#ifdef __GLIBC__
  malloc_trim(0); // what compiling took is the weights' now
#endif
  if (cache)
    cache->store(key, object);
  return {std::move(object), false};
}

std::vector<std::string> emitNames(const CompileRequest &request) {
  std::vector<std::string> names = {"source"};
  for (const Stage &stage : request.stages)
    names.push_back(stage.name);
  names.insert(names.end(), {"llvm-ir", "asm", "pipeline"});
  return names;
}

std::string emit(const CompileRequest &request, const std::string &name) {
  std::vector<std::string> names = emitNames(request);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    std::string list;
    for (const std::string &known : names)
      list += " " + known;
    fail("--emit=", name, ": expected one of", list);
  }
  if (name == "pipeline")
    return textOf(request.stages);
  if (name == "llvm-ir")
    return build(request, Code::LlvmIr);
  if (name == "asm")
    return build(request, Code::Assembly);
  Session session(request);
  if (name != "source")
    session.run(stagesUpTo(request, name), request.configure);
  return session.print();
}

} // namespace gpt2
