//===- loaded_archive.cpp - Object files, loaded and callable ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/loaded_archive.h"
#include "compiler/codegen/codegen.h"
#include "device/emulator/intrinsics.h"
#include "device/host_device.h"
#include "device/mgpu.h"
#include "support/error.h"

#include "mlir/ExecutionEngine/CRunnerUtils.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Object/Archive.h"
#include "llvm/Target/TargetMachine.h"

namespace gpt2 {
namespace {

template <typename T> T check(llvm::Expected<T> value, const char *what) {
  if (!value)
    fail(what, ": ", llvm::toString(value.takeError()));
  return std::move(*value);
}

void check(llvm::Error error, const char *what) {
  if (error)
    fail(what, ": ", llvm::toString(std::move(error)));
}

} // namespace

struct LoadedArchive::Jit {
  std::unique_ptr<llvm::orc::LLJIT> engine;
};

LoadedArchive::LoadedArchive(std::string_view objects)
    : jit(std::make_unique<Jit>()) {
  (void)hostCpu(); // initialises LLVM's native target
  jit->engine = check(llvm::orc::LLJITBuilder().create(), "cannot start ORC");
  auto process =
      check(llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
                jit->engine->getDataLayout().getGlobalPrefix()),
            "cannot search this process");
  llvm::orc::JITDylib &library = jit->engine->getMainJITDylib();
  // Of OpenMP's runtime, and before others of the process are looked at.
  library.addGenerator(
      std::make_unique<llvm::orc::DynamicLibrarySearchGenerator>(
          llvm::sys::DynamicLibrary(openMp().native()),
          jit->engine->getDataLayout().getGlobalPrefix(),
          [](const llvm::orc::SymbolStringPtr &name) {
            return (*name).starts_with("__kmpc_");
          }));
  library.addGenerator(std::move(process));
  llvm::orc::SymbolMap offered;
  auto offer = [&](const std::string &name, auto *function) {
    offered[jit->engine->mangleAndIntern(name)] = {
        llvm::orc::ExecutorAddr::fromPtr(reinterpret_cast<void *>(function)),
        llvm::JITSymbolFlags::Exported};
  };
  // What MLIR calls to copy a buffer whose rows do not follow each other.
  offer("memrefCopy", &memrefCopy);
#define OFFER(NAME) offer(#NAME, &NAME)
  OFFER(mgpuModuleLoad);
  OFFER(mgpuModuleGetFunction);
  OFFER(mgpuLaunchKernel);
#define EMULATOR_INTRINSIC(KIND, RESULT, NAME, PARAMETERS)                     \
  OFFER(gpt2_emulator_##NAME);
#include "device/emulator/intrinsics.def"
#undef OFFER
  check(library.define(llvm::orc::absoluteSymbols(std::move(offered))),
        "cannot offer what the compiled program calls");
  auto archive = check(
      llvm::object::Archive::create({{objects.data(), objects.size()}, "gpt2"}),
      "cannot read the compiled program");
  llvm::Error error = llvm::Error::success();
  for (const llvm::object::Archive::Child &child : archive->children(error)) {
    llvm::MemoryBufferRef part =
        check(child.getMemoryBufferRef(), "cannot read the compiled program");
    check(jit->engine->addObjectFile(
              llvm::MemoryBuffer::getMemBufferCopy(part.getBuffer(), "gpt2")),
          "cannot load the compiled program");
  }
  check(std::move(error), "cannot read the compiled program");
}

LoadedArchive::~LoadedArchive() = default;
LoadedArchive::LoadedArchive(LoadedArchive &&) noexcept = default;

void *LoadedArchive::find(const std::string &name) const {
  llvm::Expected<llvm::orc::ExecutorAddr> found = jit->engine->lookup(name);
  if (found)
    return found->toPtr<void *>();
  llvm::Error other = llvm::handleErrors(
      found.takeError(), [](const llvm::orc::SymbolsNotFound &) {});
  check(std::move(other), "the compiled program lacks a symbol");
  return nullptr;
}

void LoadedArchive::call(const std::string &name,
                         std::span<MemRef> arguments) const {
  auto entry = check(jit->engine->lookup(program_abi::entryPrefix + name),
                     "the compiled program lacks an entry or a symbol");
  callEntry(entry.toPtr<void *>(), arguments);
}

Executable load(std::string_view objects) {
  auto archive = std::make_shared<LoadedArchive>(objects);
  return Executable(
      [archive](const std::string &name) { return archive->find(name); });
}

} // namespace gpt2
