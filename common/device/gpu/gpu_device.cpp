//===- gpu_device.cpp - A real GPU as a device --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/gpu/gpu_device.h"
#include "support/error.h"

namespace gpt2 {

GpuDevice::GpuDevice(std::unique_ptr<Driver> opened, const void *image)
    : driver(std::move(opened)) {
  module = own(driver->loadModule(image), &Driver::unloadModule);
}

GpuDevice::~GpuDevice() {
  try {
    driver->synchronize();
  } catch (const Error &) { // as in free()
  }
  while (!allocated.empty())
    GpuDevice::free(allocated.begin()->first);
}

GpuDevice::Owned GpuDevice::own(void *made,
                                void (Driver::*forget)(void *)) const {
  return {made, [driver = driver, module = module, forget](void *handle) {
            try {
              (driver.get()->*forget)(handle);
            } catch (const Error &) { // as in free()
            }
          }};
}

void *GpuDevice::allocate(size_t bytes, const std::string &name) {
  void *data = driver->allocate(bytes);
  if (!data)
    fail(describe(), ": no memory for ", name, ": it takes ", bytes,
         " bytes, and ", driver->freeMemory(),
         " are free; end what else uses the GPU, or take a smaller model");
  allocated[data] = bytes;
  return data;
}

void GpuDevice::free(void *data) {
  allocated.erase(data);
  try {
    driver->free(data);
  } catch (const Error &) {
    // The kernel that went wrong took all the GPU's memory with it, and its
    // Error tells so.
  }
}

void GpuDevice::copy(void *to, const void *from, size_t bytes) {
  driver->copy(to, from, bytes);
  if (!isOnDevice(to)) // which the caller reads next
    driver->synchronize();
}

bool GpuDevice::isOnDevice(const void *data) const {
  auto behind = allocated.upper_bound(data);
  if (behind == allocated.begin())
    return false;
  auto [begin, bytes] = *std::prev(behind);
  return static_cast<const char *>(data) <
         static_cast<const char *>(begin) + bytes;
}

void GpuDevice::start(const std::string &kernel, Dim3 grid, Dim3 block,
                      void **arguments) {
  auto found = functions.find(kernel);
  if (found == functions.end())
    found =
        functions.emplace(kernel, driver->function(module.get(), kernel)).first;
  driver->launch(found->second, grid, block, arguments);
}

std::shared_ptr<void> GpuDevice::finishRecording() {
  return own(driver->endCapture(), &Driver::forgetGraph);
}

size_t GpuDevice::mark() {
  marks.push_back(own(driver->record(), &Driver::forget));
  return marks.size() - 1;
}

double GpuDevice::secondsBetween(size_t first, size_t second) {
  return driver->secondsBetween(marks[first].get(), marks[second].get());
}

} // namespace gpt2
