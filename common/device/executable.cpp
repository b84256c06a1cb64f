//===- executable.cpp - A compiled program and what it runs on ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/executable.h"
#include "device/emulator/emulated_device.h"
#include "device/gpu/gpu_device.h"
#include "device/host_device.h"
#include "support/error.h"

namespace gpt2 {

namespace {

/// A variable of a program; null if it has none of that name.
template <typename T>
const T *find(const Symbols &symbols,
              const program_abi::Variable<T> &variable) {
  return static_cast<const T *>(symbols(variable.name));
}

std::unique_ptr<Device> deviceFor(const Symbols &symbols) {
  if (auto *kernels = find(symbols, program_abi::emulatedKernels))
    return std::make_unique<EmulatedDevice>(
        kernels, *find(symbols, program_abi::subgroupSize),
        static_cast<unsigned>(availableThreads()));
  if (const void *image = find(symbols, program_abi::gpuImage)) {
    std::string_view chip = find(symbols, program_abi::gpuChip);
    std::unique_ptr<Driver> driver =
        chip.starts_with("sm_") ? openCuda() : openHip();
    if (const void *cubin = find(symbols, program_abi::gpuCubin);
        cubin && chip == driver->chip())
      image = cubin;
    return std::make_unique<GpuDevice>(std::move(driver), image);
  }
  return std::make_unique<HostDevice>();
}

/// As the program says it; if it says nothing, F32.
ElementType typeBy(const int32_t *bits) {
  return bits && *bits == 16 ? ElementType::BF16 : ElementType::F32;
}

} // namespace

Executable::Executable(Symbols given)
    : symbols(std::move(given)), place(deviceFor(symbols)) {}

Executable::Executable(Symbols given, std::unique_ptr<Device> device)
    : symbols(std::move(given)), place(std::move(device)) {}

bool Executable::has(const std::string &name) const {
  return symbols(program_abi::entryPrefix + name) != nullptr;
}

ElementType Executable::matrixType() const {
  return typeBy(find(symbols, program_abi::matrixBits));
}

ElementType Executable::cacheType() const {
  return typeBy(find(symbols, program_abi::cacheBits));
}

std::optional<PackedLayout> Executable::layoutOf(size_t number) const {
  if (const int64_t *words = find(symbols, program_abi::packedLayout(number)))
    return PackedLayout::decode(words);
  return std::nullopt;
}

bool Executable::dividesLoops() const {
  return find(symbols, program_abi::dividesLoops) != nullptr;
}

Executable::Bound &Executable::bind(const std::string &name) {
  if (auto found = bound.find(name); found != bound.end())
    return found->second;
  Bound fresh;
  fresh.entry = symbols(program_abi::entryPrefix + name);
  if (!fresh.entry)
    fail("the compiled program has no entry @", name);
  if (const int64_t *bytes = find(symbols, program_abi::arenaBytes(name))) {
    fresh.memory =
        allocateOn(*place, static_cast<size_t>(*bytes), "temporaries");
    fresh.arena.emplace(static_cast<char *>(fresh.memory.get()),
                        std::vector<int64_t>{*bytes});
  }
  return bound.emplace(name, std::move(fresh)).first->second;
}

void Executable::call(const std::string &name, std::vector<MemRef> arguments) {
  Bound &called = bind(name);
  if (called.arena)
    arguments.push_back(*called.arena);
  Device::Use use(*place);
  // Recorded launches have no times of their own.
  if (records && place->canRecord() && !place->timesLaunches())
    callOrReplay(called, arguments);
  else
    callEntry(called.entry, arguments);
  place->synchronize();
}

void Executable::callOrReplay(Bound &called, std::vector<MemRef> &arguments) {
  if (arguments != called.last) {
    called.recording.reset();
    called.last.clear(); // what cannot be called is never recorded
    callEntry(called.entry, arguments);
    called.last = arguments;
    return;
  }
  if (!called.recording) {
    place->beginRecording();
    callEntry(called.entry, arguments);
    called.recording = place->endRecording();
  }
  place->replay(called.recording.get());
}

void Executable::callWithHostTensors(const std::string &name,
                                     std::vector<MemRef> arguments) {
  std::vector<DeviceMemory> memory;
  std::vector<MemRef> onDevice;
  for (const MemRef &tensor : arguments) {
    memory.push_back(shareWith(*place, tensor.data(), tensor.bytes(),
                               "argument " + std::to_string(memory.size()) +
                                   " of @" + name));
    onDevice.push_back(tensor.at(memory.back().get()));
  }
  call(name, onDevice);
  for (size_t i = 0; i < arguments.size(); ++i)
    place->copy(arguments[i].data(), onDevice[i].data(), arguments[i].bytes());
}

} // namespace gpt2
