//===- host_device_test.cpp - How many threads divide loops -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/host_device.h"

#include <gtest/gtest.h>

#include <thread>

using namespace gpt2;

namespace {

/// How many OpenMP would start for a loop of a program on `device`, called from
/// this thread.
int threadsFor(Device &device) {
  int (*most)() = nullptr;
  openMp().find(most, "omp_get_max_threads");
  Device::Use use(device);
  return most();
}

/// The same from a thread that has not run anything before.
int threadsElsewhere(Device &device, int here = 0) {
  int count = 0;
  std::thread([&] {
    if (here > 0)
      useThreadsHere(here);
    count = threadsFor(device);
  }).join();
  return count;
}

TEST(HostDevice, DividesLoopsAlikeWhoeverCalls) {
  HostDevice before;
  useThreads(3);
  HostDevice behind;
  EXPECT_EQ(threadsFor(before), 3);
  EXPECT_EQ(threadsFor(behind), 3);
  EXPECT_EQ(threadsElsewhere(before), 3);
  EXPECT_EQ(threadsElsewhere(behind), 3);
  EXPECT_EQ(threadsElsewhere(behind, 5), 5) << "what it said itself";
  EXPECT_EQ(threadsFor(behind), 3) << "which is for itself alone";
  useThreads(1);
  EXPECT_EQ(threadsElsewhere(before), 1);
  EXPECT_EQ(threadsFor(before), 1);
}

} // namespace
