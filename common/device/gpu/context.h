//===- context.h - A GPU that its vendor's library has opened -----------===//
//
// CUDA's driver and HIP's runtime do the same things by functions of other
// names; in a few things they differ. The first stand here once, with both
// names, the second in cuda.cpp and hip.cpp.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "device/gpu/driver.h"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace gpt2 {

/// Where a library's functions are: the address of the one of a name. Throws an
/// Error if there is none.
using FindFunction = std::function<void *(const char *name)>;

/// The functions that both vendors have: CUDA's name, HIP's name. They return
/// 0, or the number of an error. CUDA's addresses are numbers of 64 bits; these
/// are passed as pointers are.
struct DriverFunctions {
  FindFunction find;
  bool isCuda;

  /// An address that becomes a pointer to a function of any type.
  struct Address {
    void *address;
    template <typename Function> operator Function *() const {
      return reinterpret_cast<Function *>(address);
    }
  };
  Address named(const char *cuda, const char *hip) const {
    return {find(isCuda ? cuda : hip)};
  }

  int (*init)(unsigned flags) = named("cuInit", "hipInit");
  int (*driverVersion)(int *) = named("cuDriverGetVersion",
                                      "hipDriverGetVersion");
  int (*deviceCount)(int *) = named("cuDeviceGetCount", "hipGetDeviceCount");
  int (*deviceName)(char *name, int bytes,
                    int device) = named("cuDeviceGetName", "hipDeviceGetName");

  int (*memoryInfo)(size_t *free, size_t *all) = named("cuMemGetInfo_v2",
                                                       "hipMemGetInfo");
  int (*allocate)(void **, size_t bytes) = named("cuMemAlloc_v2", "hipMalloc");
  int (*free)(void *) = named("cuMemFree_v2", "hipFree");

  int (*unloadModule)(void *) = named("cuModuleUnload", "hipModuleUnload");
  int (*getFunction)(void **function, void *module,
                     const char *name) = named("cuModuleGetFunction",
                                               "hipModuleGetFunction");
  /// Extents of the grid and of a block; bytes of shared memory that is not
  /// the kernel's own.
  int (*launch)(void *function, unsigned, unsigned, unsigned, unsigned,
                unsigned, unsigned, unsigned bytes, void *stream,
                void **arguments,
                void **extra) = named("cuLaunchKernel",
                                      "hipModuleLaunchKernel");

  int (*createStream)(void **,
                      unsigned flags) = named("cuStreamCreate",
                                              "hipStreamCreateWithFlags");
  int (*synchronizeStream)(void *) = named("cuStreamSynchronize",
                                           "hipStreamSynchronize");
  int (*destroyStream)(void *) = named("cuStreamDestroy_v2",
                                       "hipStreamDestroy");

  int (*createEvent)(void **,
                     unsigned flags) = named("cuEventCreate",
                                             "hipEventCreateWithFlags");
  int (*recordEvent)(void *event, void *stream) = named("cuEventRecord",
                                                        "hipEventRecord");
  int (*elapsed)(float *milliseconds, void *from,
                 void *to) = named("cuEventElapsedTime", "hipEventElapsedTime");
  int (*destroyEvent)(void *) = named("cuEventDestroy_v2", "hipEventDestroy");

  int (*beginCapture)(void *stream, int mode) = named("cuStreamBeginCapture_v2",
                                                      "hipStreamBeginCapture");
  int (*endCapture)(void *stream, void **graph) = named("cuStreamEndCapture",
                                                        "hipStreamEndCapture");
  int (*destroyGraph)(void *) = named("cuGraphDestroy", "hipGraphDestroy");
  int (*launchGraph)(void *executable, void *stream) = named("cuGraphLaunch",
                                                             "hipGraphLaunch");
  int (*destroyExecutable)(void *) = named("cuGraphExecDestroy",
                                           "hipGraphExecDestroy");
};

/// One GPU, opened; given back by the destructor. Any thread may use it.
class Context {
public:
  Context(const Context &) = delete;
  virtual ~Context() = default;

  /// As Driver has them.
  virtual std::string describe() const = 0;
  virtual std::string chip() const = 0;
  virtual void *loadModule(const void *image) const = 0;

  /// These return 0, or the number of an error.
  virtual int copy(void *to, const void *from, size_t bytes,
                   void *stream) const = 0;
  /// Makes of a captured graph one that can be launched.
  virtual int instantiate(void **executable, void *graph) const = 0;

  /// Throws an Error with the library's own words if `result` is not 0.
  void check(int result, const char *what) const;

  /// Makes the GPU current on this thread while it lives: most functions work
  /// on what is current on the thread that calls. What others had made current
  /// there is so again afterwards.
  class Use {
  public:
    explicit Use(const Context &context);
    ~Use();
    Use(const Use &) = delete;

  private:
    const Context &context;
    void *before = nullptr;
  };

  const DriverFunctions call;

protected:
  /// `library` is its name in messages.
  Context(const char *library, DriverFunctions functions);

  virtual const char *wordsOf(int error) const = 0;
  /// What is current on this thread, and makes that current: for CUDA a
  /// context, for HIP a device's number. They return as functions do.
  virtual int getCurrent(void **which) const = 0;
  virtual int setCurrent(void *which) const = 0;

  void *own = nullptr; ///< what Use makes current

private:
  const char *library;
};

/// A context for all who want it, open for as long as somebody has it.
class SharedContext {
public:
  using Open = std::function<std::shared_ptr<const Context>()>;
  explicit SharedContext(Open open) : open(std::move(open)) {}

  /// Throws what `open` throws.
  std::shared_ptr<const Context> get();

private:
  Open open;
  std::mutex opening;
  std::weak_ptr<const Context> opened;
};

/// The first NVIDIA GPU of the library that `find` looks into. Throws as
/// openCuda() does.
std::shared_ptr<const Context> openCudaContext(const FindFunction &find);

/// The first AMD GPU, likewise; `topology` is the folder in which Linux' kfd
/// driver says which GPUs there are.
std::shared_ptr<const Context>
openHipContext(const FindFunction &find, const std::filesystem::path &topology);

/// A driver with a stream of its own.
std::unique_ptr<Driver> driverOn(std::shared_ptr<const Context> context);

} // namespace gpt2
