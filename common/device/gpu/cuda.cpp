//===- cuda.cpp - NVIDIA's GPUs through the CUDA driver API -------------===//
//
// Types and numbers are those of cuda.h (CUDA Driver API documentation), whose
// binary interface does not change: functions that did have _v2 in their name.
// Where cuda.h is at hand when this is built, it is compared with what is
// written here.
//
//===----------------------------------------------------------------------===//
#include "device/dynamic_library.h"
#include "device/gpu/driver.h"
#include "support/error.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace gpt2 {
namespace {

constexpr int isNewerThanDriver = 222; // CUDA_ERROR_UNSUPPORTED_PTX_VERSION
constexpr int noDevice = 100;          // CUDA_ERROR_NO_DEVICE
constexpr int outOfMemory = 2;         // CUDA_ERROR_OUT_OF_MEMORY
constexpr int computeMajor = 75, computeMinor = 76; // CUdevice_attribute
constexpr int errorLog = 5, errorLogBytes = 6;      // CUjit_option
constexpr unsigned nonBlocking = 1;                 // CU_STREAM_NON_BLOCKING
constexpr int ofThisThread = 1; // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL

/// CUresult is an int, CUdevice too, CUdeviceptr 64 bits; contexts, streams,
/// modules, functions and events are pointers.
struct CudaFunctions {
  int (*init)(unsigned);
  int (*driverVersion)(int *);
  int (*deviceCount)(int *);
  int (*deviceGet)(int *, int);
  int (*deviceName)(char *, int, int);
  int (*deviceAttribute)(int *, int, int);
  int (*retainContext)(void **, int);
  int (*setContext)(void *);
  int (*memoryInfo)(size_t *, size_t *);
  int (*allocate)(uint64_t *, size_t);
  int (*free)(uint64_t);
  int (*copy)(uint64_t, uint64_t, size_t, void *);
  int (*loadModule)(void **, const void *, unsigned, int *, void **);
  int (*getFunction)(void **, void *, const char *);
  int (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned,
                unsigned, unsigned, void *, void **, void **);
  int (*createStream)(void **, unsigned);
  int (*synchronizeStream)(void *);
  int (*createEvent)(void **, unsigned);
  int (*recordEvent)(void *, void *);
  int (*elapsed)(float *, void *, void *);
  int (*destroyEvent)(void *);
  int (*errorString)(int, const char **);
  int (*beginCapture)(void *, int);
  int (*endCapture)(void *, void **);
  int (*instantiateGraph)(void **, void *, unsigned long long);
  int (*launchGraph)(void *, void *);
  int (*destroyGraph)(void *);
  int (*destroyExecutable)(void *);

  explicit CudaFunctions(const DynamicLibrary &cuda) {
    cuda.find(init, "cuInit");
    cuda.find(driverVersion, "cuDriverGetVersion");
    cuda.find(deviceCount, "cuDeviceGetCount");
    cuda.find(deviceGet, "cuDeviceGet");
    cuda.find(deviceName, "cuDeviceGetName");
    cuda.find(deviceAttribute, "cuDeviceGetAttribute");
    cuda.find(retainContext, "cuDevicePrimaryCtxRetain");
    cuda.find(setContext, "cuCtxSetCurrent");
    cuda.find(memoryInfo, "cuMemGetInfo_v2");
    cuda.find(allocate, "cuMemAlloc_v2");
    cuda.find(free, "cuMemFree_v2");
    cuda.find(copy, "cuMemcpyAsync");
    cuda.find(loadModule, "cuModuleLoadDataEx");
    cuda.find(getFunction, "cuModuleGetFunction");
    cuda.find(launch, "cuLaunchKernel");
    cuda.find(createStream, "cuStreamCreate");
    cuda.find(synchronizeStream, "cuStreamSynchronize");
    cuda.find(createEvent, "cuEventCreate");
    cuda.find(recordEvent, "cuEventRecord");
    cuda.find(elapsed, "cuEventElapsedTime");
    cuda.find(destroyEvent, "cuEventDestroy_v2");
    cuda.find(errorString, "cuGetErrorString");
    cuda.find(beginCapture, "cuStreamBeginCapture_v2");
    cuda.find(endCapture, "cuStreamEndCapture");
    cuda.find(instantiateGraph, "cuGraphInstantiateWithFlags");
    cuda.find(launchGraph, "cuGraphLaunch");
    cuda.find(destroyGraph, "cuGraphDestroy");
    cuda.find(destroyExecutable, "cuGraphExecDestroy");
  }
};

class Cuda : public Driver {
public:
  Cuda() : cuda(DynamicLibrary("CUDA driver", {"libcuda.so.1"})) {
    int count = 0, device = 0, major = 0, minor = 0;
    int found = cuda.init(0);
    if (found == 0)
      check(cuda.deviceCount(&count), "counting NVIDIA GPUs");
    if (found == noDevice || (found == 0 && count == 0))
      throw NotHere("the CUDA driver is here, and no NVIDIA GPU");
    check(found, "starting the CUDA driver");
    check(cuda.deviceGet(&device, 0), "opening the first NVIDIA GPU");
    check(cuda.deviceName(name.data(), static_cast<int>(name.size()), device),
          "reading the GPU's name");
    check(cuda.deviceAttribute(&major, computeMajor, device),
          "reading the GPU's compute capability");
    check(cuda.deviceAttribute(&minor, computeMinor, device),
          "reading the GPU's compute capability");
    capability = "sm_" + std::to_string(10 * major + minor);
    check(cuda.driverVersion(&version), "reading the driver's version");
    void *context = nullptr;
    check(cuda.retainContext(&context, device), "opening the first NVIDIA GPU");
    check(cuda.setContext(context), "opening the first NVIDIA GPU");
    check(cuda.createStream(&stream, nonBlocking), "making a stream");
  }

