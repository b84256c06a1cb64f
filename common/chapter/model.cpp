//===- model.cpp - A chapter's program, bound to a model's weights ------===//
#include "chapter/model.h"
#include "chapter/tune.h"
#include "compiler/pipeline/pipeline_text.h"
#include "compiler/schedule/schedule.h"
#include "device/choose_device.h"
#include "run/self_check.h"
#include "support/error.h"
#include "support/files.h"

#include "llvm/ADT/StringExtras.h"

namespace gpt2 {
namespace {

/// The programs that the options are about: those with kernels, if a device or
/// a chip is named that has to do with these, or `chapter`'s.
const Chapter &kindOf(const Chapter &chapter, const ProgramOptions &options) {
  if (chapter.onGpu &&
      (options.chip || options.profile ||
       (!options.schedule.empty() && options.device != "cpu" &&
        isForGpus(options.schedule)) ||
       llvm::is_contained(chapter.onGpu->devices, options.device)))
    return *chapter.onGpu;
  return chapter;
}

void check(const Chapter &chapter, const ProgramOptions &options) {
  if (!options.device.empty() &&
      !llvm::is_contained(chapter.devices, options.device))
    fail("--device=", options.device, ": ", chapter.name,
         " runs on: ", llvm::join(chapter.devices, ", "),
         chapter.onGpu ? ", " + llvm::join(chapter.onGpu->devices, ", ") : "");
  if (options.chip && !chapter.hasKernels())
    fail("--chip=", *options.chip, ": ", chapter.name,
         " has no kernels for a GPU");
  if (options.kv && !chapter.keepsCache())
    fail("--kv=", *options.kv, ": ", chapter.name, " keeps no keys and values");
  if (options.kv && !llvm::is_contained(chapter.cacheFormats, *options.kv))
    fail("--kv=", *options.kv, ": ", chapter.name,
         " takes: ", llvm::join(chapter.cacheFormats, ", "));
  if (!llvm::is_contained(chapter.weightFormats, options.weights))
    fail("--weights=", options.weights, ": ", chapter.name,
         " takes: ", llvm::join(chapter.weightFormats, ", "));
  if (!options.schedule.empty() && chapter.schedules.empty())
    fail("--schedule=", options.schedule.string(), ": ", chapter.name,
         " has no schedules");
  if (options.threads < 1 || options.threads > chapter.maxThreads)
    fail("--threads=", options.threads, ": ", chapter.name, " runs on ",
         chapter.maxThreads == 1 ? "1" : "1 to ",
         chapter.maxThreads == 1 ? "" : std::to_string(chapter.maxThreads),
         chapter.maxThreads == 1 ? " thread" : " threads");
  if (options.profile && !chapter.hasKernels())
    fail("--profile: ", chapter.name, " has no kernels for a GPU");
}

/// "f32", "bf16", "int8".
ElementType formatOf(const std::string &name) {
  return name == "int8" ? ElementType::I8
                        : *elementTypeFromName(llvm::StringRef(name).upper());
}

/// `chapter` with the stages of `file`, but for the first: its sizes are the
/// model's.
Chapter withPipeline(const Chapter &chapter,
                     const std::filesystem::path &file) {
  Chapter changed = chapter;
  changed.onGpu = nullptr; // whose stages are others
  std::vector<Stage> stages = stagesOf(readInput(file), nameOfInput(file));
  std::string first = chapter.stages(Sizes()).front().name;
  if (stages.empty() || stages[0].name != first)
    fail(nameOfInput(file), ": expected the stage ", first, " first");
  changed.pipeline = [stages,
                      own = chapter.pipeline](const Setting &setting) mutable {
    stages[0] = own(setting)[0];
    return stages;
  };
  return changed;
}

/// Whether the options ask for what only `chapter`'s programs for the CPU have.
bool asksForCpu(const Chapter &chapter, const ProgramOptions &options) {
  // A schedule for GPUs has made `chapter` one with kernels.
  return chapter.onGpu && (options.threads > 1 || !options.schedule.empty() ||
                           !chapter.onGpu->takes(chapter.weights));
}

} // namespace

Chapter programsOf(const Chapter &whole, const ProgramOptions &options) {
  Chapter chapter = kindOf(whole, options);
  check(chapter, options);
  if (options.chip)
    chapter.gpu = GpuTarget::of(*options.chip);
  chapter.weights = formatOf(options.weights);
  chapter.cache = formatOf(options.kv.value_or("f32"));
  chapter.schedule = options.schedule;
  return options.pipeline ? withPipeline(chapter, *options.pipeline) : chapter;
}

Chapter withTunedSchedule(const Chapter &chapter, const Sizes &sizes,
                          const ProgramOptions &options) {
  Chapter tuned = chapter;
  if (!options.cacheDirectory || !options.schedule.empty())
    return tuned;
  if (auto schedule = tunedSchedule(chapter, sizes, options.threads,
                                    *options.cacheDirectory))
    tuned.schedule = *schedule;
  return tuned;
}

PlacedChapter onDevice(const Chapter &chapter, const ProgramOptions &options) {
  PlacedChapter placed{chapter, ""};
  if (!(chapter.hasKernels() || chapter.onGpu) ||
      options.device == "emulator" || options.device == "cpu" ||
      asksForCpu(chapter, options) || (options.device.empty() && options.chip))
    return placed;
  const Chapter &kernels = chapter.onGpu ? *chapter.onGpu : chapter;
  DeviceChoice choice = chooseDevice(
      options.device,
      [&](const std::string &chip) {
        Chapter candidate = kernels;
        candidate.weights = chapter.weights;
        candidate.cache = chapter.cache;
        if (!options.chip)
          candidate.gpu = GpuTarget::of(chip);
        candidate.kernelsFor = KernelsFor::Gpu;
        Chapter plain = candidate;
        plain.schedule.clear();
        CompileRequest request = kernelRequest(plain, selfCheckSizes());
        request.cacheDirectory = options.cacheDirectory;
        Executable check = compileAndLoad(request).program;
        selfCheck(check);
        placed.chapter = candidate;
      },
      chapter.onGpu);
  placed.note = choice.note;
  return placed;
}

namespace {

Executable compiled(const CompileRequest &request, Times &took,
                    const Model::OnProgram &onProgram) {
  Stopwatch watch;
  CompiledProgram compiled = compileAndLoad(request);
  took.fromCache = compiled.fromCache;
  took.compile = watch.seconds();
  if (onProgram)
    onProgram(compiled);
  return std::move(compiled.program);
}

Forward bound(Executable &program, Weights &weights, int64_t sequences,
              Times &took) {
  Stopwatch watch;
  Forward forward(program, weights, sequences);
  took.load = watch.seconds();
  return forward;
}

} // namespace

Model::Model(const CompileRequest &request, const Checkpoint &checkpoint,
             LoadProgress progress, int64_t sequences,
             const OnProgram &onProgram)
    : executable(compiled(request, took, onProgram)),
      weights(checkpoint.stream(std::move(progress))),
      pass(bound(executable, weights, sequences, took)) {}

} // namespace gpt2
