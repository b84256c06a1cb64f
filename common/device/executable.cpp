//===- executable.cpp - A compiled program and what it runs on ----------===//
#include "device/executable.h"
#include "device/emulator/emulated_device.h"
#include "device/gpu/gpu_device.h"
#include "device/host_device.h"
#include "support/error.h"

namespace gpt2 {

namespace {

std::unique_ptr<Device> deviceFor(const Symbols &symbols) {
  if (auto *kernels =
          static_cast<const EmulatedKernel *>(symbols("gpt2_emulated_kernels")))
    return std::make_unique<EmulatedDevice>(
        kernels, *static_cast<const uint32_t *>(symbols("gpt2_subgroup_size")),
        static_cast<unsigned>(availableThreads()));
  if (const void *image = symbols("gpt2_gpu_image")) {
    std::string_view chip = static_cast<const char *>(symbols("gpt2_gpu_chip"));
    std::unique_ptr<Driver> driver =
        chip.starts_with("sm_") ? openCuda() : openHip();
    if (const void *cubin = symbols("gpt2_gpu_cubin");
        cubin && chip == driver->chip())
      image = cubin;
    return std::make_unique<GpuDevice>(std::move(driver), image);
  }
  return std::make_unique<HostDevice>();
}

/// As the program says it; if it says nothing, F32.
ElementType typeBy(const Symbols &symbols, const char *bitsName) {
  auto *bits = static_cast<const int32_t *>(symbols(bitsName));
  return bits && *bits == 16 ? ElementType::BF16 : ElementType::F32;
}

} // namespace

Executable::Executable(Symbols given)
    : symbols(std::move(given)), place(deviceFor(symbols)) {}

Executable::Executable(Symbols given, std::unique_ptr<Device> device)
    : symbols(std::move(given)), place(std::move(device)) {}

bool Executable::has(const std::string &name) const {
  return symbols(entryPrefix + name) != nullptr;
}

ElementType Executable::matrixType() const {
  return typeBy(symbols, "gpt2_weight_bits");
}

ElementType Executable::cacheType() const {
  return typeBy(symbols, "gpt2_cache_bits");
}

std::optional<Executable::Layout> Executable::layoutOf(size_t i) const {
  auto factsOf = [&](const std::string &name) {
    return static_cast<const int64_t *>(symbols(name + std::to_string(i)));
  };
  const int64_t *facts = factsOf("gpt2_prepared_");
  if (!facts)
    return std::nullopt;
  Layout layout;
  layout.type = facts[0] == 8    ? ElementType::I8
                : facts[0] == 16 ? ElementType::BF16
                                 : ElementType::F32;
  layout.rows = facts[1];
  layout.shape.assign(facts + 3, facts + 3 + facts[2]);
  auto vectorOf = [&](const char *name) -> std::optional<Layout::Vector> {
    const int64_t *vector = factsOf(name);
    if (!vector)
      return std::nullopt;
    return Layout::Vector{vector[0], {vector + 2, vector + 2 + vector[1]}};
  };
  layout.scales = vectorOf("gpt2_scales_");
  layout.sums = vectorOf("gpt2_sums_");
  return layout;
}

Executable::Bound &Executable::bind(const std::string &name) {
  if (auto found = bound.find(name); found != bound.end())
    return found->second;
  Bound fresh;
  fresh.entry = symbols(entryPrefix + name);
  if (!fresh.entry)
    fail("the compiled program has no entry @", name);
  if (auto *bytes =
          static_cast<const int64_t *>(symbols(name + "_arena_bytes"))) {
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
    called.last = arguments;
    called.recording.reset();
    callEntry(called.entry, arguments);
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
