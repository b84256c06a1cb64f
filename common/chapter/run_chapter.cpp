//===- run_chapter.cpp - A chapter's program ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/ahead_of_time.h"
#include "chapter/chapter.h"
#include "chapter/command_line.h"
#include "chapter/divergence.h"
#include "chapter/report.h"
#include "chapter/tune.h"
#include "compiler/codegen/codegen.h"
#include "compiler/support/fatal_errors.h"
#include "device/host_device.h"
#include "run/loss.h"
#include "run/prompts.h"
#include "run/run.h"
#include "support/error.h"
#include "support/files.h"
#include "support/json_file.h"
#include "support/output.h"

#include <iostream>

namespace gpt2 {
namespace {

/// The earlier chapter `name`, or null for the reference.
const Chapter *earlierChapter(const Chapter &chapter, const std::string &name) {
  if (name == "reference")
    return nullptr;
  std::string names;
  for (const Chapter *c = chapter.parent; c; c = c->parent) {
    if (c->name == name)
      return c;
    names += ", " + c->name;
  }
  fail("--compare-with=", name, ": expected reference", names);
}

/// Compares with another version; returns the exit code.
int compareVersions(const Build &build, const CommandLine &line,
                    const Checkpoint &checkpoint) {
  std::optional<Build> other;
  if (const Chapter *earlier = earlierChapter(*build.chapter, line.compareWith))
    other.emplace(*earlier);
  std::vector<int32_t> ids = idsOf(line, checkpoint.config());
  Weights weights = checkpoint.load(showLoading());
  roundMatrices(weights, build.formats.weights); // of both
  std::optional<Divergence> first = firstDivergence(
      {&build, &weights}, {other ? &*other : nullptr, &weights}, ids);
  if (!first) {
    print("no kernel's results differ by more than rounding explains\n");
    return 0;
  }
  print("first difference: " + first->describe() + "\n");
  return 1;
}

/// What is to be printed instead of running the model; empty if it is to run.
std::string textToPrint(const Build &build, const CommandLine &line,
                        const CompileRequest &request) {
  if (line.emit == "help") {
    std::string names;
    for (const std::string &name : emitNames(request))
      names += name + "\n";
    return names;
  }
  if (!line.emit.empty())
    return emit(request, line.emit);
  if (!line.explain.empty())
    return explain(build, line.explain);
  if (line.describe)
    return toText(describe(build));
  if (line.score) {
    Scores scores = scoresOf(build, line.score, line.scoreCache);
    if (line.report)
      writeJson(*line.report, toJson(scores));
    return build.chapter->name + ", " + build.model.describe() + "\n" +
           describe(scores);
  }
  return "";
}

/// Prints how well the program predicts a text; if it keeps weights or keys and
/// values in fewer bits, beside what it does in f32.
void showLoss(const Build &build, const CommandLine &line,
              const Checkpoint &checkpoint, const CompileRequest &request) {
  std::vector<int32_t> tokens =
      encode(tokenizerFor(line, checkpoint), readInput(*line.loss), line);
  Model model(request, checkpoint, showLoading());
  std::optional<Model> wide;
  if (build.formats != Formats()) {
    Build plain = build;
    plain.formats = Formats();
    CompileRequest plainRequest = compileRequest(plain);
    plainRequest.cacheDirectory = request.cacheDirectory;
    wide.emplace(plainRequest, checkpoint, showLoading());
  }
  auto total = static_cast<int64_t>(tokens.size()) - 1;
  Loss loss = lossOf(model.forward(), wide ? &wide->forward() : nullptr, tokens,
                     [total, show = showProgress("predicting")](int64_t done) {
                       if (show)
                         show(done, total);
                     });
  print(loss.describe());
}

/// Says what was compiled, and where it runs.
void describeProgram(const Build &build, const CommandLine &line,
                     CompiledProgram &compiled) {
  Executable &program = compiled.program;
  if (build.chapter->hasKernels())
    std::cerr << "device: " << program.device().describe() << ", code for "
              << build.target.gpu.chip
              << (build.formats.weights == ElementType::BF16
                      ? ", matrices in bf16"
                      : "")
              << "\n";
  if (line.verbose)
    std::cerr << "compiled: " << compiled.bytes << " bytes of object code "
              << "for " << hostCpu().triple << "\nCPU: " << hostCpu().name
              << "\nfeatures: " << hostCpu().features << "\n";
}

/// Says that `build` has another schedule than `wanted`.
void sayIfTuned(const Build &build, const Build &wanted) {
  if (build.schedule != wanted.schedule)
    std::cerr << "schedule: tuned, " << build.schedule.string() << "\n";
}

int runLine(const CommandLine &line) {
  std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(line.model);
  const Build wanted = line.build.forModel(checkpoint->config());
  if (line.tune) {
    useThreads(line.program.threads);
    tune({wanted, line.program.threads, line.tuneSeconds,
          *line.program.cacheDirectory, *line.tune},
         *checkpoint);
    return 0;
  }
  // A library is for other CPUs, too.
  Build build = line.aot || line.aotKernels
                    ? wanted
                    : withTunedSchedule(wanted, line.program);
  CompileRequest request = compileRequest(build);
  request.configure = applyMlirOptions;
  if (std::string text = textToPrint(build, line, request); !text.empty()) {
    if (line.emit != "help" && !line.describe)
      sayIfTuned(build, wanted);
    print(text);
    return 0;
  }
  if (line.aot || line.aotKernels) {
    const std::filesystem::path &file = line.aot ? *line.aot : *line.aotKernels;
    std::string library = line.aot
                              ? compileAheadOfTime(build, line.aotChips)
                              : compileKernelsAheadOfTime(build, line.aotChips);
    writeFile(file, {library});
    std::cerr << "wrote " << file.string() << ", " << library.size()
              << " bytes; run it with gpt2-run\n";
    return 0;
  }
  std::optional<Prompts> prompts;
  if (line.serve.isWanted)
    blockEndSignals();
  else if (line.compareWith.empty() && !line.loss)
    prompts.emplace(readPrompts(line, *checkpoint));
  auto [placed, note, gpu] = onDevice(build, line.program);
  if (!note.empty())
    std::cerr << note << "\n";
  if (!line.compareWith.empty()) {
    sayIfTuned(placed, wanted);
    return compareVersions(placed, line, *checkpoint);
  }
  request = compileRequest(placed);
  request.configure = applyMlirOptions;
  request.cacheDirectory = line.program.cacheDirectory;
  request.ignoreCached = line.showsPasses;
  describeModel(line, *checkpoint);
  sayIfTuned(placed, wanted);
  useThreads(line.program.threads);

  if (line.loss) {
    showLoss(placed, line, *checkpoint, request);
    return 0;
  }

  Model model(request, *checkpoint, showLoading(),
              line.serve.isWanted ? 1 : line.batch,
              [&, &placed = placed](CompiledProgram &compiled) {
                describeProgram(placed, line, compiled);
                useGraphs(line, compiled.program);
                describeCache(line, checkpoint->config(), compiled.program);
              });
  if (line.serve.isWanted) {
    serveModel(line, line.serve, line.program, placed, *checkpoint, model);
    return 0;
  }
  run(line, *prompts, model.forward(), model.loaded().device(), model.times());
  return 0;
}

} // namespace

int runChapter(const Chapter &chapter, int argc, char **argv) {
  exitOnFatalErrors(chapter.name);
  return exitCodeOf(chapter.name, [&] {
    return runLine(parseCommandLine(chapter, argc, argv));
  });
}

} // namespace gpt2
