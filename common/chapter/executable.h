//===- executable.h - A compiled program and what it runs on ------------===//
#pragma once

#include "compiler/program.h"
#include "device/device.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gpt2 {

class Executable {
public:
  /// Loads the object file `object`. If it has kernels, an emulated GPU runs
  /// them, else it runs on the CPU. Throws an Error if it does not link.
  explicit Executable(std::string_view object);

  Device &device() { return *place; }

  /// Calls the entry `name` with tensors that are on the device; memory for
  /// temporaries, if the entry asks for some, is added and kept for the next
  /// call. Throws the Error of a kernel.
  void call(const std::string &name, std::vector<MemRef> arguments);

  /// The same with tensors that are on the host: what the entry writes is there
  /// when it returns.
  void callWithHostTensors(const std::string &name,
                           std::vector<MemRef> arguments);

private:
  /// An entry, and its memory for temporaries.
  struct Bound {
    Program::Entry entry;
    DeviceMemory memory;
    std::optional<MemRef> arena;
  };
  Bound &bind(const std::string &name);

  Program program;
  std::unique_ptr<Device> place;
  std::map<std::string, Bound> bound; ///< by name, once called
};

} // namespace gpt2
