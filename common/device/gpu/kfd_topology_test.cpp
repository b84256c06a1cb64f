//===- kfd_topology_test.cpp - Which chip an AMD GPU is -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/gpu/kfd_topology.h"
#include "testing/pretended_driver.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

TEST(KfdTopology, KnowsTheChipAtAPlace) {
  KfdFolder topology;
  EXPECT_EQ(chipAt("0000:0d:00.0", topology.path()), "gfx1036");
  EXPECT_EQ(chipAt("0000:03:00.0", topology.path()), "gfx1100");
  EXPECT_EQ(chipAt("0001:03:00.0", topology.path()), "gfx942");
  // Device 1 on bus 43; HIP does not tell each function.
  EXPECT_EQ(chipAt("0000:43:01.0", topology.path()), "gfx90a");
  EXPECT_EQ(chipAt("0000:43:01.3", topology.path()), "gfx90a");
  // Domains that are not told may be any.
  EXPECT_EQ(chipAt("0002:43:01.0", topology.path()), "gfx90a");
  for (const char *other : {"0002:03:00.0", "0000:03:01.0", "0000:00:00.0"})
    EXPECT_THAT(errorOf([&] { chipAt(other, topology.path()); }),
                HasSubstr("does not tell which chip the GPU is, at PCI " +
                          std::string(other)));
  EXPECT_THAT(errorOf([&] { chipAt("", topology.path()); }),
              HasSubstr("does not tell"));
  EXPECT_THAT(errorOf([&] { chipAt("0000:03:00.0", "/no/such/folder"); }),
              HasSubstr("does not tell"));
}

} // namespace
