//===- program.h - An object file, loaded and callable ------------------===//
#pragma once

#include "compiler/memref.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace gpt2 {

/// Machine code in memory, linked by LLVM's ORC against this process (malloc,
/// free, libm and MLIR's memrefCopy are all that the compiled code calls).
class Program {
public:
  /// A function of ours that the object may call.
  struct Symbol {
    std::string name;
    void *address;
  };

  /// Loads the object file `object`. Throws an Error if it does not link.
  explicit Program(std::string_view object,
                   std::span<const Symbol> symbols = {});
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

  /// The function `name` as a pointer of type F. Throws an Error if there is
  /// none.
  template <typename F> F function(const std::string &name) const {
    return reinterpret_cast<F>(address(name));
  }

private:
  void *address(const std::string &name) const;

  struct Jit;
  std::unique_ptr<Jit> jit;
};

} // namespace gpt2
