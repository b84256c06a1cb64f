//===- device.cpp - Where kernels run -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/device.h"
#include "device/mgpu.h"
#include "support/error.h"

#include <algorithm>
#include <utility>

namespace gpt2 {
namespace {

thread_local Device *currentDevice = nullptr;

} // namespace

std::string Dim3::describe() const {
  return "(" + std::to_string(x) + ", " + std::to_string(y) + ", " +
         std::to_string(z) + ")";
}

void *Device::share(void *data, size_t bytes, const std::string &name) {
  DeviceMemory copied = allocateOn(*this, bytes, name);
  copy(copied.get(), data, bytes);
  return copied.release();
}

template <typename Work> void Device::keepError(Work work) noexcept {
  try {
    work();
  } catch (...) {
    if (!error)
      error = std::current_exception();
  }
}

void Device::throwError() {
  if (error)
    std::rethrow_exception(std::exchange(error, nullptr));
}

void Device::launch(const std::string &kernel, Dim3 grid, Dim3 block,
                    void **arguments) noexcept {
  if (error)
    return;
  keepError([&] {
    size_t before = isTiming ? mark() : 0;
    start(kernel, grid, block, arguments);
    if (isTiming)
      timed.push_back({kernel, before, mark()});
  });
}

void Device::synchronize() {
  keepError([&] {
    wait();
    collectTimes();
  });
  timed.clear();
  forgetMarks();
  throwError();
}

std::shared_ptr<void> Device::endRecording() {
  std::shared_ptr<void> recording;
  keepError([&] { recording = finishRecording(); });
  throwError();
  return recording;
}

void Device::collectTimes() {
  for (const TimedLaunch &launch : timed) {
    auto entry =
        std::find_if(noted.begin(), noted.end(), [&](const KernelTime &time) {
          return time.kernel == launch.kernel;
        });
    if (entry == noted.end())
      entry = noted.insert(entry, {launch.kernel});
    entry->seconds += secondsBetween(launch.before, launch.after);
    ++entry->launches;
  }
}

size_t Device::mark() {
  moments.push_back(std::chrono::steady_clock::now());
  return moments.size() - 1;
}

double Device::secondsBetween(size_t first, size_t second) {
  return std::chrono::duration<double>(moments[second] - moments[first])
      .count();
}

Device &Device::current() {
  if (!currentDevice)
    fail("a kernel is launched, and there is no device");
  return *currentDevice;
}

Device::Use::Use(Device &device)
    : before(std::exchange(currentDevice, &device)) {
  device.enter();
}

Device::Use::~Use() { currentDevice = before; }

DeviceMemory allocateOn(Device &device, size_t bytes, const std::string &name) {
  return DeviceMemory(device.allocate(bytes, name), FreeOnDevice{&device});
}

DeviceMemory shareWith(Device &device, void *data, size_t bytes,
                       const std::string &name) {
  return DeviceMemory(device.share(data, bytes, name), FreeOnDevice{&device});
}

} // namespace gpt2

// A module and a function are their names: the device knows the rest.

void *mgpuModuleLoad(void *name, size_t) { return name; }

void *mgpuModuleGetFunction(void *, const char *name) {
  return const_cast<char *>(name);
}

void mgpuLaunchKernel(void *function, intptr_t gridX, intptr_t gridY,
                      intptr_t gridZ, intptr_t blockX, intptr_t blockY,
                      intptr_t blockZ, int32_t, void *, void **arguments,
                      void **, size_t) {
  auto extents = [](intptr_t x, intptr_t y, intptr_t z) {
    return gpt2::Dim3{static_cast<unsigned>(x), static_cast<unsigned>(y),
                      static_cast<unsigned>(z)};
  };
  gpt2::Device::current().launch(static_cast<const char *>(function),
                                 extents(gridX, gridY, gridZ),
                                 extents(blockX, blockY, blockZ), arguments);
}
