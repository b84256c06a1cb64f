//===- context.h - A GPU that its vendor's library has opened -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
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
  Address named(const char *name) const { return {find(name)}; }
  Address named(const char *cuda, const char *hip) const {
    return named(isCuda ? cuda : hip);
  }

  template <typename... Arguments> using Function = int (*)(Arguments...);

  Function<unsigned> init = named("cuInit", "hipInit"); // flags
  Function<int *> driverVersion =
      named("cuDriverGetVersion", "hipDriverGetVersion");
  Function<int *> deviceCount = named("cuDeviceGetCount", "hipGetDeviceCount");
  Function<char *, int, int> deviceName = // name, its bytes, device
      named("cuDeviceGetName", "hipDeviceGetName");

  Function<size_t *, size_t *> memoryInfo = // free, all
      named("cuMemGetInfo_v2", "hipMemGetInfo");
  Function<void **, size_t> allocate = named("cuMemAlloc_v2", "hipMalloc");
  Function<void *> free = named("cuMemFree_v2", "hipFree");

  Function<void *> unloadModule = named("cuModuleUnload", "hipModuleUnload");
  Function<void **, void *, const char *> getFunction = // of a module, by name
      named("cuModuleGetFunction", "hipModuleGetFunction");
  /// A function, the grid's extents, a block's, bytes of shared memory beside
  /// the kernel's own, a stream, arguments, extra.
  Function<void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
           unsigned, void *, void **, void **>
      launch = named("cuLaunchKernel", "hipModuleLaunchKernel");

  Function<void **, unsigned> createStream = // with flags
      named("cuStreamCreate", "hipStreamCreateWithFlags");
  Function<void *> synchronizeStream =
      named("cuStreamSynchronize", "hipStreamSynchronize");
  Function<void *> destroyStream =
      named("cuStreamDestroy_v2", "hipStreamDestroy");

  Function<void **, unsigned> createEvent = // with flags
      named("cuEventCreate", "hipEventCreateWithFlags");
  Function<void *, void *> recordEvent = // in a stream
      named("cuEventRecord", "hipEventRecord");
  Function<float *, void *, void *> elapsed = // milliseconds, from, to
      named("cuEventElapsedTime", "hipEventElapsedTime");
  Function<void *> destroyEvent = named("cuEventDestroy_v2", "hipEventDestroy");

  Function<void *, int> beginCapture = // of a stream, in a mode
      named("cuStreamBeginCapture_v2", "hipStreamBeginCapture");
  Function<void *, void **> endCapture = // of a stream, into a graph
      named("cuStreamEndCapture", "hipStreamEndCapture");
  Function<void *> destroyGraph = named("cuGraphDestroy", "hipGraphDestroy");
  Function<void *, void *> launchGraph = // that can be, in a stream
      named("cuGraphLaunch", "hipGraphLaunch");
  Function<void *> destroyExecutable =
      named("cuGraphExecDestroy", "hipGraphExecDestroy");
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
  template <typename... Arguments>
  using Function = DriverFunctions::Function<Arguments...>;
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
