//===- chapter.cpp - What a chapter is ----------------------------------===//
#include "chapter/chapter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

namespace gpt2 {

bool Chapter::hasKernels() const {
  return llvm::is_contained(devices, "emulator");
}

bool Chapter::takes(ElementType format) const {
  std::string name = format == ElementType::I8
                         ? "int8"
                         : llvm::StringRef(nameOf(format)).lower();
  return llvm::is_contained(weightFormats, name);
}

} // namespace gpt2
