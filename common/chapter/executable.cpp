//===- executable.cpp - A compiled program and what it runs on ----------===//
#include "chapter/executable.h"
#include "device/emulated_device.h"
#include "device/host_device.h"

#include <algorithm>
#include <thread>

namespace gpt2 {

Executable::Executable(std::string_view object, const GpuTarget &gpu)
    : program(object) {
  auto *kernels = static_cast<const EmulatedKernel *>(
      program.find("gpt2_emulated_kernels"));
  if (!kernels)
    place = std::make_unique<HostDevice>();
  else
    place = std::make_unique<EmulatedDevice>(
        kernels, gpu.subgroupSize(),
        std::max(1u, std::thread::hardware_concurrency()));
}

void Executable::call(const std::string &name, std::vector<MemRef> arguments) {
  auto arena = arenas.find(name);
  auto *bytes =
      static_cast<const int64_t *>(program.find(name + "_arena_bytes"));
  if (bytes && arena == arenas.end()) {
    auto *memory = static_cast<char *>(
        place->allocate(static_cast<size_t>(*bytes), "temporaries"));
    arena = arenas.emplace(name, MemRef(memory, {*bytes})).first;
  }
  if (bytes)
    arguments.push_back(arena->second);
  Device::Use use(*place);
  program.entry(name)(arguments);
  place->synchronize();
}

void Executable::callWithHostTensors(const std::string &name,
                                     std::vector<MemRef> arguments) {
  std::vector<MemRef> onDevice;
  for (size_t i = 0; i < arguments.size(); ++i)
    onDevice.push_back(arguments[i].at(
        place->share(arguments[i].data(), arguments[i].bytes(),
                     "argument " + std::to_string(i) + " of @" + name)));
  call(name, onDevice);
  for (size_t i = 0; i < arguments.size(); ++i) {
    place->copy(arguments[i].data(), onDevice[i].data(), arguments[i].bytes());
    place->free(onDevice[i].data());
  }
}

} // namespace gpt2
