//===- pipeline_test.cpp - What chapter 1's page says of its memory -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "declaration.h"

#include <gmock/gmock.h>

#include <sstream>

using namespace gpt2;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

TEST(Pipeline, BuffersAreFewAndNothingIsCopied) {
  std::string text =
      emit(compileRequest({ch01_baseline::chapter(), Config()}), "bufferized");
  EXPECT_THAT(text, Not(HasSubstr("memref.copy")));
  EXPECT_THAT(text, Not(HasSubstr("bufferization.")));
  EXPECT_THAT(text, Not(HasSubstr("tensor")));
  // All buffers are made at the top of @forward, before the loop over layers,
  // and freed at its end. None has a size but the number of tokens open.
  int allocations = 0, deallocations = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("memref.dealloc") != std::string::npos)
      ++deallocations;
    if (line.find("memref.alloc(") == std::string::npos)
      continue;
    ++allocations;
    EXPECT_EQ(line.find_first_not_of(' '), 4u) << line;
    EXPECT_THAT(line, HasSubstr("memref<?"));
    EXPECT_EQ(line.find("x?"), std::string::npos) << line;
  }
  EXPECT_GT(allocations, 0);
  EXPECT_EQ(allocations, deallocations);
}

} // namespace
