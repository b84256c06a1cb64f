//===- connection.h - Threads that talk to clients ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
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

/// Counts those that are in.
class Occupancy {
public:
  /// One is in, until the last copy of what is returned goes.
  std::shared_ptr<void> enter();
  /// Waits until nobody is in, at most so long; whether nobody is.
  bool waitForNone(double seconds);

private:
  std::mutex mutex;
  std::condition_variable left;
  size_t inside = 0;
};

/// The client of a request that is being answered. The library does not tell
/// its socket, so that is looked for by its address.
class Client {
public:
  explicit Client(const httplib::Request &request);

  /// Whether it is no longer there.
  bool hasLeft() const;
  /// Answers, and hears no more of it, if it is still the same.
  void dismiss(const std::string &answer) const;
  const std::string &address() const { return its; }

private:
  std::string its;
  int socket = -1; ///< not ours
};

/// Ends the reading of requests that come more slowly than any client means to,
/// however little time is between two bytes.
class BodyDeadlines {
public:
  /// `answer`, HTTP's head and all, is for who takes longer than `seconds`.
  BodyDeadlines(double seconds, std::string answer);
  ~BodyDeadlines();

  /// The head of a request is there, and its body is being read.
  void begin(const httplib::Request &request);
  /// All of it is there.
  void end(const httplib::Request &request);

private:
  using Clock = std::chrono::steady_clock;
  void work();

  const std::chrono::duration<double> allowed;
  const std::string answer;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::pair<Clock::time_point, Client>> reading; ///< by their time
  bool mustEnd = false;
  std::thread thread;
};

} // namespace gpt2
