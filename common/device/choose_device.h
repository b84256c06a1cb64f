//===- choose_device.h - A GPU if it computes, else the emulator --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace gpt2 {

class Driver;

/// Where kernels are to run.
struct DeviceChoice {
  std::string chip; ///< the GPU's, or empty: none
  /// For people, if a GPU was looked for and none is used: that, and what is
  /// wrong with one that is here.
  std::string note;
  std::string reasons; ///< of all that was tried
  /// Keeps the GPU open, which takes a while, for what is to run there next.
  std::shared_ptr<Driver> driver = nullptr;
};

/// The GPU that `wanted` ("cuda", "hip") names; with an empty `wanted` the
/// first there is, or else none: the emulator or, if the program is for that as
/// well, the CPU takes its place. `prepare` is given the GPU's chip,
/// makes ready what is to run there and throws an Error if it cannot, or if
/// what the GPU computes is wrong. Throws that Error, or the driver's, if that
/// GPU was wanted.
DeviceChoice
chooseDevice(const std::string &wanted,
             const std::function<void(const std::string &chip)> &prepare,
             bool hasCpu = false);

} // namespace gpt2
