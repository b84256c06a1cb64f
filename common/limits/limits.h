//===- limits.h - What this machine's cores and memory can do -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The yardsticks beside which a chapter's times are read: a loop that does
// nothing but one thing, as fast as the machine allows. Nothing of LLVM and
// nothing of the chapters is in it.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace gpt2 {

/// What all threads together reach; the best of several tries, since whatever
/// disturbs a loop makes it slower.
struct Limits {
  int threads = 1;
  std::string vectors; ///< the instructions used: "AVX-512", "NEON", ...
  double clock = 0;    ///< cycles/s of one core that is busy
  double fma = 0;      ///< f32 multiply-adds/s
  /// Multiply-adds/s of dot-product instructions, where the CPU has them:
  /// bf16 products added to f32, u8 times s8 added to i32.
  std::optional<double> dotBf16, dotInt8;
  double bytes = 0; ///< size of the buffer that was read
  double read = 0;  ///< bytes/s read from it, again and again
};

/// Seconds since some moment; never goes back.
using Stopwatch = std::function<double()>;
double secondsNow();

/// Measures with `threads` threads; takes about half a second and the time in
/// which a buffer of `bytes` is read ten times. `now` is never asked by two
/// threads at once.
Limits measureLimits(int threads, int64_t bytes,
                     const Stopwatch &now = secondsNow);

/// What of `limits` no CPU of today does at the clock measured, as a sentence:
/// the machine was given to others while its clock was measured. Empty if all
/// is well.
std::string whatIsImplausible(const Limits &limits);

/// Twelve sums of one kind, each a vector, added up `iterations` times; returns
/// the total of their first lanes.
struct PeakLoop {
  const char *name = "";
  double multiplyAdds = 0; ///< of one iteration
  double (*run)(int64_t iterations) = nullptr;
};

/// The loops for this CPU; one without `run` has no instruction here.
struct PeakLoops {
  PeakLoop fma, dotBf16, dotInt8;
};
PeakLoops peakLoops();

/// The sum of `count` numbers at a multiple of 64 bytes, read with the widest
/// vectors there are; `count` is a multiple of 32.
uint64_t sumOf(const uint64_t *data, int64_t count);

} // namespace gpt2
