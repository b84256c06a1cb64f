//===- engine.h - A thread that computes what others ask for ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "serve/metrics.h"
#include "serve/scheduler.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace gpt2 {

struct EngineOptions : SchedulerOptions {
  size_t mostWaiting = 64; ///< requests that wait, behind those under way
  /// Called after each step, by the thread that computes.
  std::function<void(const StepShape &)> onStep = {};
};

/// Takes requests from any thread and computes them, in steps, on one of its
/// own, which divides loops among `threads`.
class Engine {
public:
  /// Keeps references to `forward` and `metrics`.
  Engine(Forward &forward, const EngineOptions &options, Metrics &metrics,
         int threads);
  /// Ends what is under way, as cancelled.
  ~Engine();

  /// The number by which to cancel it; none if too many wait, or no more are
  /// taken: then no function of the request is called.
  std::optional<Scheduler::Id> submit(Request request);
  /// The same for some that belong together: all, or none.
  std::optional<std::vector<Scheduler::Id>>
  submit(std::vector<Request> requests);
  /// Ends it before the next step; nothing happens if it has ended.
  void cancel(Scheduler::Id id);

  /// Takes no more requests, and returns when all have ended or `seconds` are
  /// over.
  void drain(double seconds);
  bool isDraining() const { return !takes; }

  /// Seconds until somebody who is refused should ask again.
  int secondsToWait() const;

private:
  void work(int threads);
  void takeOrders(std::unique_lock<std::mutex> &lock);
  void publish();

  const EngineOptions options;
  Metrics &metrics;
  std::atomic<bool> takes = true;
  std::mutex mutex;
  std::condition_variable changed, idle;
  std::deque<std::pair<Scheduler::Id, Request>> arrived;
  std::vector<Scheduler::Id> unwanted;
  Scheduler::Id nextId = 1;
  size_t waiting = 0; ///< in the scheduler, and `arrived`
  bool isIdle = true, mustEnd = false;
  std::unique_ptr<Scheduler> scheduler; ///< used by the thread alone
  std::thread thread;
};

} // namespace gpt2
