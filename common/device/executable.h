//===- executable.h - A compiled program and what it runs on ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "device/device.h"
#include "device/memref.h"
#include "device/packed_layout.h"
#include "device/program_abi.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gpt2 {

/// The address of a function or variable of a loaded program; null if there is
/// none of that name. Keeps the program loaded.
using Symbols = std::function<void *(const std::string &name)>;

class Executable {
public:
  /// If the program has kernels, a GPU runs them or, if they were compiled for
  /// that, an emulated one; else it runs on the CPU. Throws an Error if there
  /// is no such GPU.
  explicit Executable(Symbols symbols);
  /// On `device`.
  Executable(Symbols symbols, std::unique_ptr<Device> device);
  /// Not into one that has a device: memory that this gave would outlive it.
  Executable(Executable &&) = default;
  Executable &operator=(Executable &&) = delete;

  Device &device() { return *place; }
  /// Whether calls are recorded where the device can do that; they are if
  /// nothing is said.
  void setRecording(bool wanted) { records = wanted; }

  /// Whether the program has the entry `name`.
  bool has(const std::string &name) const;

  /// Whether it has loops that threads can divide.
  bool dividesLoops() const;

  /// How the program takes matrices of weights: see `narrow-elements`.
  ElementType matrixType() const;
  /// The same of the keys and values that it keeps.
  ElementType cacheType() const;

  /// How the program wants argument `number` of its entries, from 0; none if it
  /// takes it as it is. The entry program_abi::prepackEntry() brings some of
  /// its rows there.
  std::optional<PackedLayout> layoutOf(size_t number) const;

  /// Calls the entry `name` with tensors that are on the device; memory for
  /// temporaries, if the entry asks for some, is added and kept for the next
  /// call. Throws the Error of a kernel, or one if there is no such entry.
  ///
  /// If the device can record launches, a call with the arguments of the one
  /// before is recorded, and later ones like it are replayed. An entry launches
  /// the same whatever is in the tensors, so nothing else decides.
  void call(const std::string &name, std::vector<MemRef> arguments);

  /// The same with tensors that are on the host: what the entry writes is there
  /// when it returns.
  void callWithHostTensors(const std::string &name,
                           std::vector<MemRef> arguments);

private:
  /// An entry, and its memory for temporaries.
  struct Bound {
    void *entry = nullptr;
    DeviceMemory memory;
    std::optional<MemRef> arena;
    std::vector<MemRef> last; ///< the arguments of the call before
    std::shared_ptr<void> recording;
  };
  void callOrReplay(Bound &called, std::vector<MemRef> &arguments);
  Bound &bind(const std::string &name);

  Symbols symbols;
  std::unique_ptr<Device> place;
  std::map<std::string, Bound> bound; ///< by name, once called
  bool records = true;
};

} // namespace gpt2
