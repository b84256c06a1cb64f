//===- driver.h - What a GPU's vendor's library does for us -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// CUDA's driver and ROCm's HIP runtime, opened while the program runs: nothing
// of either is needed to build. Both do the same few things.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "device/device.h"

#include <memory>
#include <string>

namespace gpt2 {

/// One GPU, through its vendor's library. Everything but allocation happens in
/// the order of the calls, on one stream. Every function throws an Error with
/// the library's own words if it fails. Any thread may call, one at a time.
class Driver {
public:
  virtual ~Driver() = default;

  /// "NVIDIA H200, CUDA driver 13.0".
  virtual std::string describe() const = 0;
  /// What to compile for: "sm_90", "gfx942".
  virtual std::string chip() const = 0;

  virtual void *allocate(size_t bytes) = 0;
  virtual void free(void *data) = 0;
  /// Free memory in bytes, now.
  virtual size_t freeMemory() = 0;
  /// Between host and device, or within the device. A copy to the host may be
  /// still under way; one from the host too, but the host's memory can be used
  /// again.
  virtual void copy(void *to, const void *from, size_t bytes) = 0;

  /// Loads kernels: NUL-terminated PTX, a cubin or a code object for chip().
  virtual void *loadModule(const void *image) = 0;
  virtual void unloadModule(void *module) = 0;
  virtual void *function(void *module, const std::string &name) = 0;
  virtual void launch(void *function, Dim3 grid, Dim3 block,
                      void **arguments) = 0;
  virtual void synchronize() = 0;

  /// Whether launches can be captured in a graph (CUDA's and HIP's word for
  /// work that is launched at once, again and again).
  virtual bool canCapture() const { return false; }
  /// From here on, launches are captured and not made.
  virtual void beginCapture() {}
  /// The graph, ready to be launched.
  virtual void *endCapture() { return nullptr; }
  virtual void launchGraph(void *) {}
  virtual void forgetGraph(void *) {}

  /// A mark in the stream.
  virtual void *record() = 0;
  /// Seconds between two marks that were passed; forgets neither.
  virtual double secondsBetween(void *first, void *second) = 0;
  virtual void forget(void *mark) = 0;
};

/// The first NVIDIA GPU. Throws NotHere if there is no library of a driver, or
/// no GPU; another Error if the driver is too old, or something is wrong. All
/// drivers of a process share what opening one takes, see context.h.
std::unique_ptr<Driver> openCuda();

/// The first AMD GPU, likewise.
std::unique_ptr<Driver> openHip();

} // namespace gpt2