  std::string describe() const override {
    return std::string(name.data()) + ", CUDA driver " +
           std::to_string(version / 1000) + "." +
           std::to_string(version % 1000 / 10);
  }
  std::string chip() const override { return capability; }

  void *allocate(size_t bytes) override {
    uint64_t address = 0;
    int result = cuda.allocate(&address, bytes);
    if (result == outOfMemory)
      return nullptr;
    check(result, "allocating memory");
    return reinterpret_cast<void *>(address);
  }

  void free(void *data) override {
    check(cuda.free(address(data)), "freeing memory");
  }

  size_t freeMemory() override {
    size_t free = 0, all = 0;
    check(cuda.memoryInfo(&free, &all), "reading how much memory is free");
    return free;
  }

  void copy(void *to, const void *from, size_t bytes) override {
    check(cuda.copy(address(to), address(from), bytes, stream), "copying");
  }

  void *loadModule(const void *image) override {
    std::array<char, 8192> log{};
    int options[] = {errorLog, errorLogBytes};
    void *values[] = {log.data(), reinterpret_cast<void *>(log.size())};
    void *module = nullptr;
    int result = cuda.loadModule(&module, image, 2, options, values);
    if (result == isNewerThanDriver)
      fail(describe(), " does not know the PTX that this LLVM writes for ",
           capability, ": install a newer driver");
    check(result, (std::string("loading the kernels: ") + log.data()).c_str());
    return module;
  }

  void *function(void *module, const std::string &kernel) override {
    void *found = nullptr;
    check(cuda.getFunction(&found, module, kernel.c_str()),
          ("finding kernel @" + kernel).c_str());
    return found;
  }

  void launch(void *kernel, Dim3 grid, Dim3 block, void **arguments) override {
    check(cuda.launch(kernel, grid.x, grid.y, grid.z, block.x, block.y, block.z,
                      /*dynamic shared bytes=*/0, stream, arguments, nullptr),
          "launching a kernel");
  }

  void synchronize() override {
    check(cuda.synchronizeStream(stream), "waiting for kernels");
  }

  bool canCapture() const override { return true; }

  void beginCapture() override {
    check(cuda.beginCapture(stream, ofThisThread), "capturing launches");
  }

  void *endCapture() override {
    void *graph = nullptr, *executable = nullptr;
    check(cuda.endCapture(stream, &graph), "capturing launches");
    int result = cuda.instantiateGraph(&executable, graph, 0);
    check(cuda.destroyGraph(graph), "forgetting a graph");
    check(result, "making a graph of the launches");
    return executable;
  }

  void launchGraph(void *executable) override {
    check(cuda.launchGraph(executable, stream), "launching a graph");
  }

  void forgetGraph(void *executable) override {
    check(cuda.destroyExecutable(executable), "forgetting a graph");
  }

  void *record() override {
    void *event = nullptr;
    check(cuda.createEvent(&event, 0), "making an event");
    check(cuda.recordEvent(event, stream), "recording an event");
    return event;
  }
  double secondsBetween(void *first, void *second) override {
    float milliseconds = 0;
    check(cuda.elapsed(&milliseconds, first, second), "reading an event");
    return milliseconds / 1e3;
  }
  void forget(void *event) override {
    check(cuda.destroyEvent(event), "forgetting an event");
  }

private:
  static uint64_t address(const void *data) {
    return reinterpret_cast<uint64_t>(data);
  }

  void check(int result, const char *what) const {
    if (result == 0)
      return;
    const char *words = nullptr;
    cuda.errorString(result, &words);
    fail("CUDA: ", what, ": ", words ? words : "unknown error", " (error ",
         result, ")");
  }

  CudaFunctions cuda;
  std::array<char, 256> name{};
  std::string capability;
  int version = 0; ///< 1000 * major + 10 * minor
  void *stream = nullptr;
};

} // namespace

std::unique_ptr<Driver> openCuda() { return std::make_unique<Cuda>(); }

} // namespace gpt2
