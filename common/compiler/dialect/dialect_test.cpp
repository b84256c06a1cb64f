//===- dialect_test.cpp - Misspelt and misplaced attributes -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "testing/run_pipeline.h"

#include <gmock/gmock.h>

using namespace gpt2::testing;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

namespace {

/// What parsing `text` says.
std::string parsed(const std::string &text) {
  return runPipeline(text, "canonicalize");
}

std::string withArgument(const std::string &type,
                         const std::string &attribute) {
  return parsed("func.func private @f(%x: index, %w: " + type + " {" +
                attribute + "}) { return }");
}

TEST(Attributes, AreRight) {
  for (const char *attribute :
       {"gpt2.matrix", "gpt2.cache", "gpt2.embedding", "gpt2.lm_head",
        "gpt2.shape = \"L x 3C\"", "gpt2.shape = \"W0 x 2W12\"",
        "gpt2.shape = \"1 x T\"", "gpt2.scales = array<i64: 0, 1>"})
    EXPECT_THAT(withArgument("tensor<?x?xf32>", attribute),
                Not(StartsWith("failed")));
  EXPECT_THAT(withArgument("index", "gpt2.size = \"H\""),
              Not(StartsWith("failed")));
}

TEST(Attributes, MisspeltOnesAreErrors) {
  EXPECT_THAT(withArgument("tensor<?x?xf32>", "gpt2.matirx"),
              HasSubstr("argument 1: no attribute gpt2.matirx belongs to an "
                        "argument; there are: gpt2.shape, gpt2.size, "
                        "gpt2.matrix"));
  EXPECT_THAT(parsed("func.func @f() attributes {gpt2.contxt = 3 : index} { "
                     "return }"),
              HasSubstr("no attribute gpt2.contxt belongs to a function; there "
                        "are: gpt2.context"));
  EXPECT_THAT(parsed("func.func @f() -> f32 { %c = arith.constant "
                     "{gpt2.name = \"a\"} 1.0 : f32\n return %c : f32 }"),
              HasSubstr("no attribute gpt2.name belongs to an operation"));
}

TEST(Attributes, MisplacedOnesAreErrors) {
  EXPECT_THAT(withArgument("f32", "gpt2.matrix"),
              HasSubstr("gpt2.matrix is for a tensor, not for 'f32'"));
  EXPECT_THAT(withArgument("tensor<?xf32>", "gpt2.size = \"H\""),
              HasSubstr("gpt2.size is for an index, not for 'tensor<?xf32>'"));
  EXPECT_THAT(withArgument("tensor<?x?xf32>", "gpt2.op = \"linear\""),
              HasSubstr("no attribute gpt2.op belongs to an argument"));
  EXPECT_THAT(parsed("func.func @f() attributes {gpt2.matrix} { return }"),
              HasSubstr("no attribute gpt2.matrix belongs to a function"));
  EXPECT_THAT(parsed("func.func @f() { return {gpt2.unroll} }"),
              HasSubstr("gpt2.unroll is for loops"));
  EXPECT_THAT(parsed("func.func @f() { return {gpt2.constant = \"a\"} }"),
              HasSubstr("gpt2.constant is for constants"));
}

TEST(Attributes, WrongValuesAreErrors) {
  for (const char *shape :
       {"\"L x\"", "\"l x C\"", "\"L, C\"", "\"\"", "2", "\"CC x L\""})
    EXPECT_THAT(
        withArgument("tensor<?x?xf32>", std::string("gpt2.shape = ") + shape),
        HasSubstr("expected sizes like \"L x C x 3C\""))
        << shape;
  EXPECT_THAT(withArgument("tensor<?x?xf32>", "gpt2.shape = \"L x C x F\""),
              HasSubstr("gpt2.shape has 3 sizes for 'tensor<?x?xf32>'"));
  EXPECT_THAT(withArgument("tensor<?x?xf32>", "gpt2.matrix = true"),
              HasSubstr("gpt2.matrix = true; expected no value"));
  EXPECT_THAT(withArgument("tensor<?x?xf32>", "gpt2.sums = array<i64: 1>"),
              HasSubstr("expected an argument and a dimension"));
  EXPECT_THAT(parsed("func.func @f() attributes {gpt2.context = 0 : index} { "
                     "return }"),
              HasSubstr("expected a number above 0"));
}

} // namespace
