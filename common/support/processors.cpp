//===- processors.cpp - How much of a machine is ours -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/processors.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

#include <sched.h>

namespace gpt2 {
namespace {

/// Those that the scheduler may put this process on.
int processorsByAffinity() {
  constexpr size_t most = 8192; // of Linux on x86-64
  cpu_set_t *set = CPU_ALLOC(most);
  int count = 0;
  if (set && sched_getaffinity(0, CPU_ALLOC_SIZE(most), set) == 0)
    count = CPU_COUNT_S(CPU_ALLOC_SIZE(most), set);
  CPU_FREE(set);
  return count > 0 ? count
                   : static_cast<int>(std::thread::hardware_concurrency());
}

/// What a file says like "150000 100000": so much time in each so much; none if
/// it is "max", or not there.
std::optional<int> processorsOfLimit(const std::filesystem::path &file) {
  std::ifstream stream(file);
  double time = 0, period = 0;
  if (!(stream >> time >> period) || !(time > 0) || !(period > 0))
    return std::nullopt;
  return static_cast<int>(std::ceil(std::min(time / period, 1e6)));
}

} // namespace

std::optional<int> processorsOfControlGroup(const std::filesystem::path &group,
                                            const std::filesystem::path &root) {
  std::ifstream stream(group);
  std::string line;
  while (std::getline(stream, line) && !line.starts_with("0::/"))
    ;
  if (!stream)
    return std::nullopt;
  // A container may see its own group as the root, or a name that lies outside
  // of what it has mounted.
  std::filesystem::path own = line.substr(std::string("0::/").size());
  std::optional<int> least;
  for (std::filesystem::path at = root / own;; at = at.parent_path()) {
    if (std::optional<int> limit = processorsOfLimit(at / "cpu.max"))
      least = std::min(least.value_or(*limit), *limit);
    if (at == root || at == at.parent_path())
      return least;
  }
}

int availableProcessors() {
  int count = processorsByAffinity();
  if (auto limit =
          processorsOfControlGroup("/proc/self/cgroup", "/sys/fs/cgroup"))
    count = std::min(count, *limit);
  return std::max(count, 1);
}

} // namespace gpt2
