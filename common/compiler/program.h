//===- program.h - An object file, loaded and callable ------------------===//
#pragma once

#include "device/memref.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace gpt2 {

/// Machine code in memory, linked by LLVM's ORC against this process: malloc,
/// free, libm, MLIR's memrefCopy, and of ours what launches kernels
/// (device/mgpu.h) and what emulated kernels ask for
/// (device/emulator_intrinsics.h) are all that the compiled code calls.
class Program {
public:
  /// Loads the object file `object`. Throws an Error if it does not link.
  explicit Program(std::string_view object);
  ~Program();
  Program(Program &&) noexcept;

  /// An entry of the program: a function with `llvm.emit_c_interface` whose
  /// arguments are memrefs and which returns nothing. Throws an Error if there
  /// is none of that name.
  class Entry {
  public:
    /// Throws an Error if there are more arguments than can be passed (32).
    void operator()(std::span<MemRef> arguments) const;

  private:
    friend class Program;
    void *address = nullptr;
  };
  Entry entry(const std::string &name) const;

  /// The address of the function or variable `name`; null if there is none.
  void *find(const std::string &name) const;

private:
  struct Jit;
  std::unique_ptr<Jit> jit;
};

} // namespace gpt2
