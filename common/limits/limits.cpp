//===- limits.cpp - What this machine's cores and memory can do ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "limits/limits.h"
#include "support/pages.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

namespace gpt2 {
namespace {

/// Keeps `value`, and so what it was computed from, out of the optimiser's
/// reach.
template <typename T> void keep(T value) {
  static std::atomic<T> sink;
  sink.store(value, std::memory_order_relaxed);
}

/// Seconds of the fastest of `tries` tries in which all threads run
/// `work(thread)` at the same time, from the first's start to the last's end.
double fastest(const Stopwatch &now, int threads, int tries,
               const std::function<void(int)> &work) {
  double best = 0, start = 0;
  std::barrier ready(threads, [&]() noexcept { start = now(); });
  std::barrier done(threads, [&]() noexcept {
    double seconds = now() - start;
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
double peak(const Stopwatch &now, const PeakLoop &loop, int threads) {
  int64_t iterations = 1 << 12;
  double seconds = 0;
  while (seconds < 0.01) {
    iterations *= 2;
    double start = now();
    keep(loop.run(iterations));
    seconds = now() - start;
  }
  seconds = fastest(now, threads, 10, [&](int) { keep(loop.run(iterations)); });
  return loop.multiplyAdds * static_cast<double>(iterations) * threads /
         seconds;
}

/// Cycles a second: additions that wait for each other take one cycle each.
double clockRate(const Stopwatch &now) {
  constexpr int64_t additions = 1 << 24;
  double seconds = fastest(now, 1, 10, [](int) {
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
double readRate(const Stopwatch &now, int threads, int64_t bytes) {
  int64_t count = std::max<int64_t>(bytes / 8 / threads / 32, 1) * 32;
  std::vector<std::unique_ptr<uint64_t, Free>> parts(threads);
  for (auto &part : parts) {
    part.reset(static_cast<uint64_t *>(std::aligned_alloc(64, 8 * count)));
    if (!part)
      throw std::bad_alloc();
    useLargePages(part.get(), 8 * count);
  }
  fastest(now, threads, 1,
          [&](int thread) { std::memset(parts[thread].get(), 1, 8 * count); });
  double total = 8.0 * static_cast<double>(count) * threads;
  int iterations = std::max(1, static_cast<int>(64e6 / total));
  double seconds = fastest(now, threads, 10, [&](int thread) {
    for (int iteration = 0; iteration < iterations; ++iteration)
      keep(sumOf(parts[thread].get(), count));
  });
  return total * iterations / seconds;
}

} // namespace

double secondsNow() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

Limits measureLimits(int threads, int64_t bytes, const Stopwatch &now) {
  PeakLoops loops = peakLoops();
  auto optionalPeak = [&](const PeakLoop &loop) -> std::optional<double> {
    if (!loop.run)
      return std::nullopt;
    return peak(now, loop, threads);
  };
  Limits limits;
  limits.threads = threads;
  limits.vectors = loops.fma.name;
  limits.clock = clockRate(now);
  limits.fma = peak(now, loops.fma, threads);
  limits.dotBf16 = optionalPeak(loops.dotBf16);
  limits.dotInt8 = optionalPeak(loops.dotInt8);
  limits.clock = std::max(limits.clock, clockRate(now)); // it may change
  limits.bytes = static_cast<double>(bytes);
  limits.read = readRate(now, threads, bytes);
  return limits;
}

std::string whatIsImplausible(const Limits &limits) {
  // Two units of 512 bits do 32 f32 multiply-adds a cycle, 64 of bf16 and 128
  // of int8; two loads take 128 bytes. A clock that changes meanwhile may add a
  // quarter.
  double cycles = 1.25 * limits.clock * limits.threads;
  struct Bound {
    const char *what;
    double rate, aCycle;
  };
  for (auto [what, rate, aCycle] :
       {Bound{"f32 multiply-adds", limits.fma, 32},
        Bound{"bf16 multiply-adds", limits.dotBf16.value_or(0), 64},
        Bound{"int8 multiply-adds", limits.dotInt8.value_or(0), 128},
        Bound{"bytes read", limits.read, 128}})
    if (rate > aCycle * cycles) {
      std::ostringstream text;
      text << rate / limits.threads / limits.clock << ' ' << what
           << " a cycle and thread, where " << aCycle
           << " are the most that a CPU of today does: the machine was busy "
              "with other work while its clock was measured; measure again";
      return text.str();
    }
  return "";
}

} // namespace gpt2
