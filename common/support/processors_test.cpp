//===- processors_test.cpp - How much of a machine is ours --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/files.h"
#include "support/processors.h"
#include "testing/test_files.h"

#include <gtest/gtest.h>

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace gpt2;
using namespace gpt2::testing;

namespace {

struct ControlGroup : ::testing::Test {
  TemporaryDirectory directory;

  void limit(const std::string &group, const std::string &text) {
    std::filesystem::create_directories(directory / "root" / group);
    writeFile(directory / "root" / group / "cpu.max", {text});
  }

  std::optional<int> processors(const std::string &lines) {
    writeFile(directory / "self", {lines});
    return processorsOfControlGroup(directory / "self", directory / "root");
  }
};

TEST_F(ControlGroup, APartOfAProcessorIsOne) {
  limit("a", "150000 100000\n");
  EXPECT_EQ(processors("0::/a\n"), 2);
  limit("a", "5000 100000\n");
  EXPECT_EQ(processors("0::/a\n"), 1);
  limit("a", "300000 100000\n");
  EXPECT_EQ(processors("0::/a\n"), 3);
}

TEST_F(ControlGroup, GroupsAroundItLimitIt) {
  limit("", "800000 100000\n");
  limit("a", "200000 100000\n");
  limit("a/b", "max 100000\n");
  limit("a/b/c", "400000 100000\n");
  EXPECT_EQ(processors("0::/a/b/c\n"), 2);
  EXPECT_EQ(processors("0::/\n"), 8);
  // In a container whose name for it is the host's.
  EXPECT_EQ(processors("0::/docker/1234\n"), 8);
}

TEST_F(ControlGroup, NoLimitIsNone) {
  EXPECT_EQ(processors("0::/a\n"), std::nullopt);
  limit("a", "max 100000\n");
  EXPECT_EQ(processors("0::/a\n"), std::nullopt);
  EXPECT_EQ(processors("4:cpu,cpuacct:/a\n"), std::nullopt) << "version 1";
  limit("", "100000 100000\n");
  EXPECT_EQ(processors("4:cpu,cpuacct:/a\n"), std::nullopt);
  EXPECT_EQ(processors("1:name=systemd:/b\n0::/a\n"), 1) << "both versions";
  EXPECT_EQ(processorsOfControlGroup(directory / "none", directory / "root"),
            std::nullopt);
}

// Whatever there is: a process that may use one, uses one.
TEST(Processors, OnlyThoseThatTheProcessMayUse) {
  EXPECT_GE(availableProcessors(), 1);
  pid_t child = fork();
  if (child == 0) {
    cpu_set_t all, one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof all, &all) != 0)
      _exit(3);
    int first = 0;
    while (!CPU_ISSET(first, &all))
      ++first;
    CPU_SET(first, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
      _exit(4);
    _exit(availableProcessors() == 1 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

} // namespace
