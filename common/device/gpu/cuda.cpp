//===- cuda.cpp - NVIDIA's GPUs through the CUDA driver API -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types and numbers are those of cuda.h (CUDA Driver API documentation), whose
// binary interface does not change: functions that did have _v2 in their name.
// Where cuda.h is at hand when this is built, it is compared with what is
// written here.
//
//===----------------------------------------------------------------------===//
#include "device/dynamic_library.h"
#include "device/gpu/context.h"
#include "support/error.h"

#include <array>

namespace gpt2 {
namespace {

constexpr int isNewerThanDriver = 222; // CUDA_ERROR_UNSUPPORTED_PTX_VERSION
constexpr int noDevice = 100;          // CUDA_ERROR_NO_DEVICE
constexpr int computeMajor = 75, computeMinor = 76; // CUdevice_attribute
constexpr int errorLog = 5, errorLogBytes = 6;      // CUjit_option

/// CUresult is an int, CUdevice too; contexts, streams, modules, functions,
/// events and graphs are pointers.
class Cuda : public Context {
public:
  explicit Cuda(const FindFunction &find)
      : Context("CUDA", {.find = find, .isCuda = true}) {
    int count = 0, major = 0, minor = 0;
    int found = call.init(0);
    if (found == 0)
      check(call.deviceCount(&count), "counting NVIDIA GPUs");
    if (found == noDevice || (found == 0 && count == 0))
      throw NotHere("the CUDA driver is here, and no NVIDIA GPU");
    check(found, "starting the CUDA driver");
    check(deviceGet(&device, 0), "opening the first NVIDIA GPU");
    check(call.deviceName(name.data(), static_cast<int>(name.size()), device),
          "reading the GPU's name");
    check(deviceAttribute(&major, computeMajor, device),
          "reading the GPU's compute capability");
    check(deviceAttribute(&minor, computeMinor, device),
          "reading the GPU's compute capability");
    capability = "sm_" + std::to_string(10 * major + minor);
    check(call.driverVersion(&version), "reading the driver's version");
    // The one that all of the process share. The driver counts who has it.
    check(retainContext(&own, device), "opening the first NVIDIA GPU");
  }

  ~Cuda() override { releaseContext(device); }

  std::string describe() const override {
    return std::string(name.data()) + ", CUDA driver " +
           std::to_string(version / 1000) + "." +
           std::to_string(version % 1000 / 10);
  }
  std::string chip() const override { return capability; }

  void *loadModule(const void *image) const override {
    std::array<char, 8192> log{};
    int options[] = {errorLog, errorLogBytes};
    void *values[] = {log.data(), reinterpret_cast<void *>(log.size())};
    void *module = nullptr;
    int result = moduleLoad(&module, image, 2, options, values);
    if (result == isNewerThanDriver)
      fail(describe(), " does not know the PTX that this LLVM writes for ",
           capability, ": install a newer driver");
    check(result, (std::string("loading the kernels: ") + log.data()).c_str());
    return module;
  }

  int copy(void *to, const void *from, size_t bytes,
           void *stream) const override {
    return copyAsync(to, from, bytes, stream);
  }

  int instantiate(void **executable, void *graph) const override {
    return instantiateGraph(executable, graph, /*flags=*/0);
  }

protected:
  const char *wordsOf(int error) const override {
    const char *words = nullptr;
    errorString(error, &words);
    return words;
  }
  int getCurrent(void **which) const override { return getContext(which); }
  int setCurrent(void *which) const override { return setContext(which); }

private:
  Function<int *, int> deviceGet = call.named("cuDeviceGet"); // the Nth
  Function<int *, int, int> deviceAttribute = // which, of a device
      call.named("cuDeviceGetAttribute");
  Function<void **, int> retainContext = // of a device
      call.named("cuDevicePrimaryCtxRetain");
  Function<int> releaseContext = call.named("cuDevicePrimaryCtxRelease_v2");
  Function<void **> getContext = call.named("cuCtxGetCurrent");
  Function<void *> setContext = call.named("cuCtxSetCurrent");
  Function<void *, const void *, size_t, void *> copyAsync = // in a stream
      call.named("cuMemcpyAsync");
  /// An image, with so many options and their values.
  Function<void **, const void *, unsigned, int *, void **> moduleLoad =
      call.named("cuModuleLoadDataEx");
  Function<void **, void *, unsigned long long> instantiateGraph = // flags
      call.named("cuGraphInstantiateWithFlags");
  Function<int, const char **> errorString = call.named("cuGetErrorString");

  int device = 0;
  std::array<char, 256> name{};
  std::string capability;
  int version = 0; ///< 1000 * major + 10 * minor
};

} // namespace

std::shared_ptr<const Context> openCudaContext(const FindFunction &find) {
  return std::make_shared<Cuda>(find);
}

std::unique_ptr<Driver> openCuda() {
  static SharedContext shared([] {
    DynamicLibrary library("CUDA driver", {"libcuda.so.1"});
    return openCudaContext(
        [library](const char *name) { return library.address(name); });
  });
  return driverOn(shared.get());
}

} // namespace gpt2
