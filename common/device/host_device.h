//===- host_device.h - The CPU as a device ------------------------------===//
#pragma once

#include "device/device.h"

#include <map>
#include <memory>

namespace gpt2 {

/// Memory of the host, and no kernels: for programs that are all host part.
class HostDevice : public Device {
public:
  std::string describe() const override { return "CPU"; }
  void *allocate(size_t bytes, const std::string &name) override;
  void *share(void *data, size_t bytes, const std::string &name) override;
  void free(void *data) override;
  void copy(void *to, const void *from, size_t bytes) override;

protected:
  [[noreturn]] void start(const std::string &kernel, Dim3 grid, Dim3 block,
                          void **arguments) override;
  void wait() override {}

private:
  std::map<void *, std::unique_ptr<char, void (*)(void *)>> memory;
};

} // namespace gpt2
