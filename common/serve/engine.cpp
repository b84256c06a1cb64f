//===- engine.cpp - A thread that computes what others ask for ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/engine.h"
#include "device/host_device.h"

#include <chrono>
#include <cmath>

namespace gpt2 {

Engine::Engine(Forward &forward, const EngineOptions &options, Metrics &metrics,
               int threads)
    : options(options), metrics(metrics),
      scheduler(std::make_unique<Scheduler>(forward, options)),
      thread([this, threads] { work(threads); }) {}

Engine::~Engine() {
  {
    std::lock_guard lock(mutex);
    takes = false;
    mustEnd = true;
  }
  changed.notify_all();
  thread.join();
}

std::optional<std::vector<Scheduler::Id>>
Engine::submit(std::vector<Request> requests) {
  std::vector<Scheduler::Id> ids;
  {
    std::lock_guard lock(mutex);
    // Who finds nobody waiting is taken, with as many requests as it has.
    if (!takes ||
        (waiting > 0 && waiting + requests.size() > options.mostWaiting)) {
      metrics.countRefused();
      return std::nullopt;
    }
    for (Request &request : requests) {
      ids.push_back(nextId);
      arrived.emplace_back(nextId++, std::move(request));
      ++waiting;
    }
    isIdle = false;
  }
  changed.notify_one();
  return ids;
}

std::optional<Scheduler::Id> Engine::submit(Request request) {
  std::vector<Request> one;
  one.push_back(std::move(request));
  auto ids = submit(std::move(one));
  return ids ? std::optional(ids->front()) : std::nullopt;
}

void Engine::cancel(Scheduler::Id id) {
  {
    std::lock_guard lock(mutex);
    unwanted.push_back(id);
  }
  changed.notify_one();
}

void Engine::drain(double seconds) {
  std::unique_lock lock(mutex);
  takes = false;
  idle.wait_for(lock, std::chrono::duration<double>(seconds),
                [this] { return isIdle; });
}

int Engine::secondsToWait() const {
  return std::max(1, static_cast<int>(std::ceil(metrics.secondsOfARequest())));
}

/// Hands over what other threads want; `lock` is open meanwhile, since what is
/// told of it may lead back here.
void Engine::takeOrders(std::unique_lock<std::mutex> &lock) {
  std::deque<std::pair<Scheduler::Id, Request>> requests;
  std::vector<Scheduler::Id> ends;
  std::swap(requests, arrived);
  std::swap(ends, unwanted);
  lock.unlock();
  for (auto &[id, request] : requests)
    scheduler->add(id, std::move(request));
  for (Scheduler::Id id : ends)
    scheduler->cancel(id);
  lock.lock();
}

/// Says how far it is; with the lock.
void Engine::publish() {
  waiting = arrived.size() + scheduler->waiting();
  isIdle = arrived.empty() && unwanted.empty() && scheduler->isIdle();
  metrics.setTexts(scheduler->underWay(), waiting, scheduler->keptTexts());
}

void Engine::work(int threads) {
  useThreadsHere(threads); // whatever others compute
  std::unique_lock lock(mutex);
  while (!mustEnd) {
    takeOrders(lock);
    publish();
    if (isIdle) {
      idle.notify_all();
      changed.wait(lock, [this] {
        return mustEnd || !arrived.empty() || !unwanted.empty();
      });
      continue;
    }
    lock.unlock();
    StepShape shape = scheduler->step();
    if (shape.rows() > 0) {
      metrics.count(shape);
      if (options.onStep)
        options.onStep(shape);
    }
    lock.lock();
  }
  takeOrders(lock);
  lock.unlock();
  scheduler->cancelAll();
  lock.lock();
  publish();
  idle.notify_all();
}

} // namespace gpt2
