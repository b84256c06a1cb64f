//===- limits.cpp - What this machine's cores and memory can do ---------===//
#include "limits/limits.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace gpt2 {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Keeps `value`, and so what it was computed from, out of the optimiser's
/// reach.
template <typename T> void keep(T value) {
  static std::atomic<T> sink;
  sink.store(value, std::memory_order_relaxed);
}

/// Seconds of the fastest of `tries` tries in which all threads run
/// `work(thread)` at the same time, from the first's start to the last's end.
double fastest(int threads, int tries, const std::function<void(int)> &work) {
  double best = 0;
  Clock::time_point start;
  std::barrier ready(threads, [&]() noexcept { start = Clock::now(); });
  std::barrier done(threads, [&]() noexcept {
    double seconds = secondsSince(start);
    best = best == 0 ? seconds : std::min(best, seconds);
  });
  std::vector<std::jthread> pool;
  for (int thread = 0; thread < threads; ++thread)
    pool.emplace_back([&, thread] {
      for (int i = 0; i < tries; ++i) {
        ready.arrive_and_wait();
        work(thread);
        done.arrive_and_wait();
      }
    });
  pool.clear();
  return best;
}

/// Multiply-adds a second of all threads, in tries of about 10 ms.
double peak(const PeakLoop &loop, int threads) {
  int64_t turns = 1 << 12;
  double seconds = 0;
  while (seconds < 0.01) {
    turns *= 2;
    auto start = Clock::now();
    keep(loop.run(turns));
    seconds = secondsSince(start);
  }
  seconds = fastest(threads, 10, [&](int) { keep(loop.run(turns)); });
  return loop.multiplyAdds * static_cast<double>(turns) * threads / seconds;
}

/// Cycles a second: additions that wait for each other take one cycle each.
double clockRate() {
  constexpr int64_t additions = 1 << 24;
  double seconds = fastest(1, 10, [](int) {
    uint64_t x = 0;
    for (int64_t i = 0; i < additions / 8; ++i)
      for (int j = 0; j < 8; ++j) {
        x += 3;
        asm volatile("" : "+r"(x)); // one addition after another
      }
    keep(x);
  });
  return additions / seconds;
}

struct Free {
  void operator()(uint64_t *data) const { std::free(data); }
};

/// Bytes a second that all threads read of a buffer of `bytes`, each a part of
/// its own which it has touched first.
double readRate(int threads, int64_t bytes) {
  int64_t count = std::max<int64_t>(bytes / 8 / threads / 32, 1) * 32;
  std::vector<std::unique_ptr<uint64_t, Free>> parts(threads);
  for (auto &part : parts) {
    part.reset(static_cast<uint64_t *>(std::aligned_alloc(64, 8 * count)));
    if (!part)
      throw std::bad_alloc();
  }
  fastest(threads, 1,
          [&](int thread) { std::memset(parts[thread].get(), 1, 8 * count); });
  double total = 8.0 * static_cast<double>(count) * threads;
  int turns = std::max(1, static_cast<int>(64e6 / total));
  double seconds = fastest(threads, 10, [&](int thread) {
    for (int turn = 0; turn < turns; ++turn)
      keep(sumOf(parts[thread].get(), count));
  });
  return total * turns / seconds;
}

} // namespace

Limits measureLimits(int threads, int64_t bytes) {
  PeakLoops loops = peakLoops();
  auto optionalPeak = [&](const PeakLoop &loop) -> std::optional<double> {
    if (!loop.run)
      return std::nullopt;
    return peak(loop, threads);
  };
  Limits limits;
  limits.threads = threads;
  limits.vectors = loops.fma.name;
  limits.clock = clockRate();
  limits.fma = peak(loops.fma, threads);
  limits.dotBf16 = optionalPeak(loops.dotBf16);
  limits.dotInt8 = optionalPeak(loops.dotInt8);
  limits.clock = std::max(limits.clock, clockRate()); // it may change
  limits.bytes = static_cast<double>(bytes);
  limits.read = readRate(threads, bytes);
  return limits;
}

} // namespace gpt2
