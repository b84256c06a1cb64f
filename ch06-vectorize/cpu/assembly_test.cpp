//===- assembly_test.cpp - What the hot loops are made of ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the assembly of the program for GPT-2 small, for CPUs that need not be
// this one: a loop over k is a multiply-add, or a dot product, for each of a
// tile's registers, what it reads, and nothing else.
//
//===----------------------------------------------------------------------===//
#include "chapter/conformance/chapter_test.h"
#include "compiler/schedule/schedule.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Regex.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;

namespace {

using Lines = std::vector<std::string>;

/// The bodies of the innermost loops of `assembly`: from a label to the first
/// jump back to it, with no other label in between.
std::vector<Lines> innermostLoops(const std::string &assembly) {
  std::vector<Lines> loops;
  std::string label;
  Lines body;
  llvm::Regex isLabel("^(\\.L[A-Za-z0-9_]+):"), jumps("^\tj[a-z]+\t(\\.L.+)$");
  llvm::SmallVector<llvm::StringRef> parts, groups;
  llvm::StringRef(assembly).split(parts, '\n');
  for (llvm::StringRef line : parts) {
    if (isLabel.match(line, &groups)) {
      label = groups[1].str();
      body.clear();
    } else if (jumps.match(line, &groups) && groups[1] == label) {
      loops.push_back(body);
    } else if (line.starts_with("\t") && !line.starts_with("\t.")) {
      body.push_back(line.str());
    }
  }
  return loops;
}

size_t countOf(const Lines &lines, const std::string &pattern) {
  llvm::Regex regex(pattern);
  return llvm::count_if(
      lines, [&](const std::string &line) { return regex.match(line); });
}

struct Family {
  const char *name;
  const char *cpu;      ///< LLVM's name
  const char *schedule; ///< that it gets
  const char *wide;     ///< what its vector registers are called
  int64_t lanes;        ///< floats in one
  ElementType weights = ElementType::F32;
  const char *instruction = "vfmadd"; ///< that products of weights are made of
};

struct AssemblyTest : ::testing::TestWithParam<Family> {};

TEST_P(AssemblyTest, SumsStayInRegisters) {
#ifndef __x86_64__
  GTEST_SKIP() << "this LLVM generates code for this CPU only";
#endif
  const Family &family = GetParam();
  Build build(tested().chapter, Config());
  build.target.cpu = family.cpu;
  build.formats.weights = family.weights;
  std::filesystem::path schedule = build.scheduleFiles().front();
  ASSERT_EQ(schedule.stem(), family.schedule);
  auto registersOf = [&](const char *rows, const char *columns) {
    return static_cast<size_t>(numberIn(schedule, rows) *
                               numberIn(schedule, columns) / family.lanes);
  };
  size_t ofProduct = registersOf("rows", "columns");
  size_t ofAttention = registersOf("keys", "queries");
  bool hasDots = family.weights != ElementType::F32;
  std::string fma = std::string("^\tvfmadd.*%") + family.wide;
  std::string dot =
      std::string("^\t") + family.instruction + ".*%" + family.wide;

  size_t products = 0, attention = 0, all = 0, dots = 0;
  for (const Lines &loop : innermostLoops(emit(compileRequest(build), "asm"))) {
    size_t multiplyAdds = countOf(loop, fma);
    if (hasDots && countOf(loop, dot)) {
      multiplyAdds = countOf(loop, dot);
      dots += multiplyAdds % ofProduct == 0;
    }
    // LLVM may take several k at once.
    bool isProduct = multiplyAdds && multiplyAdds % ofProduct == 0;
    bool isAttention = multiplyAdds && multiplyAdds % ofAttention == 0;
    // Other loops have multiply-adds too, for polynomials, among other things.
    if (!(isProduct || isAttention) ||
        countOf(loop, "^\tv(add|sub|mul|div|max|min|rnd|cvt)"))
      continue;
    std::string text = llvm::join(loop, "\n");
    size_t steps = multiplyAdds / (isProduct ? ofProduct : ofAttention);
    ++all;
    products += isProduct;
    attention += isAttention;
    // (An array on the stack has an index.)
    EXPECT_EQ(countOf(loop, "\\(%rsp\\)"), 0u) << "a spill in\n" << text;
    // A frame's pointer stays; what is counted up points to something else.
    bool isFrame = !countOf(loop, "^\t(add|sub|inc|lea)[a-z]*\t.*%rbp$");
    EXPECT_EQ(isFrame ? countOf(loop, "\\(%rbp\\)") : 0, 0u) << "a spill in\n"
                                                             << text;
    EXPECT_EQ(countOf(loop, "^\tv[a-z0-9]+ss\t"),
              countOf(loop, "^\tvbroadcastss"))
        << "a single float in\n"
        << text;
    EXPECT_EQ(countOf(loop, "^\tcall"), 0u) << text;
    EXPECT_EQ(countOf(loop, "^\tvmov[a-z0-9]+\t%[xyz]mm[0-9]+, %[xyz]mm"), 0u)
        << "a move in\n"
        << text;
    // For each k: the tile's registers, as many broadcasts as it has rows (some
    // of them within multiply-adds), two registers of weights, and counting.
    EXPECT_LE(loop.size(), multiplyAdds + steps * 10 + 8) << text;
  }
  // Four products of a layer, and the logits. (Those with weights in eight bits
  // convert them, and are not counted.)
  bool countsLogits = family.weights != ElementType::I8;
  EXPECT_GE(products, countsLogits ? 5u : 4u);
  // Scores and values, of whole blocks of keys and of the rest.
  EXPECT_GE(attention, 4u);
  // None is counted as both, even if the two have tiles of one size.
  EXPECT_GE(all, countsLogits ? 9u : 8u);
  // The four products of a layer.
  EXPECT_GE(dots, hasDots ? 4u : 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Families, AssemblyTest,
    ::testing::Values(Family{"avx512", "x86-64-v4", "avx512", "zmm", 16},
                      Family{"avx2", "x86-64-v3", "avx2", "ymm", 8},
                      Family{"avx512_bf16", "cooperlake", "avx512", "zmm", 16,
                             ElementType::BF16, "vdpbf16ps"},
                      Family{"avx512_vnni", "cascadelake", "avx512", "zmm", 16,
                             ElementType::I8, "vpdpbusd"},
                      Family{"avx_vnni", "alderlake", "avx2", "ymm", 8,
                             ElementType::I8, "\\{vex\\}\tvpdpbusd"}),
    [](const auto &info) { return info.param.name; });

} // namespace
