//===- host_device.h - The CPU as a device ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "device/device.h"
#include "device/dynamic_library.h"

#include <map>
#include <memory>

namespace gpt2 {

/// How many threads divide the loops of compiled programs from now on; 1 if
/// nothing is said. What they compute is the same for any number.
void useThreads(int count);

/// The same for programs that this thread calls, whatever others call.
void useThreadsHere(int count);

/// LLVM's OpenMP runtime, with which compiled programs divide loops. A process
/// may have others, and what is named omp_... may be theirs.
const DynamicLibrary &openMp();

/// How many can run at once here: see support/processors.h.
int availableThreads();

/// Memory of the host, and no kernels: for programs that are all host part.
class HostDevice : public Device {
public:
  std::string describe() const override { return "CPU"; }
  void *allocate(size_t bytes, const std::string &name) override;
  void *share(void *data, size_t bytes, const std::string &name) override;
  void expectReads(void *data, size_t bytes) override;
  void free(void *data) override;
  void copy(void *to, const void *from, size_t bytes) override;
  bool usesHostMemory() const override { return true; }

protected:
  [[noreturn]] void start(const std::string &kernel, Dim3 grid, Dim3 block,
                          void **arguments) override;
  void wait() override {}
  void enter() override;

private:
  std::map<void *, std::unique_ptr<char, void (*)(void *)>> memory;
};

} // namespace gpt2
