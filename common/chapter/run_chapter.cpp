//===- run_chapter.cpp - A chapter's program ----------------------------===//
#include "chapter/ahead_of_time.h"
#include "chapter/chapter.h"
#include "chapter/command_line.h"
#include "chapter/divergence.h"
#include "chapter/report.h"
#include "chapter/tune.h"
#include "compiler/codegen.h"
#include "compiler/pipeline_text.h"
#include "device/choose_device.h"
#include "device/host_device.h"
#include "device/self_check.h"
#include "model/error.h"
#include "model/files.h"
#include "model/tokenizer.h"
#include "run/loss.h"
#include "run/run.h"

#include <iostream>

namespace gpt2 {
namespace {

/// `chapter` with the stages of `file`, but for the first: its sizes are the
/// model's.
Chapter withPipeline(const Chapter &chapter,
                     const std::filesystem::path &file) {
  Chapter changed = chapter;
  changed.onGpu = nullptr; // whose stages are others
  std::vector<Stage> stages = stagesOf(readFile(file), file.string());
  std::string first = chapter.stages(Sizes()).front().name;
  if (stages.empty() || stages[0].name != first)
    fail(file.string(), ": expected the stage ", first, " first");
  changed.pipeline = [stages,
                      own = chapter.pipeline](const Setting &setting) mutable {
    stages[0] = own(setting)[0];
    return stages;
  };
  return changed;
}

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
  roundMatrices(weights, line.weights); // of both
  std::optional<Divergence> first =
      firstDivergence({&chapter, &weights}, {other, &weights}, ids);
  if (!first) {
    std::cout << "no kernel's results differ by more than rounding explains\n";
    requireOutput();
    return 0;
  }
  std::cout << "first difference: " << first->describe() << "\n";
  requireOutput();
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
      checkpoint.loadTokenizer().encode(readFile(*line.loss));
  Executable program = load(compileToObject(request).bytes);
  Weights weights = checkpoint.stream(showLoading());
  Forward forward(program, weights);
  std::optional<Executable> wide;
  std::optional<Weights> wideWeights;
  std::optional<Forward> other;
  if (line.weights != ElementType::F32 || line.cache != ElementType::F32) {
    Chapter plain = chapter;
    plain.weights = plain.cache = ElementType::F32;
    CompileRequest plainRequest =
        compileRequest(plain, sizesOf(checkpoint.config()));
    plainRequest.cacheDirectory = request.cacheDirectory;
    wide.emplace(load(compileToObject(plainRequest).bytes));
    wideWeights.emplace(checkpoint.stream(showLoading()));
    other.emplace(*wide, *wideWeights);
  }
  auto total = static_cast<int64_t>(tokens.size()) - 1;
  Loss loss = lossOf(forward, other ? &*other : nullptr, tokens,
                     [total, show = showProgress("predicting")](int64_t done) {
                       if (show)
                         show(done, total);
                     });
  std::cout << loss.describe();
  requireOutput();
}

/// Whether `line` asks for what only `chapter`'s programs for the CPU have.
bool asksForCpu(const Chapter &chapter, const CommandLine &line) {
  // A schedule for GPUs has made `chapter` one with kernels.
  return chapter.onGpu && (line.threads > 1 || !line.schedule.empty() ||
                           !chapter.onGpu->takes(line.weights));
}

/// `chapter` with what its kernels are compiled for: --device and --chip, or a
/// GPU that is here and passes the self-check, or else the CPU or the emulator.
Chapter onDevice(const Chapter &chapter, const CommandLine &line) {
  Chapter placed = chapter;
  if (line.device == "emulator" || line.device == "cpu" ||
      asksForCpu(chapter, line) || (line.device.empty() && line.chip))
    return placed;
  const Chapter &kernels = chapter.onGpu ? *chapter.onGpu : chapter;
  DeviceChoice choice = chooseDevice(
      line.device,
      [&](const std::string &chip) {
        Chapter candidate = kernels;
        candidate.weights = chapter.weights;
        candidate.cache = chapter.cache;
        if (!line.chip)
          candidate.gpu = GpuTarget::of(chip);
        candidate.kernelsFor = KernelsFor::Gpu;
        Chapter plain = candidate;
        plain.schedule.clear();
        CompileRequest request = kernelRequest(plain, selfCheckSizes());
        request.cacheDirectory = line.cacheDirectory;
        Executable check = load(compileToObject(request).bytes);
        selfCheck(check);
        placed = candidate;
      },
      chapter.onGpu);
  if (!choice.note.empty())
    std::cerr << choice.note << "\n";
  return placed;
}

/// `chapter` with the schedule that --tune kept for it, if it did.
Chapter withTunedSchedule(const Chapter &chapter, const Sizes &sizes,
                          const CommandLine &line) {
  Chapter tuned = chapter;
  if (!line.cacheDirectory)
    return tuned;
  if (auto schedule =
          tunedSchedule(chapter, sizes, line.threads, *line.cacheDirectory))
    tuned.schedule = *schedule;
  return tuned;
}

int runLine(const Chapter &wanted, const CommandLine &line) {
  std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(line.model);
  Sizes sizes = sizesOf(checkpoint->config());
  if (line.tune) {
    useThreads(line.threads);
    tune({wanted, line.threads, line.tuneSeconds, *line.cacheDirectory,
          *line.tune},
         *checkpoint);
    return 0;
  }
  Chapter chapter = withTunedSchedule(wanted, sizes, line);
  CompileRequest request = compileRequest(chapter, sizes);
  request.configure = applyMlirOptions;
  if (std::string text =
          textToPrint(chapter, checkpoint->config(), line, request);
      !text.empty()) {
    std::cout << text;
    requireOutput();
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
  Chapter placed =
      chapter.hasKernels() || chapter.onGpu ? onDevice(chapter, line) : chapter;
  if (!line.compareWith.empty())
    return compareVersions(placed, line, *checkpoint);
  request = compileRequest(placed, sizes);
  request.configure = applyMlirOptions;
  request.cacheDirectory = line.cacheDirectory;
  request.ignoreCached = line.showsPasses;
  describeModel(line, *checkpoint);
  if (placed.schedule != wanted.schedule)
    std::cerr << "schedule: tuned, " << placed.schedule.string() << "\n";
  useThreads(line.threads);

  if (line.loss) {
    showLoss(placed, line, *checkpoint, request);
    return 0;
  }

  Times times;
  Stopwatch compileWatch;
  CompiledObject object = compileToObject(request);
  Executable program = load(object.bytes);
  times.fromCache = object.fromCache;
  if (placed.hasKernels())
    std::cerr << "device: " << program.device().describe() << ", code for "
              << placed.gpu.chip
              << (line.weights == ElementType::BF16 ? ", matrices in bf16" : "")
              << "\n";
  Stopwatch loadWatch;
  times.compile = compileWatch.seconds();
  if (line.verbose)
    std::cerr << "compiled: " << object.bytes.size() << " bytes of object code "
              << "for " << hostCpu().triple << "\nCPU: " << hostCpu().name
              << "\nfeatures: " << hostCpu().features << "\n";
  Weights weights = checkpoint->stream(showLoading());
  useGraphs(line, program);
  describeCache(line, checkpoint->config(), program);
  Forward forward(program, weights, line.batch);
  times.load = loadWatch.seconds();

  run(line, *checkpoint, forward, program.device(), times);
  return 0;
}

} // namespace

int runChapter(const Chapter &chapter, int argc, char **argv) {
  return exitCodeOf(chapter.name, [&] {
    CommandLine line = parseCommandLine(chapter, argc, argv);
    Chapter wanted = *line.chapter;
    wanted.gpu = line.chip.value_or(wanted.gpu);
    wanted.weights = line.weights;
    wanted.cache = line.cache;
    wanted.schedule = line.schedule;
    if (line.pipeline)
      wanted = withPipeline(wanted, *line.pipeline);
    return runLine(wanted, line);
  });
}

} // namespace gpt2
