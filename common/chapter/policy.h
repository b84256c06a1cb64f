//===- policy.h - Which programs are worth compiling --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace gpt2 {

/// Steps of one size, as a server has seen them.
struct StepsSeen {
  int64_t tokens;   ///< of each
  double perSecond; ///< how many, lately
  double seconds;   ///< that one takes the general program, median
  bool hasProgram;  ///< of its own, or one was tried
};

/// What a policy may use.
struct Observations {
  std::vector<StepsSeen> steps; ///< by size, from the smallest
  int64_t generalRows;   ///< in whose multiples the general program computes
  double compileSeconds; ///< that a program costs
};

/// The size of steps for which to compile a program next; none if none is worth
/// it.
using Policy = std::function<std::optional<int64_t>(const Observations &)>;

} // namespace gpt2
