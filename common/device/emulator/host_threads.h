//===- host_threads.h - Threads that help whoever launches --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace gpt2 {

/// Threads that are made when they are first needed, and kept.
class HostThreads {
public:
  HostThreads() = default;
  /// Ends them.
  ~HostThreads();
  HostThreads(const HostThreads &) = delete;
  HostThreads &operator=(const HostThreads &) = delete;

  /// Calls `work` with 0 on this thread and with 1 to `workers` - 1 on others,
  /// all at once; returns when all have returned. `work` must not throw. Calls
  /// must follow each other.
  void run(unsigned workers, const std::function<void(unsigned)> &work);

private:
  void help(unsigned worker, uint64_t seen);

  std::mutex mutex;
  std::condition_variable starts, ends;
  const std::function<void(unsigned)> *work = nullptr;
  uint64_t round = 0;   ///< calls of run() so far
  unsigned workers = 0; ///< of this round
  unsigned busy = 0;    ///< that have not returned
  bool isClosing = false;
  std::vector<std::thread> helpers; ///< worker i + 1
};

} // namespace gpt2
