//===- compile.cpp - From sources and stages to machine code ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/compile.h"
#include "compiler/codegen/codegen.h"
#include "compiler/codegen/gpu_codegen.h"
#include "compiler/codegen/loaded_archive.h"
#include "compiler/codegen/object_cache.h"
#include "compiler/codegen/tools.h"
#include "compiler/pipeline/pipeline_text.h"
#include "compiler/pipeline/session.h"
#include "compiler/support/fatal_errors.h"
#include "support/error.h"
#include "support/files.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Target/TargetMachine.h"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <sstream>

#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace mlir;

namespace gpt2 {
namespace {

/// The file that this code was loaded from. The loader's names may be relative
/// to where the program was started; the kernel's are not.
std::filesystem::path loadedFrom() {
  auto code = reinterpret_cast<uintptr_t>(&loadedFrom);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    uintptr_t from = 0, to = 0;
    char dash = 0;
    std::istringstream range(line);
    if (!(range >> std::hex >> from >> dash >> to) || code < from || code >= to)
      continue;
    std::string path = line.substr(std::min(line.find('/'), line.size()));
    // The program itself is there even if its file was replaced since.
    const char *self = "/proc/self/exe";
    std::error_code none;
    return path == std::filesystem::read_symlink(self, none) ? self : path;
  }
  fail("cannot tell which file holds the compiler: /proc/self/maps has no "
       "mapping of it");
}

/// The bytes of the program or library that holds our own passes: a pass may
/// change without its name or options changing.
std::string compilerBinary() { return readFile(loadedFrom()); }

std::string keyOf(const CompileRequest &request) {
  std::string sources;
  for (const auto &files : {request.sources, request.inputs})
    for (const std::filesystem::path &path : files)
      sources += ObjectCache::keyOf({readFile(path)});
  const HostCpu &host = hostCpu();
  bool isEmulated = request.target.kernelsFor == KernelsFor::Emulator;
  return ObjectCache::keyOf(
      {sources, textOf(request.stages), request.target.gpu.chip,
       isEmulated ? "emulator" : "gpu", request.target.cpu.value_or("this CPU"),
       std::to_string(request.llvmLevel), LLVM_VERSION_STRING, host.triple,
       host.name, host.features, compilerBinary()});
}

/// The first stage that takes kernels to their target's dialect; none if there
/// is none.
std::optional<StageKind> kernelStageOf(const CompileRequest &request) {
  for (const Stage &stage : request.stages)
    if (stage.kind && !assemblyOf(*stage.kind).empty())
      return stage.kind;
  return std::nullopt;
}

/// The module of the program's kernels; null if it has none.
gpu::GPUModuleOp kernelsOf(ModuleOp program) {
  auto modules = llvm::to_vector(program.getOps<gpu::GPUModuleOp>());
  if (modules.size() > 1)
    fail("kernels in more than one gpu.module; see name-kernels");
  return modules.empty() ? gpu::GPUModuleOp() : modules.front();
}

/// Adds what loaders of the program can look up.
template <typename T>
void addConstant(llvm::Module &module, const program_abi::Variable<T> &variable,
                 llvm::Constant *value) {
  new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true,
                           llvm::GlobalValue::ExternalLinkage, value,
                           variable.name);
}

/// Adds kernels to the program, with the variables of device/program_abi.h that
/// say what they are: for the emulator, or for a GPU; for NVIDIA's with machine
/// code, if that is wanted and can be made.
void addKernels(llvm::Module &program, gpu::GPUModuleOp kernels,
                const CompileRequest &request, llvm::TargetMachine &target) {
  llvm::LLVMContext &context = program.getContext();
  auto string = [&](const std::string &bytes) {
    return llvm::ConstantDataArray::getString(context, bytes);
  };
  if (request.target.kernelsFor == KernelsFor::Gpu) {
    std::string image = gpuImageOf(kernels, request.target.gpu);
    addConstant(program, program_abi::gpuImage, string(image));
    if (request.withCubin && request.target.gpu.vendor == GpuVendor::Nvidia)
      if (auto cubin = assembleCubin(image, request.target.gpu.chip))
        addConstant(program, program_abi::gpuCubin, string(*cubin));
    addConstant(program, program_abi::gpuChip, string(request.target.gpu.chip));
    return;
  }
  addConstant(program, program_abi::subgroupSize,
              llvm::ConstantInt::get(llvm::Type::getInt32Ty(context),
                                     request.target.gpu.subgroupSize()));
  if (llvm::Linker::linkModules(program,
                                emulateKernels(kernels, context, target)))
    fail("the kernels could not be joined with the program");
}

