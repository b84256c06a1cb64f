//===- connection.h - Threads that talk to clients ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <httplib.h>

namespace gpt2 {

/// A thread for each connection, up to a number; more connections wait. One
/// that says nothing holds up nobody else.
class ConnectionThreads : public httplib::TaskQueue {
public:
  explicit ConnectionThreads(size_t most) : most(most) {}

  void enqueue(std::function<void()> task) override;
  void shutdown() override;

private:
  void work();

  const size_t most;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> tasks;
  std::vector<std::thread> threads;
  size_t idle = 0;
  bool mustEnd = false;
};

/// Whether the client of a request that is being answered is still there. The
/// library does not say, so its socket is looked for by its address.
class ClientWatch {
public:
  explicit ClientWatch(const httplib::Request &request);
  bool hasLeft() const;

private:
  int socket = -1; ///< not ours
};

} // namespace gpt2
