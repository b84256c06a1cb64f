//===- stages.cpp - The stages of a pipeline ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/stages.h"
#include "support/error.h"

#include "llvm/ADT/STLExtras.h"

#include <filesystem>

namespace gpt2 {
namespace {

struct StageName {
  StageKind kind;
  std::string_view name;
  std::string_view assembly = "";
};

constexpr StageName stageNames[] = {
    {StageKind::Specialized, "specialized"},
    {StageKind::Weights, "weights"},
    {StageKind::Cache, "cache"},
    {StageKind::Ordered, "ordered"},
    {StageKind::Fused, "fused"},
    {StageKind::Scheduled, "scheduled"},
    {StageKind::Packed, "packed"},
    {StageKind::Bufferized, "bufferized"},
    {StageKind::Vectors, "vectors"},
    {StageKind::Loops, "loops"},
    {StageKind::Launches, "launches"},
    {StageKind::Gpu, "gpu"},
    {StageKind::Nvvm, "nvvm", "ptx"},
    {StageKind::Rocdl, "rocdl", "amdgcn"},
    {StageKind::LlvmDialect, "llvm-dialect"},
};

/// Rows of the table stand in the order of the enumerators.
constexpr bool isInOrder() {
  for (size_t i = 0; i < std::size(stageNames); ++i)
    if (static_cast<size_t>(stageNames[i].kind) != i)
      return false;
  return true;
}
static_assert(isInOrder() &&
              std::size(stageNames) ==
                  static_cast<size_t>(StageKind::LlvmDialect) + 1);

const StageName &rowOf(StageKind kind) {
  return stageNames[static_cast<size_t>(kind)];
}

} // namespace

std::string_view nameOf(StageKind kind) { return rowOf(kind).name; }

std::string_view assemblyOf(StageKind kind) { return rowOf(kind).assembly; }

std::optional<StageKind> stageKindOf(std::string_view name) {
  for (const StageName &row : stageNames)
    if (row.name == name)
      return row.kind;
  return std::nullopt;
}

Stage::Stage(std::optional<StageKind> kind, std::string name,
             AddPasses addPasses)
    : kind(kind), name(std::move(name)), addPasses(std::move(addPasses)) {}

Stage::Stage(StageKind kind, AddPasses addPasses)
    : Stage(kind, std::string(nameOf(kind)), std::move(addPasses)) {}

Stage Stage::named(std::string name, AddPasses addPasses) {
  std::optional<StageKind> kind = stageKindOf(name);
  return Stage(kind, std::move(name), std::move(addPasses));
}

size_t Pipeline::indexOf(std::string_view name, const Where &where) const {
  auto found = llvm::find_if(
      stages, [&](const Stage &stage) { return stage.name == name; });
  if (found != stages.end())
    return static_cast<size_t>(found - stages.begin());
  std::string names;
  for (const Stage &stage : stages)
    names += " " + stage.name;
  // The folder is the chapter's.
  std::filesystem::path file = where.file_name();
  fail((file.parent_path().filename() / file.filename()).string(), ":",
       where.line(), ": the pipeline has no stage '", name, "'; it has",
       names.empty() ? " none" : ":" + names);
}

std::vector<Stage>::iterator Pipeline::find(StageKind kind,
                                            const Where &where) {
  return stages.begin() +
         static_cast<std::ptrdiff_t>(indexOf(nameOf(kind), where));
}

bool Pipeline::contains(StageKind kind) const {
  return llvm::any_of(stages,
                      [&](const Stage &stage) { return stage.kind == kind; });
}

std::span<const Stage> Pipeline::upTo(StageKind kind, Where where) const {
  return upTo(nameOf(kind), where);
}

std::span<const Stage> Pipeline::upTo(std::string_view name,
                                      Where where) const {
  return std::span(stages).first(indexOf(name, where) + 1);
}

void Pipeline::append(std::initializer_list<Stage> more) {
  stages.insert(stages.end(), more);
}

void Pipeline::insertBefore(StageKind kind, Stage stage, Where where) {
  stages.insert(find(kind, where), std::move(stage));
}

void Pipeline::insertAfter(StageKind kind, Stage stage, Where where) {
  stages.insert(find(kind, where) + 1, std::move(stage));
}

void Pipeline::replace(StageKind kind, Stage stage, Where where) {
  *find(kind, where) = std::move(stage);
}

void Pipeline::erase(StageKind kind, Where where) {
  stages.erase(find(kind, where));
}

void Pipeline::eraseFrom(StageKind kind, Where where) {
  stages.erase(find(kind, where), stages.end());
}

namespace {

Stage::AddPasses oneAfterAnother(Stage::AddPasses first,
                                 Stage::AddPasses second) {
  return [first = std::move(first),
          second = std::move(second)](mlir::OpPassManager &pm) {
    first(pm);
    second(pm);
  };
}

} // namespace

void Pipeline::prependPasses(StageKind kind, Stage::AddPasses add,
                             Where where) {
  Stage &stage = *find(kind, where);
  stage.addPasses = oneAfterAnother(std::move(add), std::move(stage.addPasses));
}

void Pipeline::appendPasses(StageKind kind, Stage::AddPasses add, Where where) {
  Stage &stage = *find(kind, where);
  stage.addPasses = oneAfterAnother(std::move(stage.addPasses), std::move(add));
}

} // namespace gpt2
