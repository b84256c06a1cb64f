//===- run_chapter.cpp - A chapter's program ----------------------------===//
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
int compareVersions(const Chapter &chapter, const CommandLine &line,
                    const Checkpoint &checkpoint) {
  const Chapter *other = earlierChapter(chapter, line.compareWith);
  std::vector<int32_t> ids = idsOf(line, checkpoint.config());
  Weights weights = checkpoint.load(showLoading());
  roundMatrices(weights, chapter.weights); // of both
  std::optional<Divergence> first =
      firstDivergence({&chapter, &weights}, {other, &weights}, ids);
  if (!first) {
    print("no kernel's results differ by more than rounding explains\n");
    return 0;
  }
  print("first difference: " + first->describe() + "\n");
  return 1;
}

/// What is to be printed instead of running the model; empty if it is to run.
std::string textToPrint(const Chapter &chapter, const Config &config,
                        const CommandLine &line,
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
    return explain(chapter, config, line.explain);
  if (line.describe)
    return toText(describe(chapter, config));
  if (line.score) {
    Scores scores = scoresOf(chapter, config, line.score, line.scoreCache);
    if (line.report)
      writeFile(*line.report, {toText(toJson(scores))});
    return chapter.name + ", " + config.describe() + "\n" + describe(scores);
  }
  return "";
}

/// Prints how well `chapter`'s program predicts a text; if it keeps weights or
/// keys and values in fewer bits, beside what it does in f32.
void showLoss(const Chapter &chapter, const CommandLine &line,
              const Checkpoint &checkpoint, const CompileRequest &request) {
  std::vector<int32_t> tokens =
      encode(tokenizerFor(line, checkpoint), readInput(*line.loss), line);
  Model model(request, checkpoint, showLoading());
  std::optional<Model> wide;
  if (chapter.weights != ElementType::F32 ||
      chapter.cache != ElementType::F32) {
    Chapter plain = chapter;
    plain.weights = plain.cache = ElementType::F32;
    CompileRequest plainRequest = compileRequest(plain, checkpoint.config());
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
void describeProgram(const Chapter &chapter, const CommandLine &line,
                     CompiledProgram &compiled) {
  Executable &program = compiled.program;
  if (chapter.hasKernels())
    std::cerr << "device: " << program.device().describe() << ", code for "
              << chapter.gpu.chip
              << (chapter.weights == ElementType::BF16 ? ", matrices in bf16"
                                                       : "")
              << "\n";
  if (line.verbose)
    std::cerr << "compiled: " << compiled.bytes << " bytes of object code "
              << "for " << hostCpu().triple << "\nCPU: " << hostCpu().name
              << "\nfeatures: " << hostCpu().features << "\n";
}

/// Says that `chapter` has another schedule than `wanted`.
void sayIfTuned(const Chapter &chapter, const Chapter &wanted) {
  if (chapter.schedule != wanted.schedule)
    std::cerr << "schedule: tuned, " << chapter.schedule.string() << "\n";
}

int runLine(const CommandLine &line) {
  const Chapter &wanted = line.chapter;
  std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(line.model);
  Sizes sizes = sizesOf(checkpoint->config());
  if (line.tune) {
    useThreads(line.program.threads);
    tune({wanted, line.program.threads, line.tuneSeconds,
          *line.program.cacheDirectory, *line.tune},
         *checkpoint);
    return 0;
  }
  // A library is for other CPUs, too.
  Chapter chapter = line.aot || line.aotKernels
                        ? wanted
                        : withTunedSchedule(wanted, sizes, line.program);
  CompileRequest request = compileRequest(chapter, checkpoint->config());
  request.configure = applyMlirOptions;
  if (std::string text =
          textToPrint(chapter, checkpoint->config(), line, request);
      !text.empty()) {
    if (line.emit != "help" && !line.describe)
      sayIfTuned(chapter, wanted);
    print(text);
    return 0;
  }
  if (line.aot || line.aotKernels) {
    const std::filesystem::path &file = line.aot ? *line.aot : *line.aotKernels;
    std::string library =
        line.aot
            ? compileAheadOfTime(chapter, checkpoint->config(), line.aotChips)
            : compileKernelsAheadOfTime(chapter, line.aotChips);
    writeFile(file, {library});
    std::cerr << "wrote " << file.string() << ", " << library.size()
              << " bytes; run it with gpt2-run\n";
    return 0;
  }
  std::optional<Prompts> prompts;
  if (line.compareWith.empty() && !line.loss)
    prompts.emplace(readPrompts(line, *checkpoint));
  auto [placed, note] = onDevice(chapter, line.program);
  if (!note.empty())
    std::cerr << note << "\n";
  if (!line.compareWith.empty()) {
    sayIfTuned(placed, wanted);
    return compareVersions(placed, line, *checkpoint);
  }
  request = compileRequest(placed, checkpoint->config());
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

  Model model(request, *checkpoint, showLoading(), line.batch,
              [&, &placed = placed](CompiledProgram &compiled) {
                describeProgram(placed, line, compiled);
                useGraphs(line, compiled.program);
                describeCache(line, checkpoint->config(), compiled.program);
              });
  run(line, *prompts, model.forward(), model.program().device(), model.times());
  return 0;
}

} // namespace

int runChapter(const Chapter &chapter, int argc, char **argv) {
  exitOnFatalErrors(chapter.name);
  exitOnFatalErrors(chapter.name);
  return exitCodeOf(chapter.name, [&] {
    return runLine(parseCommandLine(chapter, argc, argv));
  });
}

} // namespace gpt2
