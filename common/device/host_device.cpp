//===- host_device.cpp - The CPU as a device ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/host_device.h"
#include "support/error.h"
#include "support/pages.h"
#include "support/processors.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

/// What compiled programs call to divide a loop; no other runtime has it.
extern "C" void __kmpc_fork_call(void *, int, void *, ...);

namespace gpt2 {

namespace {

std::atomic<int> threads = 1;
thread_local int threadsHere = 0; ///< 0: as many as `threads`

/// OpenMP keeps the number for each thread that starts others, and another for
/// those that have not been told.
void tellOpenMp(int count) {
  static void (*const setThreads)(int) = [] {
    void (*function)(int) = nullptr;
    openMp().find(function, "omp_set_num_threads");
    return function;
  }();
  setThreads(count);
}

} // namespace

const DynamicLibrary &openMp() {
  static const DynamicLibrary library = DynamicLibrary::holding(
      reinterpret_cast<void *>(&__kmpc_fork_call), "OpenMP runtime");
  return library;
}

void useThreads(int count) { threads = count; }

void useThreadsHere(int count) { threadsHere = count; }

int availableThreads() { return availableProcessors(); }

void HostDevice::enter() {
  tellOpenMp(threadsHere > 0 ? threadsHere : threads.load());
}

void *HostDevice::allocate(size_t bytes, const std::string &name) {
  constexpr size_t alignment = 64; // a cache line, and the widest vector
  size_t size = (bytes + alignment) / alignment * alignment;
  std::unique_ptr<char, void (*)(void *)> data(
      static_cast<char *>(std::aligned_alloc(alignment, size)), std::free);
  if (!data)
    fail("no memory for ", name, ", ", bytes, " bytes");
  void *address = data.get();
  memory.emplace(address, std::move(data));
  return address;
}

void *HostDevice::share(void *data, size_t, const std::string &) {
  return data;
}

void HostDevice::expectReads(void *data, size_t bytes) {
  useLargePages(data, bytes);
}

void HostDevice::free(void *data) { memory.erase(data); }

void HostDevice::copy(void *to, const void *from, size_t bytes) {
  if (bytes > 0) // else both may be null
    std::memmove(to, from, bytes);
}

void HostDevice::start(const std::string &kernel, Dim3, Dim3, void **) {
  fail("the CPU cannot launch kernel @", kernel);
}

} // namespace gpt2
