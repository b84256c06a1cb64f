//===- gpu_device.h - A real GPU as a device ----------------------------===//
#pragma once

#include "device/gpu/driver.h"

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
  void forgetMarks() override;

private:
  bool isOnDevice(const void *data) const;

  std::shared_ptr<Driver> driver;           ///< recordings have it too
  std::map<const void *, size_t> allocated; ///< bytes, by where they begin
  void *module = nullptr;
  std::map<std::string, void *> functions; ///< by kernel, once launched
  std::vector<void *> marks;
};

} // namespace gpt2
