//===- folder_test.cpp - A chapter is its folder ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/chapter_test.h"
#include "compiler/pipeline/pipeline_text.h"
#include "compiler/pipeline/session.h"
#include "support/paths.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

using namespace gpt2;
using gpt2::testing::tested;

namespace {

std::filesystem::path folderOf(const Chapter &chapter) {
  return paths::source() / chapter.name;
}

/// The functions of a chapter's linked program: text, and file it comes from.
struct Function {
  std::string text;
  std::filesystem::path file;
};

std::map<std::string, Function> functionsOf(const Chapter &chapter) {
  Session session(compileRequest({chapter, Config()}));
  std::map<std::string, Function> functions;
  for (auto function : session.module().getOps<mlir::func::FuncOp>()) {
    Function &entry = functions[function.getName().str()];
    llvm::raw_string_ostream(entry.text) << function;
    entry.file =
        mlir::cast<mlir::FileLineColLoc>(function.getLoc()).getFilename().str();
  }
  return functions;
}

TEST(Folder, HoldsEverythingThatIsNew) {
  const Chapter &chapter = tested().chapter;
  std::map<std::string, Function> before;
  if (chapter.parent)
    before = functionsOf(*chapter.parent);
  std::set<std::filesystem::path> changed;
  for (const auto &[name, function] : functionsOf(chapter))
    if (!before.count(name) || before[name].text != function.text)
      changed.insert(function.file);
  if (!chapter.parent) { // the first chapter adds its kernels to the skeleton
    EXPECT_EQ(changed.erase(paths::source() / "common/gpt2.mlir"), 1u);
  }
  // What differs comes from the folder, and nothing lies there for nothing.
  std::set<std::filesystem::path> there;
  for (const char *part : {"", tested().kind})
    if (auto folder = folderOf(chapter) / part; is_directory(folder))
      for (const auto &entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".mlir")
          there.insert(entry.path());
  EXPECT_EQ(changed, there);
}

TEST(Folder, HoldsASourceOrAPipeline) {
  const Chapter &chapter = tested().chapter;
  bool isSourceNew =
      !chapter.parent || chapter.sources != chapter.parent->sources;
  // Of the program for all steps, and of one for steps of 3 tokens.
  auto pipelineOf = [](const Chapter &c) {
    Build build(c, Config());
    std::string general = textOf(build.stages());
    build.stepTokens = 3;
    return general + textOf(build.stages());
  };
  bool isPipelineNew =
      !chapter.parent || pipelineOf(chapter) != pipelineOf(*chapter.parent);
  EXPECT_TRUE(isSourceNew || isPipelineNew);
  EXPECT_EQ(isPipelineNew,
            std::filesystem::exists(folderOf(chapter) / "pipeline.cpp"));
}

} // namespace
