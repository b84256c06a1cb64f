//===- program.cpp - An object file, loaded and callable ----------------===//
#include "compiler/program.h"
#include "compiler/codegen.h"
#include "device/emulator_intrinsics.h"
#include "device/mgpu.h"
#include "model/error.h"

#include "mlir/ExecutionEngine/CRunnerUtils.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Target/TargetMachine.h"

#include <array>

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

/// Calls a C function of as many pointers as there are indices.
template <size_t... I>
void callWith(void *function, void **arguments, std::index_sequence<I...>) {
  using Function = void (*)(decltype((void)I, static_cast<void *>(nullptr))...);
  reinterpret_cast<Function>(function)(arguments[I]...);
}

using Caller = void (*)(void *function, void **arguments);
constexpr size_t maxArguments = 32;

/// callers[n] calls a function of n pointers.
template <size_t... N>
constexpr std::array<Caller, sizeof...(N)>
makeCallers(std::index_sequence<N...>) {
  return {+[](void *function, void **arguments) {
    callWith(function, arguments, std::make_index_sequence<N>());
  }...};
}
constexpr auto callers =
    makeCallers(std::make_index_sequence<maxArguments + 1>());

} // namespace

struct Program::Jit {
  std::unique_ptr<llvm::orc::LLJIT> engine;
};

Program::Program(std::string_view object) : jit(std::make_unique<Jit>()) {
  (void)hostCpu(); // initialises LLVM's native target
  jit->engine = check(llvm::orc::LLJITBuilder().create(), "cannot start ORC");
  auto process =
      check(llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
                jit->engine->getDataLayout().getGlobalPrefix()),
            "cannot search this process");
  llvm::orc::JITDylib &library = jit->engine->getMainJITDylib();
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
  OFFER(gpt2_emulator_thread_id);
  OFFER(gpt2_emulator_block_id);
  OFFER(gpt2_emulator_block_size);
  OFFER(gpt2_emulator_grid_size);
  OFFER(gpt2_emulator_lane);
  OFFER(gpt2_emulator_barrier);
  OFFER(gpt2_emulator_exchange);
  OFFER(gpt2_emulator_shared);
  OFFER(gpt2_emulator_check);
#undef OFFER
  check(library.define(llvm::orc::absoluteSymbols(std::move(offered))),
        "cannot offer what the compiled program calls");
  check(jit->engine->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(
            {object.data(), object.size()}, "gpt2")),
        "cannot load the compiled program");
}

Program::~Program() = default;
Program::Program(Program &&) noexcept = default;

void *Program::find(const std::string &name) const {
  llvm::Expected<llvm::orc::ExecutorAddr> found = jit->engine->lookup(name);
  if (found)
    return found->toPtr<void *>();
  llvm::consumeError(found.takeError());
  return nullptr;
}

Program::Entry Program::entry(const std::string &name) const {
  Entry entry;
  entry.address = check(jit->engine->lookup("_mlir_ciface_" + name),
                        "the compiled program lacks an entry or a symbol")
                      .toPtr<void *>();
  return entry;
}

void Program::Entry::operator()(std::span<MemRef> arguments) const {
  if (arguments.size() > maxArguments)
    fail("an entry with ", arguments.size(), " arguments; at most ",
         maxArguments, " can be passed");
  std::array<void *, maxArguments> pointers;
  for (size_t i = 0; i < arguments.size(); ++i)
    pointers[i] = arguments[i].descriptor();
  callers[arguments.size()](address, pointers.data());
}

} // namespace gpt2
