//===- chapter.h - What a chapter is ------------------------------------===//
#pragma once

#include "compiler/codegen/program.h"
#include "compiler/compile.h"
#include "compiler/inspect/score.h"
#include "run/forward.h"

#include <filesystem>
#include <string>
#include <vector>

namespace gpt2 {

/// A way of turning GPT-2's text into machine code. `add_chapter()` in
/// CMakeLists.txt writes one from a chapter's folder: what the folder lacks is
/// the parent's.
struct Chapter {
  std::string name;  ///< the folder's
  std::string title; ///< what a reader finds in it, one line
  const Chapter *parent = nullptr;
  /// MLIR text: common/gpt2.mlir and the kernels, the parent's files replaced
  /// by those of the same name.
  std::vector<std::filesystem::path> sources;
  /// The same for kernels alone, in the place of gpt2.mlir: entries test_NAME.
  std::vector<std::filesystem::path> kernelEntries;
  /// The pipeline for a model and a chip.
  std::function<std::vector<Stage>(const Setting &setting)> pipeline;
  std::vector<std::string> devices;       ///< what --device may name
  std::vector<std::string> weightFormats; ///< what --weights may name
  /// What --kv may name; empty if the program keeps no keys and values.
  std::vector<std::string> cacheFormats;
  /// The same with kernels, if this is for the CPU and there are both.
  const Chapter *onGpu = nullptr;
  int maxThreads = 1; ///< what --threads may ask for
  /// Its schedules, one for each family of CPUs or GPUs, and what they share.
  std::vector<std::filesystem::path> schedules = {}, scheduleSteps = {};
  /// The one to use; empty: that for `cpu` or `gpu`.
  std::filesystem::path schedule = {};
  /// What its programs are compiled for, an LLVM name; none: this CPU.
  std::optional<std::string> cpu = {};
  GpuTarget gpu = {}; ///< what kernels are compiled for
  KernelsFor kernelsFor = KernelsFor::Emulator;
  ElementType weights = ElementType::F32; ///< of matrices
  ElementType cache = ElementType::F32;   ///< of keys and values

  /// Whether its programs take matrices in `format`.
  bool takes(ElementType format) const;
  /// The pipeline for a model with these sizes, whose other numbers are
  /// `config`'s, or for kernels alone.
  std::vector<Stage> stages(const Sizes &sizes, const Config &config = Config(),
                            bool isModel = true) const;
  /// The schedule to use and what it shares with others; none if there is none.
  /// Throws an Error if it is for other machines.
  std::vector<std::filesystem::path> scheduleFiles() const;
  /// Whether its programs launch kernels: then one of its devices emulates.
  bool hasKernels() const;
  /// Whether they keep keys and values; then their entries are prefill and
  /// decode, otherwise there is forward.
  bool keepsCache() const { return !cacheFormats.empty(); }
  std::string entry() const { return keepsCache() ? "prefill" : "forward"; }
};

/// The sizes that common/gpt2.mlir names L, H, D, C, F, V, P. T and N stay
/// open: one compiled program serves every length of sequence.
Sizes sizesOf(const Config &config);

/// The same for kernels alone, as attention's input is made: also K and N.
Sizes kernelSizes(const Config &config);

/// What there is to compile for `chapter` and a model; `more` are sizes beyond
/// its own.
CompileRequest compileRequest(const Chapter &chapter, const Config &config,
                              const Sizes &more = {});

/// The same for a GPT-2 of which these sizes are known.
CompileRequest compileRequest(const Chapter &chapter, const Sizes &sizes);

/// The same for kernels alone, as `chapter` has them: an entry test_NAME for
/// each, or for `kernel` only. Throws an Error that
/// lists the kernels if there is none of that name.
CompileRequest kernelRequest(const Chapter &chapter, const Sizes &sizes,
                             const std::string &kernel = "",
                             const Config &config = Config());

/// What `chapter` makes of one kernel of a model of these sizes: for each pass
/// that changes it, its name and the lines that it changed.
std::string explain(const Chapter &chapter, const Config &config,
                    const std::string &kernel);

/// What the chapter's program does for `tokens` tokens and one row of logits,
/// with a cache of `cacheBytes` between it and memory; if it keeps keys and
/// values, then behind `kept` tokens of which it has them.
Score scoreOf(const Chapter &chapter, const Config &config, int64_t tokens,
              double cacheBytes, int64_t kept = 0);

/// The scores of a prompt and of the token after it.
struct Scores {
  int64_t tokens = 0; ///< of the prompt
  double cacheBytes = 0;
  Score prompt, next;
};

/// Throws an Error if the context is not as long as `tokens` and one.
Scores scoresOf(const Chapter &chapter, const Config &config, int64_t tokens,
                double cacheBytes);

/// The command line of a chapter's program; returns its exit code.
int runChapter(const Chapter &chapter, int argc, char **argv);

} // namespace gpt2
