//===- hip.cpp - AMD's GPUs through ROCm's HIP runtime ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types and numbers are those of hip_runtime_api.h (HIP documentation). The one
// structure that tells a GPU's name for compilers differs between versions of
// ROCm; the kernel driver tells it as well.
//
//===----------------------------------------------------------------------===//
#include "device/dynamic_library.h"
#include "device/gpu/context.h"
#include "device/gpu/kfd_topology.h"
#include "support/error.h"

#include <array>
#include <cstdint>

namespace gpt2 {
namespace {

constexpr int noDevice = 100;        // hipErrorNoDevice
constexpr int invalidDevice = 101;   // hipErrorInvalidDevice: none to init
constexpr int noCodeForDevice = 209; // hipErrorNoBinaryForGpu
constexpr int copyDefault = 4;       // hipMemcpyDefault: by address

/// The runtime numbers the GPUs that HIP_VISIBLE_DEVICES and
/// ROCR_VISIBLE_DEVICES leave; others do not know these numbers.
constexpr int device = 0;

/// hipError_t and hipDevice_t are ints; streams, modules, functions, events and
/// graphs are pointers.
class Hip : public Context {
public:
  Hip(const FindFunction &find, const std::filesystem::path &topology)
      : Context("HIP", {.find = find, .isCuda = false}) {
    int count = 0;
    int found = call.init(0);
    if (found == 0)
      found = call.deviceCount(&count);
    if (found == noDevice || found == invalidDevice ||
        (found == 0 && count == 0))
      throw NotHere("the HIP runtime is here, and no AMD GPU");
    check(found, "starting the HIP runtime");
    own = reinterpret_cast<void *>(static_cast<intptr_t>(device));
    Use use(*this);
    check(call.deviceName(name.data(), static_cast<int>(name.size()), device),
          "reading the GPU's name");
    check(call.driverVersion(&version), "reading the runtime's version");
    std::array<char, 32> bus{};
    check(busId(bus.data(), static_cast<int>(bus.size()), device),
          "reading the GPU's PCI bus id");
    target = chipAt(bus.data(), topology);
  }

  std::string describe() const override {
    return std::string(name.data()) + ", HIP " +
           std::to_string(version / 10000000) + "." +
           std::to_string(version / 100000 % 100);
  }
  std::string chip() const override { return target; }

  void *loadModule(const void *image) const override {
    void *module = nullptr;
    int result = moduleLoad(&module, image);
    if (result == noCodeForDevice)
      fail(describe(), " cannot run this program's kernels: the GPU is a ",
           target);
    check(result, "loading the kernels");
    return module;
  }

  int copy(void *to, const void *from, size_t bytes,
           void *stream) const override {
    return copyAsync(to, from, bytes, copyDefault, stream);
  }

  int instantiate(void **executable, void *graph) const override {
    return instantiateGraph(executable, graph, nullptr, nullptr, 0);
  }

protected:
  const char *wordsOf(int error) const override { return errorString(error); }
  int getCurrent(void **which) const override {
    int number = 0;
    int result = getDevice(&number);
    *which = reinterpret_cast<void *>(static_cast<intptr_t>(number));
    return result;
  }
  int setCurrent(void *which) const override {
    return setDevice(static_cast<int>(reinterpret_cast<intptr_t>(which)));
  }

private:
  Function<int *> getDevice = call.named("hipGetDevice");
  Function<int> setDevice = call.named("hipSetDevice");
  Function<char *, int, int> busId = // text, its bytes, device
      call.named("hipDeviceGetPCIBusId");
  /// Of a kind, in a stream.
  Function<void *, const void *, size_t, int, void *> copyAsync =
      call.named("hipMemcpyAsync");
  Function<void **, const void *> moduleLoad = call.named("hipModuleLoadData");
  /// A node that is wrong, and a log of so many bytes.
  Function<void **, void *, void **, char *, size_t> instantiateGraph =
      call.named("hipGraphInstantiate");
  const char *(*errorString)(int) = call.named("hipGetErrorString");

  std::array<char, 256> name{};
  std::string target;
  int version = 0; ///< 10000000 * major + 100000 * minor + patch
};

} // namespace

std::shared_ptr<const Context>
openHipContext(const FindFunction &find,
               const std::filesystem::path &topology) {
  return std::make_shared<Hip>(find, topology);
}

std::unique_ptr<Driver> openHip() {
  static SharedContext shared([] {
    DynamicLibrary library("HIP runtime",
                           {"libamdhip64.so", "libamdhip64.so.7",
                            "libamdhip64.so.6", "libamdhip64.so.5"});
    return openHipContext(
        [library](const char *name) { return library.address(name); },
        "/sys/class/kfd/kfd/topology/nodes");
  });
  return driverOn(shared.get());
}

} // namespace gpt2
