//===- stages.h - The stages of a pipeline ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/Pass/PassManager.h"

#include <functional>
#include <initializer_list>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gpt2 {

/// The states of a program on its way to LLVM, by what is new in them. A
/// chapter's pipeline begins with Specialized and ends with LlvmDialect; which
/// of the others it has, and in which order, is for the chapter to say.
enum class StageKind {
  Specialized, ///< one function, of the model's sizes
  Weights,     ///< matrices in fewer bits
  Cache,       ///< keys and values in fewer bits
  Ordered,     ///< loops innermost along rows
  Fused,       ///< producers in the tiles of those who read them
  Scheduled,   ///< tiles as a schedule has them
  Packed,      ///< weights in the order in which tiles read them
  Bufferized,  ///< tensors have become memory
  Vectors,     ///< tiles have become vectors
  Loops,       ///< linalg has become loops
  Launches,    ///< loops have become blocks and threads
  Gpu,         ///< launches have become calls of kernels
  Nvvm,        ///< kernels in NVIDIA's dialect
  Rocdl,       ///< kernels in AMD's
  LlvmDialect, ///< everything in LLVM's
};

/// What `--emit` and a pipeline's text call it: "llvm-dialect".
std::string_view nameOf(StageKind kind);

/// The stage of that name; none if there is none.
std::optional<StageKind> stageKindOf(std::string_view name);

/// What `--emit` calls the assembly of the kernels that `kind` lowers: "ptx",
/// "amdgcn"; empty if it lowers none.
std::string_view assemblyOf(StageKind kind);

/// A part of a chapter's pipeline. What the program looks like behind it can be
/// printed with `--emit=NAME`.
struct Stage {
  using AddPasses = std::function<void(mlir::OpPassManager &)>;

  Stage(StageKind kind, AddPasses addPasses);

  /// One that a user calls `name`, which may be that of a kind.
  static Stage named(std::string name, AddPasses addPasses);

  std::optional<StageKind> kind; ///< none: a user's own
  std::string name;
  AddPasses addPasses;

private:
  Stage(std::optional<StageKind> kind, std::string name, AddPasses addPasses);
};

/// Stages, in the order in which they run. A chapter takes its parent's and
/// changes them. To change a stage that is not there is an error of the
/// chapter's code: it throws an Error that names the stage, the place in the
/// code, and the stages that there are.
class Pipeline {
public:
  using Where = std::source_location;

  Pipeline() = default;
  Pipeline(std::initializer_list<Stage> stages) : stages(stages) {}

  auto begin() const { return stages.begin(); }
  auto end() const { return stages.end(); }
  size_t size() const { return stages.size(); }
  bool empty() const { return stages.empty(); }
  const Stage &front() const { return stages.front(); }

  bool contains(StageKind kind) const;

  /// The stages up to and with `kind`, or that of this name.
  std::span<const Stage> upTo(StageKind kind,
                              Where where = Where::current()) const;
  std::span<const Stage> upTo(std::string_view name,
                              Where where = Where::current()) const;

  /// Adds stages behind all others.
  void append(std::initializer_list<Stage> more);
  void insertBefore(StageKind kind, Stage stage,
                    Where where = Where::current());
  void insertAfter(StageKind kind, Stage stage, Where where = Where::current());
  /// Puts `stage` into the place of `kind`.
  void replace(StageKind kind, Stage stage, Where where = Where::current());
  void erase(StageKind kind, Where where = Where::current());
  /// Erases `kind` and all that follows it.
  void eraseFrom(StageKind kind, Where where = Where::current());

  /// Adds passes to `kind`: before those that it has, or behind them.
  void prependPasses(StageKind kind, Stage::AddPasses add,
                     Where where = Where::current());
  void appendPasses(StageKind kind, Stage::AddPasses add,
                    Where where = Where::current());

private:
  /// Where the stage of this name stands. Throws the Error above if there is
  /// none.
  size_t indexOf(std::string_view name, const Where &where) const;
  std::vector<Stage>::iterator find(StageKind kind, const Where &where);

  std::vector<Stage> stages;
};

} // namespace gpt2
