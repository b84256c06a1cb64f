//===- pages_test.cpp - What the kernel is told about memory ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/host_device.h"
#include "support/pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

using namespace gpt2;

namespace {

/// Whether Linux notes large pages as wanted for the mapping with `address`:
/// "hg" among the VmFlags of /proc/self/smaps.
bool wantsLargePages(const void *address) {
  auto wanted = reinterpret_cast<uintptr_t>(address);
  std::ifstream maps("/proc/self/smaps");
  bool isHere = false;
  for (std::string line; std::getline(maps, line);) {
    uintptr_t from = 0, to = 0;
    char dash = 0;
    std::istringstream range(line);
    if (range >> std::hex >> from >> dash >> to && dash == '-')
      isHere = from <= wanted && wanted < to;
    else if (isHere && line.starts_with("VmFlags:"))
      return line.find(" hg") != std::string::npos;
  }
  return false;
}

/// Whether this kernel knows the advice at all.
bool hasLargePages() {
  return access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK) == 0;
}

/// More than malloc ever takes from what was given back, and may have been
/// advised before. Nothing is written there.
constexpr size_t bytes = 64 << 20;

TEST(Pages, LargeOnesAreAskedFor) {
  if (!hasLargePages())
    GTEST_SKIP() << "this kernel has no large pages";
  HostDevice device;
  DeviceMemory plain = allocateOn(device, bytes, "a cache"),
               weights = allocateOn(device, bytes, "a matrix");
  device.expectReads(weights.get(), bytes);
  auto middle = [](const DeviceMemory &memory) {
    return static_cast<char *>(memory.get()) + bytes / 2;
  };
  EXPECT_TRUE(wantsLargePages(middle(weights)));
  EXPECT_FALSE(wantsLargePages(middle(plain)));
}

TEST(Pages, DroppedOnesAreZeroAndBordersStay) {
  auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void *mapped = mmap(nullptr, 4 * page, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  auto *data = static_cast<unsigned char *>(mapped);
  std::fill(data, data + 4 * page, 7);
  dropPages(data + 1, 4 * page - 2); // all but a byte of the first and last
  EXPECT_EQ(data[page - 1], 7);
  EXPECT_EQ(data[page], 0);
  EXPECT_EQ(data[3 * page - 1], 0);
  EXPECT_EQ(data[3 * page], 7);
  dropPages(data, page - 1); // no page is whole
  EXPECT_EQ(data[0], 7);
  munmap(mapped, 4 * page);
}

} // namespace
