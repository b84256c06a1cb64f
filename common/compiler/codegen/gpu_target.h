//===- gpu_target.h - A chip to compile for -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>

namespace gpt2 {

enum class GpuVendor { Nvidia, Amd };

/// A chip to compile for: sm_80, sm_90; gfx942, gfx1100, gfx1151.
struct GpuTarget {
  GpuVendor vendor = GpuVendor::Nvidia;
  std::string chip = "sm_90";

  /// Throws an Error if LLVM knows no `chip`.
  static GpuTarget of(const std::string &chip);

  /// Lanes of a subgroup: 64 on CDNA and GCN (gfx9), 32 elsewhere.
  unsigned subgroupSize() const;
};

} // namespace gpt2
