//===- host_threads.cpp - Threads that help whoever launches ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/emulator/host_threads.h"

namespace gpt2 {

HostThreads::~HostThreads() {
  {
    std::lock_guard lock(mutex);
    isClosing = true;
  }
  starts.notify_all();
  for (std::thread &helper : helpers)
    helper.join();
}

void HostThreads::run(unsigned count,
                      const std::function<void(unsigned)> &function) {
  if (count > 1) {
    std::lock_guard lock(mutex);
    while (helpers.size() + 1 < count)
      helpers.emplace_back(&HostThreads::help, this, helpers.size() + 1, round);
    work = &function;
    workers = count;
    busy = count - 1;
    ++round;
    starts.notify_all();
  }
  function(0);
  std::unique_lock lock(mutex);
  ends.wait(lock, [&] { return busy == 0; });
}

/// Takes part in what comes after `seen`.
void HostThreads::help(unsigned worker, uint64_t seen) {
  std::unique_lock lock(mutex);
  for (;;) {
    starts.wait(lock, [&] { return isClosing || round != seen; });
    if (isClosing)
      return;
    seen = round;
    if (worker >= workers)
      continue;
    lock.unlock();
    (*work)(worker);
    lock.lock();
    if (--busy == 0)
      ends.notify_one();
  }
}

} // namespace gpt2
