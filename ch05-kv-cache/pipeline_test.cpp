//===- pipeline_test.cpp - What chapter 5's program looks like ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/chapter_test.h"
#include "compiler/pipeline/session.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::ElementsAre;

namespace {

/// The program behind the stage "bufferized".
struct Bufferized : Session {
  explicit Bufferized(const CompileRequest &request) : Session(request) {
    run(request.stages.upTo(StageKind::Bufferized));
  }

  std::vector<mlir::func::FuncOp> entries() {
    std::vector<mlir::func::FuncOp> found;
    for (auto function : module().getOps<mlir::func::FuncOp>())
      if (function.isPublic() && function.getName() != "argmax")
        found.push_back(function);
    return found;
  }
};

std::string textOf(mlir::Operation *op) {
  std::string text;
  llvm::raw_string_ostream(text) << *op;
  return text;
}

CompileRequest requestFor(ElementType cache) {
  Build build(tested().chapter, Config());
  build.formats.cache = cache;
  return compileRequest(build);
}

TEST(Pipeline, MakesBothEntriesOfOneText) {
  Bufferized program(requestFor(ElementType::F32));
  std::vector<std::string> names;
  for (auto function : program.entries()) {
    names.push_back(function.getName().str());
    EXPECT_EQ(function.getNumResults(), 0u) << "all it makes is in arguments";
    auto tokens = cast<mlir::MemRefType>(function.getArgumentTypes()[1]);
    EXPECT_EQ(tokens.hasStaticShape(), names.back() == "decode");
  }
  EXPECT_THAT(names, ElementsAre("prefill", "decode"));
}

/// No buffer but the arguments is as large as a layer's keys of one sequence,
/// and what is copied is not either.
TEST(Pipeline, UpdatesTheCacheInPlace) {
  for (ElementType type : {ElementType::F32, ElementType::BF16}) {
    Bufferized program(requestFor(type));
    const Config config;
    int views = 0;
    program.module().walk([&](mlir::Operation *op) {
      if (auto alloc = dyn_cast<mlir::memref::AllocOp>(op))
        ADD_FAILURE() << textOf(alloc);
      if (auto copy = dyn_cast<mlir::memref::CopyOp>(op)) {
        auto moved = cast<mlir::MemRefType>(copy.getTarget().getType());
        ASSERT_TRUE(moved.hasStaticShape()) << textOf(op);
        EXPECT_EQ(moved.getNumElements(), config.channels) << textOf(op);
      }
      for (mlir::Value result : op->getResults())
        if (auto made = dyn_cast<mlir::MemRefType>(result.getType());
            made && made.getRank() == 5)
          ADD_FAILURE() << "another cache: " << textOf(op);
      if (auto view = dyn_cast<mlir::memref::SubViewOp>(op))
        views += view.getSourceType().getRank() == 5;
    });
    // Each entry takes keys and values apart twice: to write and to read.
    EXPECT_EQ(views,
              tested().chapter.hasKernels() ? 0 : 2 * 4); // or by threads
  }
}

TEST(Pipeline, TakesTheCacheInBf16) {
  for (auto [type, name] : {std::pair(ElementType::F32, "f32"),
                            std::pair(ElementType::BF16, "bf16")}) {
    Bufferized program(requestFor(type));
    for (auto function : program.entries())
      for (unsigned argument : {4, 5}) {
        std::string text;
        llvm::raw_string_ostream(text) << function.getArgumentTypes()[argument];
        EXPECT_EQ(text, std::string("memref<?x12x12x1024x64x") + name + ">");
      }
  }
}

} // namespace
