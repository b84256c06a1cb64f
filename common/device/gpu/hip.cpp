//===- hip.cpp - AMD's GPUs through ROCm's HIP runtime ------------------===//
//
// Types and numbers are those of hip_runtime_api.h (HIP documentation). The one
// structure that tells a GPU's name for compilers differs between versions of
// ROCm; the kernel driver tells it as well.
//
//===----------------------------------------------------------------------===//
#include "device/dynamic_library.h"
#include "device/gpu/driver.h"
#include "support/error.h"

#include <array>
#include <filesystem>
#include <fstream>

namespace gpt2 {
namespace {

constexpr int outOfMemory = 2;       // hipErrorOutOfMemory
constexpr int noDevice = 100;        // hipErrorNoDevice
constexpr int invalidDevice = 101;   // hipErrorInvalidDevice: none to init
constexpr int noCodeForDevice = 209; // hipErrorNoBinaryForGpu
constexpr int copyDefault = 4;       // hipMemcpyDefault: by address
constexpr unsigned nonBlocking = 1;  // hipStreamNonBlocking
constexpr int ofThisThread = 1;      // hipStreamCaptureModeThreadLocal

/// hipError_t and hipDevice_t are ints; streams, modules, functions and events
/// are pointers.
struct HipFunctions {
  int (*init)(unsigned);
  int (*driverVersion)(int *);
  int (*deviceCount)(int *);
  int (*setDevice)(int);
  int (*deviceName)(char *, int, int);
  int (*memoryInfo)(size_t *, size_t *);
  int (*allocate)(void **, size_t);
  int (*free)(void *);
  int (*copy)(void *, const void *, size_t, int, void *);
  int (*loadModule)(void **, const void *);
  int (*getFunction)(void **, void *, const char *);
  int (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned,
                unsigned, unsigned, void *, void **, void **);
  int (*createStream)(void **, unsigned);
  int (*synchronizeStream)(void *);
  int (*createEvent)(void **);
  int (*recordEvent)(void *, void *);
  int (*elapsed)(float *, void *, void *);
  int (*destroyEvent)(void *);
  const char *(*errorString)(int);
  int (*beginCapture)(void *, int);
  int (*endCapture)(void *, void **);
  int (*instantiateGraph)(void **, void *, void *, char *, size_t);
  int (*launchGraph)(void *, void *);
  int (*destroyGraph)(void *);
  int (*destroyExecutable)(void *);

  explicit HipFunctions(const DynamicLibrary &hip) {
    hip.find(init, "hipInit");
    hip.find(driverVersion, "hipDriverGetVersion");
    hip.find(deviceCount, "hipGetDeviceCount");
    hip.find(setDevice, "hipSetDevice");
    hip.find(deviceName, "hipDeviceGetName");
    hip.find(memoryInfo, "hipMemGetInfo");
    hip.find(allocate, "hipMalloc");
    hip.find(free, "hipFree");
    hip.find(copy, "hipMemcpyAsync");
    hip.find(loadModule, "hipModuleLoadData");
    hip.find(getFunction, "hipModuleGetFunction");
    hip.find(launch, "hipModuleLaunchKernel");
    hip.find(createStream, "hipStreamCreateWithFlags");
    hip.find(synchronizeStream, "hipStreamSynchronize");
    hip.find(createEvent, "hipEventCreate");
    hip.find(recordEvent, "hipEventRecord");
    hip.find(elapsed, "hipEventElapsedTime");
    hip.find(destroyEvent, "hipEventDestroy");
    hip.find(errorString, "hipGetErrorString");
    hip.find(beginCapture, "hipStreamBeginCapture");
    hip.find(endCapture, "hipStreamEndCapture");
    hip.find(instantiateGraph, "hipGraphInstantiate");
    hip.find(launchGraph, "hipGraphLaunch");
    hip.find(destroyGraph, "hipGraphDestroy");
    hip.find(destroyExecutable, "hipGraphExecDestroy");
  }
};

/// The first GPU's name for compilers, as Linux' kfd driver knows it:
/// gfx_target_version 90402 is gfx942, 90010 is gfx90a.
std::string firstChip() {
  namespace fs = std::filesystem;
  std::error_code none;
  for (int node = 0;; ++node) {
    fs::path folder =
        fs::path("/sys/class/kfd/kfd/topology/nodes") / std::to_string(node);
    if (!fs::exists(folder, none))
      fail("HIP: the kernel driver (/sys/class/kfd) does not tell which chip "
           "the GPU is");
    std::ifstream properties(folder / "properties");
    std::string name;
    for (uint64_t value; properties >> name >> value;)
      if (name == "gfx_target_version" && value != 0) { // 0: a CPU
        constexpr char digits[] = "0123456789abcdef";
        return "gfx" + std::to_string(value / 10000) +
               digits[value / 100 % 100 % 16] + digits[value % 100 % 16];
      }
  }
}

class Hip : public Driver {
public:
  Hip()
      : hip(DynamicLibrary("HIP runtime",
                           {"libamdhip64.so", "libamdhip64.so.7",
                            "libamdhip64.so.6", "libamdhip64.so.5"})) {
    int count = 0;
    int found = hip.init(0);
    if (found == 0)
      found = hip.deviceCount(&count);
    if (found == noDevice || found == invalidDevice ||
        (found == 0 && count == 0))
      throw NotHere("the HIP runtime is here, and no AMD GPU");
    check(found, "starting the HIP runtime");
    check(hip.setDevice(0), "opening the first AMD GPU");
    check(hip.deviceName(name.data(), static_cast<int>(name.size()), 0),
          "reading the GPU's name");
    check(hip.driverVersion(&version), "reading the runtime's version");
    target = firstChip();
    check(hip.createStream(&stream, nonBlocking), "making a stream");
  }

