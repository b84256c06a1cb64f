//===- model.cpp - A chapter's program, bound to a model's weights ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/model.h"
#include "chapter/tune.h"
#include "compiler/pipeline/pipeline_text.h"
#include "compiler/schedule/schedule.h"
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

/// The stages of `file`.
Pipeline readPipeline(const std::filesystem::path &file) {
  Pipeline stages = stagesOf(readInput(file), nameOfInput(file));
  if (stages.empty() || stages.front().kind != StageKind::Specialized)
    fail(nameOfInput(file), ": expected the stage ",
         nameOf(StageKind::Specialized), " first");
  return stages;
}

/// Whether the options ask for what only programs for the CPU have.
bool asksForCpu(const Build &build, const ProgramOptions &options) {
  if (build.chapter->hasKernels())
    return false;
  // A schedule for GPUs has made the chapter one with kernels.
  std::optional<Build> kernels = build.withKernels();
  return !kernels || options.threads > 1 || !options.schedule.empty() ||
         !kernels->chapter->takes(build.formats.weights);
}

} // namespace

Build buildFor(const Chapter &whole, const ProgramOptions &options) {
  const Chapter &chapter = kindOf(whole, options);
  check(chapter, options);
  Build build(chapter);
  if (options.chip)
    build.target.gpu = GpuTarget::of(*options.chip);
  build.formats = {.weights = formatOf(options.weights),
                   .cache = formatOf(options.kv.value_or("f32"))};
  build.schedule = options.schedule;
  if (options.pipeline)
    build.pipeline = readPipeline(*options.pipeline);
  return build;
}

Build withTunedSchedule(const Build &build, const ProgramOptions &options) {
  Build tuned = build;
  if (!options.cacheDirectory || !options.schedule.empty())
    return tuned;
  if (auto schedule =
          tunedSchedule(build, options.threads, *options.cacheDirectory))
    tuned.schedule = *schedule;
  return tuned;
}

PlacedBuild onDevice(const Build &build, const ProgramOptions &options) {
  PlacedBuild placed{build, ""};
  if (asksForCpu(build, options) || options.device == "emulator" ||
      options.device == "cpu" || (options.device.empty() && options.chip))
    return placed;
  DeviceChoice choice = chooseDevice(
      options.device,
      [&](const std::string &chip) {
        Build candidate = *build.withKernels();
        if (!options.chip)
          candidate.target.gpu = GpuTarget::of(chip);
        candidate.target.kernelsFor = KernelsFor::Gpu;
        Build plain = candidate.forSizes(selfCheckSizes());
        plain.schedule.clear();
        CompileRequest request = kernelRequest(plain);
        request.cacheDirectory = options.cacheDirectory;
        Executable check = compileAndLoad(request).program;
        selfCheck(check);
        placed.build = candidate;
      },
      !build.chapter->hasKernels());
  placed.note = choice.note;
  placed.gpu = std::move(choice.driver);
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
