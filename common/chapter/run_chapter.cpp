//===- run_chapter.cpp - A chapter's program ----------------------------===//
#include "chapter/chapter.h"
#include "chapter/command_line.h"
#include "chapter/divergence.h"
#include "chapter/paths.h"
#include "chapter/report.h"
#include "compiler/codegen.h"
#include "compiler/pipeline_text.h"
#include "device/driver.h"
#include "device/self_check.h"
#include "model/checkpoint.h"
#include "model/error.h"
#include "model/files.h"
#include "model/generate.h"
#include "model/tokenizer.h"

#include <cmath>
#include <functional>
#include <iostream>

#include <unistd.h>

namespace gpt2 {
namespace {

/// Shows how far loading has come, on a terminal, once it takes a second.
LoadProgress showLoading() {
  if (!isatty(STDERR_FILENO))
    return {};
  return
      [watch = Stopwatch(), shown = -1](int64_t done, int64_t total) mutable {
        int percent = static_cast<int>(100 * done / total);
        if (percent == shown || watch.seconds() < 1)
          return;
        shown = percent;
        std::cerr << "\rloading " << percent << " %"
                  << (done == total ? "\r\033[K" : "") << std::flush;
      };
}

void describeModel(const CommandLine &line, const Checkpoint &checkpoint) {
  std::cerr << "model: "
            << (line.model == paths::embeddedModel
                    ? "fairy-tales, which this book trained on public-domain "
                      "fairy tales and which knows nothing else"
                    : line.model)
            << "\n       " << checkpoint.config().describe() << ", "
            << std::lround(
                   static_cast<double>(checkpoint.config().parameters()) /
                   1e5) /
                   10.0
            << " M parameters in " << checkpoint.format() << "\n";
}

void printStop(const Generation &generation, const Config &config) {
  if (generation.reason == StopReason::EndOfText)
    std::cerr << "[the model ended its text]\n";
  else if (generation.reason == StopReason::ContextFull)
    std::cerr << "[the context of " << config.context << " tokens is full]\n";
}

/// Throws an Error if what was printed did not get through.
void requireOutput() {
  if (!std::cout.flush())
    fail("the output could not be written");
}

/// Continues the prompt and streams what comes, as text or as ids.
void continueText(const CommandLine &line, const Checkpoint &checkpoint,
                  Forward &forward, Device &device, const Times &times) {
  std::optional<Tokenizer> tokenizer;
  std::vector<int32_t> ids;
  if (line.tokenIds) {
    ids = readTokenIds(*line.tokenIds);
  } else {
    tokenizer.emplace(checkpoint.loadTokenizer());
    ids = tokenizer->encode(line.prompt.value_or(""));
  }
  Config config = checkpoint.config();
  if (ids.empty())
    ids.push_back(config.endOfText);
  checkPrompt(ids, config);
  if (line.warmUp) {
    std::vector<float> logits(static_cast<size_t>(config.vocab));
    forward(ids, logits);
  }
  if (line.profile)
    device.startTiming();
  if (line.ignoreEnd)
    config.endOfText = -1;
  Sampler sampler(line.sampler);
  if (tokenizer)
    std::cout << line.prompt.value_or("") << std::flush;
  Generation generation = generate(config, ids, line.maxNewTokens, sampler,
                                   std::ref(forward), [&](int32_t id) {
                                     if (tokenizer)
                                       std::cout << tokenizer->decode(id)
                                                 << std::flush;
                                     else
                                       std::cout << id << std::endl;
                                   });
  if (tokenizer)
    std::cout << "\n";
  requireOutput();
  printStop(generation, config);
  times.print(generation);
  if (line.profile)
    std::cerr << describe(device.times(), generation.stepSeconds.size());
  if (line.report) {
    llvm::json::Value report = times.toJson(generation);
    if (line.profile)
      (*report.getAsObject())["kernels"] = toJson(device.times());
    writeFile(*line.report, {toText(report)});
  }
}

void dumpLogits(const CommandLine &line, const Config &config,
                Forward &forward) {
  std::vector<int32_t> ids = readTokenIds(*line.tokenIds);
  if (ids.empty())
    fail(line.tokenIds->string(), ": no token ids; expected one a line");
  checkPrompt(ids, config);
  size_t rows = line.allPositions ? ids.size() : 1;
  std::vector<float> logits(rows * static_cast<size_t>(config.vocab));
  forward(ids, logits);
  writeNpy(*line.dumpLogits, logits, static_cast<int64_t>(rows), config.vocab);
}

/// `chapter` with the stages of `file`, but for the first: its sizes are the
/// model's.
Chapter withPipeline(const Chapter &chapter,
                     const std::filesystem::path &file) {
  Chapter changed = chapter;
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
  std::vector<int32_t> ids = readTokenIds(*line.tokenIds);
  checkPrompt(ids, checkpoint.config());
  if (ids.empty())
    fail(line.tokenIds->string(), ": no token ids; expected one a line");
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

/// `chapter` with what its kernels are compiled for: --device and --chip, or a
/// GPU that is here and passes the self-check, or else the emulator.
Chapter onDevice(const Chapter &chapter, const CommandLine &line) {
  Chapter placed = chapter;
  if (line.gpu)
    placed.gpu = *line.gpu;
  std::string reasons;
  auto use = [&](const char *name, std::unique_ptr<Driver> (*open)()) {
    Chapter candidate = placed;
    candidate.kernelsFor = KernelsFor::Gpu;
    try {
      std::unique_ptr<Driver> driver = open();
      if (!line.gpu)
        candidate.gpu = GpuTarget::of(driver->chip());
      CompileRequest request = kernelRequest(candidate, selfCheckSizes());
      request.cacheDirectory = line.cacheDirectory;
      Executable kernels = load(compileToObject(request).bytes);
      selfCheck(kernels);
    } catch (const Error &error) {
      if (line.device == name)
        throw;
      reasons += (reasons.empty() ? "" : "; ") + std::string(error.what());
      return false;
    }
    placed = candidate;
    return true;
  };
  bool any = line.device.empty() && !line.gpu;
  if ((line.device == "cuda" || any) && use("cuda", openCuda))
    return placed;
  if ((line.device == "hip" || any) && use("hip", openHip))
    return placed;
  if (any)
    std::cerr << "no GPU, so kernels are emulated (" << reasons << ")\n";
  return placed;
}

int run(const Chapter &chapter, const CommandLine &line) {
  std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(line.model);
  Sizes sizes = sizesOf(checkpoint->config());
  CompileRequest request = compileRequest(chapter, sizes);
  request.configure = applyMlirOptions;
  if (std::string text =
          textToPrint(chapter, checkpoint->config(), line, request);
      !text.empty()) {
    std::cout << text;
    requireOutput();
    return 0;
  }
  Chapter placed = chapter.hasKernels() ? onDevice(chapter, line) : chapter;
  if (!line.compareWith.empty())
    return compareVersions(placed, line, *checkpoint);
  request = compileRequest(placed, sizes);
  request.configure = applyMlirOptions;
  request.cacheDirectory = line.cacheDirectory;
  request.ignoreCached = line.showsPasses;
  describeModel(line, *checkpoint);

  Times times;
  Stopwatch compileWatch;
  CompiledObject object = compileToObject(request);
  Executable program = load(object.bytes);
  times.fromCache = object.fromCache;
  if (chapter.hasKernels())
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
  Weights weights = checkpoint->load(showLoading());
  Forward forward(program, weights);
  times.load = loadWatch.seconds();

  if (line.dumpLogits)
    dumpLogits(line, checkpoint->config(), forward);
  else
    continueText(line, *checkpoint, forward, program.device(), times);
  return 0;
}

} // namespace

int runChapter(const Chapter &chapter, int argc, char **argv) {
  return exitCodeOf(chapter.name, [&] {
    CommandLine line = parseCommandLine(chapter, argc, argv);
    Chapter wanted = chapter;
    wanted.gpu = line.gpu.value_or(wanted.gpu);
    wanted.weights = line.weights;
    if (line.pipeline)
      wanted = withPipeline(wanted, *line.pipeline);
    return run(wanted, line);
  });
}

} // namespace gpt2
