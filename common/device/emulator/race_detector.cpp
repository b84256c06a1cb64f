//===- race_detector.cpp - Who used shared memory since the last barrier ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/emulator/race_detector.h"

#include <algorithm>
#include <bit>

namespace gpt2 {
namespace {

constexpr unsigned largestGranuleShift = 4; // 16 bytes: the widest access

/// Each of the first `count` entries as often as it has parts now.
template <typename T>
void split(std::vector<T> &entries, size_t count, size_t parts) {
  if (entries.size() < count * parts)
    entries.resize(count * parts);
  for (size_t i = count; i-- > 0;)
    std::fill_n(entries.begin() + i * parts, parts, T(entries[i]));
}

} // namespace

RaceDetector::RaceDetector(unsigned subgroupSize)
    : subgroupShift(std::countr_zero(subgroupSize)),
      subgroupBits(oneTime - subgroupSize) {}

void RaceDetector::prepare(size_t bytes, unsigned threads) {
  barrier(); // what is noted is past
  granuleShift = largestGranuleShift;
  count = (bytes + (1 << granuleShift) - 1) >> granuleShift;
  granules.resize(std::max(granules.size(), count));
  unusual = (size_t{1} << granuleShift) - 1;
  atomics.clear();
  lastExchange.assign(((threads - 1) >> subgroupShift) + 1, 0);
}

std::optional<RaceDetector::Race>
RaceDetector::findRace(size_t granule, Use use, Access access) const {
  const Granule &kept = granules[granule];
  if (races(kept.write, use))
    return Race{threadOf(kept.write), Access::Write};
  if (access != Access::Read)
    for (Use read : kept.reads)
      if (races(read, use))
        return Race{threadOf(read), Access::Read};
  if (access != Access::Atomic && !atomics.empty())
    for (Use atomic : atomics[granule])
      if (races(atomic, use))
        return Race{threadOf(atomic), Access::Atomic};
  return std::nullopt;
}

std::optional<RaceDetector::Race> RaceDetector::useSlowly(size_t offset,
                                                          size_t bytes,
                                                          unsigned thread,
                                                          Access access) {
  size_t places = offset | bytes;
  if ((places & ((size_t{1} << granuleShift) - 1)) != 0)
    refine(places);
  if (access == Access::Atomic && atomics.empty())
    atomics.resize(count);
  unusual = atomics.empty() ? (size_t{1} << granuleShift) - 1 : ~size_t{0};
  Use use = now | thread;
  size_t end = (offset + bytes) >> granuleShift;
  for (size_t granule = offset >> granuleShift; granule < end; ++granule) {
    if (std::optional<Race> race = findRace(granule, use, access))
      return race;
    if (access == Access::Read)
      keep(granules[granule].reads, use);
    else if (access == Access::Write)
      granules[granule].write = use;
    else
      keep(atomics[granule], use);
  }
  return std::nullopt;
}

/// Makes granules so small that each of `places`, or-ed, is a multiple of them.
void RaceDetector::refine(size_t places) {
  auto shift = static_cast<unsigned>(std::countr_zero(places));
  size_t parts = size_t{1} << (granuleShift - shift);
  split(granules, count, parts);
  if (!atomics.empty())
    split(atomics, count, parts);
  count *= parts;
  granuleShift = shift;
}

} // namespace gpt2
