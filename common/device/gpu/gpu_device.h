//===- gpu_device.h - A real GPU as a device ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "device/gpu/driver.h"

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace gpt2 {

/// A GPU of either vendor, with the kernels of one program.
class GpuDevice : public Device {
public:
  /// `image` is what Driver::loadModule takes. Throws an Error if the driver
  /// refuses it.
  GpuDevice(std::unique_ptr<Driver> driver, const void *image);
  /// Waits for what was asked for, and gives all back.
  ~GpuDevice() override;

  std::string describe() const override { return driver->describe(); }
  void *allocate(size_t bytes, const std::string &name) override;
  void free(void *data) override;
  void copy(void *to, const void *from, size_t bytes) override;

  bool canRecord() const override { return driver->canCapture(); }
  void beginRecording() override { driver->beginCapture(); }
  void replay(void *recording) override { driver->launchGraph(recording); }

protected:
  std::shared_ptr<void> finishRecording() override;
  void start(const std::string &kernel, Dim3 grid, Dim3 block,
             void **arguments) override;
  void wait() override { driver->synchronize(); }
  size_t mark() override;
  double secondsBetween(size_t first, size_t second) override;
  void forgetMarks() override { marks.clear(); }

private:
  /// What the driver made, and forgets by `forget` with the last owner; until
  /// then the driver stays, and the module, whose kernels graphs launch.
  using Owned = std::shared_ptr<void>;
  Owned own(void *made, void (Driver::*forget)(void *)) const;
  bool isOnDevice(const void *data) const;

  std::shared_ptr<Driver> driver;
  std::map<void *, size_t, std::less<>> allocated; ///< bytes, by their start
  Owned module;
  std::map<std::string, void *> functions; ///< by kernel, once launched
  std::vector<Owned> marks;
};

} // namespace gpt2