  std::string describe() const override {
    return std::string(name.data()) + ", HIP " +
           std::to_string(version / 10000000) + "." +
           std::to_string(version / 100000 % 100);
  }
  std::string chip() const override { return target; }

  void *allocate(size_t bytes) override {
    void *address = nullptr;
    int result = hip.allocate(&address, bytes);
    if (result == outOfMemory)
      return nullptr;
    check(result, "allocating memory");
    return address;
  }

  void free(void *data) override { check(hip.free(data), "freeing memory"); }

  size_t freeMemory() override {
    size_t free = 0, all = 0;
    check(hip.memoryInfo(&free, &all), "reading how much memory is free");
    return free;
  }

  void copy(void *to, const void *from, size_t bytes) override {
    check(hip.copy(to, from, bytes, copyDefault, stream), "copying");
  }

  void *loadModule(const void *image) override {
    void *module = nullptr;
    int result = hip.loadModule(&module, image);
    if (result == noCodeForDevice)
      fail(describe(), " cannot run this program's kernels: the GPU is a ",
           target);
    check(result, "loading the kernels");
    return module;
  }

  void *function(void *module, const std::string &kernel) override {
    void *found = nullptr;
    check(hip.getFunction(&found, module, kernel.c_str()),
          ("finding kernel @" + kernel).c_str());
    return found;
  }

  void launch(void *kernel, Dim3 grid, Dim3 block, void **arguments) override {
    check(hip.launch(kernel, grid.x, grid.y, grid.z, block.x, block.y, block.z,
                     /*dynamic shared bytes=*/0, stream, arguments, nullptr),
          "launching a kernel");
  }

  void synchronize() override {
    check(hip.synchronizeStream(stream), "waiting for kernels");
  }

  bool canCapture() const override { return true; }

  void beginCapture() override {
    check(hip.beginCapture(stream, ofThisThread), "capturing launches");
  }

  void *endCapture() override {
    void *graph = nullptr, *executable = nullptr;
    check(hip.endCapture(stream, &graph), "capturing launches");
    int result = hip.instantiateGraph(&executable, graph, nullptr, nullptr, 0);
    check(hip.destroyGraph(graph), "forgetting a graph");
    check(result, "making a graph of the launches");
    return executable;
  }

  void launchGraph(void *executable) override {
    check(hip.launchGraph(executable, stream), "launching a graph");
  }

  void forgetGraph(void *executable) override {
    check(hip.destroyExecutable(executable), "forgetting a graph");
  }

  void *record() override {
    void *event = nullptr;
    check(hip.createEvent(&event), "making an event");
    check(hip.recordEvent(event, stream), "recording an event");
    return event;
  }
  double secondsBetween(void *first, void *second) override {
    float milliseconds = 0;
    check(hip.elapsed(&milliseconds, first, second), "reading an event");
    return milliseconds / 1e3;
  }
  void forget(void *event) override {
    check(hip.destroyEvent(event), "forgetting an event");
  }

private:
  void check(int result, const char *what) const {
    if (result != 0)
      fail("HIP: ", what, ": ", hip.errorString(result), " (error ", result,
           ")");
  }

  HipFunctions hip;
  std::array<char, 256> name{};
  std::string target;
  int version = 0; ///< 10000000 * major + 100000 * minor + patch
  void *stream = nullptr;
};

} // namespace

std::unique_ptr<Driver> openHip() { return std::make_unique<Hip>(); }

} // namespace gpt2
