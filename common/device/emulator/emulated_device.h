//===- emulated_device.h - The emulator as a device ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "device/device.h"
#include "device/emulator/emulator.h"

#include <memory>

namespace gpt2 {

/// A Device whose memory is the host's and whose kernels the emulator runs, at
/// once.
class EmulatedDevice : public Device {
public:
  /// Runs the kernels of the array `kernels`.
  EmulatedDevice(const EmulatedKernel *kernels, unsigned subgroupSize,
                 unsigned hostThreads);
  ~EmulatedDevice() override;

  std::string describe() const override;
  void *allocate(size_t bytes, const std::string &name) override;
  void *share(void *data, size_t bytes, const std::string &name) override;
  void free(void *data) override;
  void copy(void *to, const void *from, size_t bytes) override;

protected:
  void start(const std::string &kernel, Dim3 grid, Dim3 block,
             void **arguments) override;
  void wait() override {}

private:
  const EmulatedKernel *kernels;
  unsigned subgroupSize, hostThreads;
  Emulator emulator;
  std::map<void *, std::unique_ptr<char, void (*)(void *)>> memory;
};

} // namespace gpt2
