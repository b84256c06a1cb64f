//===- gpu_target.cpp - A chip to compile for ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/gpu_target.h"
#include "compiler/codegen/gpu_codegen.h"
#include "support/error.h"

#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"

namespace gpt2 {

GpuTarget GpuTarget::of(const std::string &chip) {
  bool isNvidia = chip.starts_with("sm_");
  GpuTarget any{isNvidia ? GpuVendor::Nvidia : GpuVendor::Amd, ""};
  if ((isNvidia || chip.starts_with("gfx")) &&
      createGpuTargetMachine(any)->getMCSubtargetInfo()->isCPUStringValid(chip))
    return {any.vendor, chip};
  fail("unknown chip '", chip, "'; expected one like sm_90 or gfx942");
}

unsigned GpuTarget::subgroupSize() const {
  return chip.starts_with("gfx9") ? 64 : 32;
}

} // namespace gpt2
