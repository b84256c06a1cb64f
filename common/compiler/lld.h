//===- lld.h - LLVM's linker --------------------------------------------===//
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gpt2 {

/// The shared library (ELF) that `ld.lld -shared` makes of object files: for an
/// AMD GPU, what it calls a code object; for the host, an AOT program. Throws
/// an Error with the linker's words if it fails.
std::string linkShared(std::span<const std::string> objects);

} // namespace gpt2
