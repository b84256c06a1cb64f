//===- device.h - Where kernels run -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiled program's host part launches kernels by name, through the
// functions of mgpu.h, on the device that is current on its thread. What a
// device is asked for happens in the order of asking; it may happen later.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace gpt2 {

/// Extents of a grid or a block, or a place in one.
struct Dim3 {
  unsigned x = 1, y = 1, z = 1;

  uint64_t count() const { return uint64_t{x} * y * z; }
  /// "(1, 0, 0)".
  std::string describe() const;
};

/// What the launches of one kernel took.
struct KernelTime {
  std::string kernel;
  int64_t launches = 0;
  double seconds = 0;
};

class Device {
public:
  virtual ~Device() = default;

  /// What it is, for people.
  virtual std::string describe() const = 0;

  /// Memory that kernels may use; `name` stands in messages. Throws an Error if
  /// there is not so much.
  virtual void *allocate(size_t bytes, const std::string &name) = 0;
  /// Where kernels find `bytes` bytes of the host's memory: at `data` itself if
  /// the device can use that, else in memory of the device to which they were
  /// copied. What kernels write is there; copy() brings it back. Throws an
  /// Error if there is not so much memory.
  virtual void *share(void *data, size_t bytes, const std::string &name);
  /// Whether programs read and write the host's memory wherever it lies.
  virtual bool usesHostMemory() const { return false; }
  /// Says that all of what allocate() gave will be read again and again.
  virtual void expectReads(void *, size_t) {}
  /// Gives back what allocate() or share() gave.
  virtual void free(void *data) = 0;

  /// Copies between host and device, or within either.
  virtual void copy(void *to, const void *from, size_t bytes) = 0;

  /// Launches `kernel`; `arguments` are pointers to its arguments. Does not
  /// throw, since compiled code, which cannot be unwound, calls it: what goes
  /// wrong is told by the next synchronize(), and nothing is launched until
  /// then.
  void launch(const std::string &kernel, Dim3 grid, Dim3 block,
              void **arguments) noexcept;

  /// Waits until all that was asked for has happened. Throws the first Error
  /// since the last call: of a launch, or of waiting.
  void synchronize();

  /// Whether launches can be recorded and, with the same arguments, made again
  /// at once.
  virtual bool canRecord() const { return false; }
  /// From here on, launches are recorded and not made.
  virtual void beginRecording() {}
  /// What was launched since. Throws the first Error: of a launch that cannot
  /// be, or of the recording.
  std::shared_ptr<void> endRecording();
  /// Makes the launches of `recording` again.
  virtual void replay(void *) {}

  /// From here on, how long each launch takes is noted.
  void startTiming() { isTiming = true; }
  bool timesLaunches() const { return isTiming; }
  /// What was noted up to the last synchronize(), in the order of the kernels'
  /// first launches.
  const std::vector<KernelTime> &times() const { return noted; }

  /// The device on which this thread's programs launch. Throws an Error if
  /// there is none.
  static Device &current();

  /// Makes a device current on this thread for as long as it lives.
  class Use {
  public:
    explicit Use(Device &device);
    ~Use();
    Use(const Use &) = delete;
    Use &operator=(const Use &) = delete;

  private:
    Device *before;
  };

protected:
  /// Throws an Error if it cannot be launched, or went wrong.
  virtual void start(const std::string &kernel, Dim3 grid, Dim3 block,
                     void **arguments) = 0;
  virtual std::shared_ptr<void> finishRecording() { return nullptr; }
  virtual void wait() = 0;
  /// Called on the thread that is about to run programs on it.
  virtual void enter() {}

  /// Marks a moment between launches; marks are numbered from 0. The host's
  /// clock will do if start() returns when the kernel has run.
  virtual size_t mark();
  /// The seconds between two marks, called behind wait().
  virtual double secondsBetween(size_t first, size_t second);
  virtual void forgetMarks() { moments.clear(); }

private:
  struct TimedLaunch {
    std::string kernel;
    size_t before, after; ///< marks
  };

  void collectTimes();
  /// Does `work`; if it throws, and nothing has since the last throwError(),
  /// keeps what it threw.
  template <typename Work> void keepError(Work work) noexcept;
  void throwError();

  std::exception_ptr error; ///< the first, which nobody has been told
  bool isTiming = false;
  std::vector<TimedLaunch> timed; ///< since the last synchronize()
  std::vector<KernelTime> noted;
  std::vector<std::chrono::steady_clock::time_point> moments;
};

/// Memory that a device gave, and gets back.
struct FreeOnDevice {
  Device *device = nullptr;
  void operator()(void *data) const { device->free(data); }
};
using DeviceMemory = std::unique_ptr<void, FreeOnDevice>;

/// Device::allocate() and Device::share(), of which the result is kept.
DeviceMemory allocateOn(Device &device, size_t bytes, const std::string &name);
DeviceMemory shareWith(Device &device, void *data, size_t bytes,
                       const std::string &name);

} // namespace gpt2
