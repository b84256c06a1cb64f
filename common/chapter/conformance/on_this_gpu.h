//===- on_this_gpu.h - Tests on the GPU that is here, if there is one ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/conformance/chapter_test.h"
#include "device/choose_device.h"
#include "run/self_check.h"

namespace gpt2::testing {

/// The chapter for the GPU, its matrices in the format of the parameter; the
/// test is skipped if there is no GPU that passes the self-check.
class OnThisGpuTest : public ::testing::TestWithParam<ElementType> {
protected:
  Build build{tested().chapter}; ///< for no model yet
  DeviceChoice choice;           ///< keeps the GPU open

  void SetUp() override {
    build.formats.weights = GetParam();
    choice = chooseDevice("", [&](const std::string &chip) {
      build.target = {.gpu = GpuTarget::of(chip),
                      .kernelsFor = KernelsFor::Gpu};
      Executable kernels = compiledKernels(build.forSizes(selfCheckSizes()));
      selfCheck(kernels);
    });
    if (choice.chip.empty())
      GTEST_SKIP() << choice.note;
  }
};

} // namespace gpt2::testing
