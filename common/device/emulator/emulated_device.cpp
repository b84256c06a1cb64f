//===- emulated_device.cpp - The emulator as a device -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/emulator/emulated_device.h"
#include "support/error.h"

#include <cstdlib>
#include <cstring>

namespace gpt2 {

EmulatedDevice::EmulatedDevice(const EmulatedKernel *kernels,
                               unsigned subgroupSize, unsigned hostThreads)
    : kernels(kernels), subgroupSize(subgroupSize), hostThreads(hostThreads),
      emulator(subgroupSize, hostThreads) {}

EmulatedDevice::~EmulatedDevice() = default;

std::string EmulatedDevice::describe() const {
  return "emulated GPU: subgroups of " + std::to_string(subgroupSize) +
         ", on " + std::to_string(hostThreads) + " thread" +
         (hostThreads == 1 ? "" : "s") + " of the CPU";
}

void *EmulatedDevice::allocate(size_t bytes, const std::string &name) {
  // As CUDA aligns them. The gap behind keeps buffers apart, so that an access
  // behind the end of one is not one to the next.
  constexpr size_t alignment = 256;
  size_t size = (bytes + alignment) / alignment * alignment;
  std::unique_ptr<char, void (*)(void *)> data(
      static_cast<char *>(std::aligned_alloc(alignment, size)), std::free);
  if (!data)
    fail("emulated GPU: no memory for ", name, ", ", bytes, " bytes");
  void *address = data.get();
  emulator.registerBuffer(address, bytes, name);
  memory.emplace(address, std::move(data));
  return address;
}

void *EmulatedDevice::share(void *data, size_t bytes, const std::string &name) {
  emulator.registerBuffer(data, bytes, name);
  return data;
}

void EmulatedDevice::free(void *data) {
  emulator.forgetBuffer(data);
  memory.erase(data);
}

void EmulatedDevice::copy(void *to, const void *from, size_t bytes) {
  if (bytes > 0) // else both may be null
    std::memmove(to, from, bytes);
}

void EmulatedDevice::start(const std::string &kernel, Dim3 grid, Dim3 block,
                           void **arguments) {
  emulator.launch(findKernel(kernels, kernel), grid, block, arguments);
}

} // namespace gpt2