/// Renames what is looked up in a loaded program, and hides all the rest.
void addSuffix(llvm::Module &program, const std::string &suffix) {
  for (llvm::GlobalValue &value : program.global_values()) {
    if (value.isDeclaration() || value.hasLocalLinkage())
      continue;
    llvm::StringRef name = value.getName();
    if (name.starts_with(program_abi::entryPrefix) ||
        name.starts_with(program_abi::variablePrefix) ||
        name.ends_with(program_abi::arenaSuffix))
      value.setName(name + suffix);
    else
      value.setLinkage(llvm::GlobalValue::InternalLinkage);
  }
}

/// The program's code, from its sources.
std::string build(const CompileRequest &request, Code kind) {
  Compiling compiling;
  Session session(request);
  session.run(request.stages, request.configure);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::TargetMachine> target =
      createHostTargetMachine(request.target.cpu);
  gpu::GPUModuleOp kernels = kernelsOf(session.module());
  if (kernels)
    kernels->remove(); // which are not the host's
  OwningOpRef<gpu::GPUModuleOp> owned(kernels);
  std::unique_ptr<llvm::Module> ir = translateAndOptimize(
      session.module(), context, *target, request.llvmLevel);
  if (kernels)
    addKernels(*ir, kernels, request, *target);
  if (ir->getFunction("__kmpc_fork_call")) // of OpenMP
    addConstant(*ir, program_abi::dividesLoops,
                llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), 1));
  if (!request.suffix.empty())
    addSuffix(*ir, request.suffix);
  else if (kind == Code::Object)
    return generateArchive(*ir, request.target.cpu);
  return generateCode(*ir, *target, kind);
}

/// What works can run, whether it can be kept or not.
void keep(const ObjectCache &cache, const std::string &key,
          std::string_view object) {
  static std::atomic_flag wasSaid;
  try {
    cache.store(key, object);
  } catch (const Error &error) {
    if (!wasSaid.test_and_set())
      std::cerr << "warning: what is compiled is not kept for later runs: "
                << error.what() << "; give --cache-dir DIR or --no-cache\n";
  }
}

} // namespace

CompiledObject compileToObject(const CompileRequest &request) {
  std::optional<ObjectCache> cache;
  std::string key;
  if (request.cacheDirectory && !request.editLinked && request.suffix.empty()) {
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
    keep(*cache, key, object);
  return {std::move(object), false};
}

CompiledProgram compileAndLoad(const CompileRequest &request) {
  CompiledObject object = compileToObject(request);
  if (object.fromCache) {
    try {
      return {load(object.bytes), true, object.bytes.size()};
    } catch (const Error &error) {
      std::cerr << "warning: a program of the cache cannot be loaded, and is "
                   "compiled anew: "
                << error.what() << "\n";
    }
    CompileRequest anew = request;
    anew.ignoreCached = true;
    object = compileToObject(anew);
  }
  return {load(object.bytes), false, object.bytes.size()};
}

std::vector<std::string> emitNames(const CompileRequest &request) {
  std::vector<std::string> names = {"source"};
  std::optional<StageKind> kernels = kernelStageOf(request);
  for (const Stage &stage : request.stages) {
    names.push_back(stage.name);
    if (kernels && stage.kind == kernels)
      names.emplace_back(assemblyOf(*kernels));
  }
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
  std::optional<StageKind> kernels = kernelStageOf(request);
  bool isAssembly = kernels && name == assemblyOf(*kernels);
  if (name != "source")
    session.run(request.stages.upTo(isAssembly ? nameOf(*kernels) : name),
                request.configure);
  return isAssembly ? generateGpuCode(kernelsOf(session.module()),
                                      request.target.gpu, GpuCode::Assembly)
                    : session.print();
}

} // namespace gpt2
