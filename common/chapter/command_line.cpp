//===- command_line.cpp - The options every chapter's program takes -----===//
#include "chapter/command_line.h"
#include "chapter/options.h"
#include "compiler/object_cache.h"
#include "compiler/schedule.h"
#include "model/error.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace gpt2 {
namespace {

/// LLVM's libraries register an option of their own for `--threads`, which
/// would collide with ours; it stays reachable as `--llvm-threads`.
void moveLlvmOptionAside() {
  auto found = cl::getRegisteredOptions().find("threads");
  if (found != cl::getRegisteredOptions().end())
    found->second->setArgStr("llvm-threads");
}

bool isGiven(const cl::Option &option) {
  return option.getNumOccurrences() > 0;
}

/// Of the hundreds of options that LLVM and MLIR register, --help shows ours
/// and those of MLIR's that show passes at work.
bool showMlirOptions(cl::OptionCategory &category) {
  bool anyGiven = false;
  for (auto &[name, option] : cl::getRegisteredOptions()) {
    bool shows = llvm::is_contained(
        {"mlir-print-ir-before", "mlir-print-ir-after",
         "mlir-print-ir-before-all", "mlir-print-ir-after-all",
         "mlir-print-ir-after-change", "mlir-print-ir-tree-dir", "mlir-timing",
         "mlir-pass-statistics"},
        llvm::StringRef(name));
    if (shows)
      option->addCategory(category);
    anyGiven |= shows && isGiven(*option);
  }
  return anyGiven;
}

/// The programs that the options are about: those with kernels, if a device or
/// a chip is named that has to do with these, or `chapter`'s.
const Chapter &chapterFor(const Chapter &chapter, const Options &options) {
  if (chapter.onGpu &&
      (isGiven(options.chip) || options.profile ||
       (isGiven(options.schedule) && options.device.getValue() != "cpu" &&
        isForGpus(options.schedule.getValue())) ||
       llvm::is_contained(chapter.onGpu->devices, options.device.getValue())))
    return *chapter.onGpu;
  return chapter;
}

void checkDevice(const Chapter &chapter, const Options &options) {
  if (isGiven(options.device) &&
      !llvm::is_contained(chapter.devices, options.device.getValue()))
    fail("--device=", options.device.getValue(), ": ", chapter.name,
         " runs on: ", llvm::join(chapter.devices, ", "),
         chapter.onGpu ? ", " + llvm::join(chapter.onGpu->devices, ", ") : "");
  if (isGiven(options.chip) && !chapter.hasKernels())
    fail("--chip=", options.chip.getValue(), ": ", chapter.name,
         " has no kernels for a GPU");
  if (isGiven(options.kv) && !chapter.keepsCache())
    fail("--kv=", options.kv.getValue(), ": ", chapter.name,
         " keeps no keys and values");
  if (isGiven(options.kv) &&
      !llvm::is_contained(chapter.cacheFormats, options.kv.getValue()))
    fail("--kv=", options.kv.getValue(), ": ", chapter.name,
         " takes: ", llvm::join(chapter.cacheFormats, ", "));
  if (!llvm::is_contained(chapter.weightFormats, options.weights.getValue()))
    fail("--weights=", options.weights.getValue(), ": ", chapter.name,
         " takes: ", llvm::join(chapter.weightFormats, ", "));
  if (isGiven(options.schedule) && chapter.schedules.empty())
    fail("--schedule=", options.schedule.getValue(), ": ", chapter.name,
         " has no schedules");
  if (isGiven(options.tune) && chapter.schedules.empty())
    fail("--tune: ", chapter.name, " has no schedules");
  if (isGiven(options.tune) && chapter.hasKernels())
    fail("--tune: measures programs for the CPU");
  if (options.threads < 1 || options.threads > chapter.maxThreads)
    fail("--threads=", options.threads.getValue(), ": ", chapter.name,
         " runs on ", chapter.maxThreads == 1 ? "1" : "1 to ",
         chapter.maxThreads == 1 ? "" : std::to_string(chapter.maxThreads),
         chapter.maxThreads == 1 ? " thread" : " threads");
}

std::optional<std::filesystem::path>
fileIfGiven(const cl::opt<std::string> &o) {
  if (!isGiven(o))
    return std::nullopt;
  return std::filesystem::path(o.getValue());
}

CommandLine check(const Chapter &whole, const Options &options) {
  const Chapter &chapter = chapterFor(whole, options);
  checkDevice(chapter, options);
  CommandLine line;
  line.chapter = &chapter;
  if (isGiven(options.prompt))
    line.prompt = options.prompt;
  line.tokenIds = fileIfGiven(options.tokenIds);
  line.model = options.model;
  line.maxNewTokens = options.maxNewTokens;
  if (options.greedy && isGiven(options.temperature))
    fail("give --greedy or --temperature, not both");
  line.sampler.temperature = options.greedy ? 0.0 : options.temperature;
  line.sampler.topK = options.topK;
  line.sampler.topP = options.topP;
  line.sampler.seed = options.seed;
  line.dumpLogits = fileIfGiven(options.dumpLogits);
  line.allPositions = options.allPositions;
  line.compareWith = options.compareWith;
  if (!line.compareWith.empty() && !line.tokenIds)
    fail("--compare-with needs --token-ids FILE");
  line.pipeline = fileIfGiven(options.pipeline);
  line.device = options.device;
  line.weights = options.weights.getValue() == "int8"
                     ? ElementType::I8
                     : *elementTypeFromName(
                           llvm::StringRef(options.weights.getValue()).upper());
  line.cache =
      *elementTypeFromName(llvm::StringRef(options.kv.getValue()).upper());
  line.aot = fileIfGiven(options.aot);
  line.aotKernels = fileIfGiven(options.aotKernels);
  if (isGiven(options.chip)) {
    for (llvm::StringRef name : llvm::split(options.chip.getValue(), ','))
      line.aotChips.push_back(GpuTarget::of(name.str()));
    line.chip = line.aotChips.front();
    if (line.aotChips.size() > 1 && !line.aot && !line.aotKernels)
      fail("--chip=", options.chip.getValue(),
           ": several go with --aot and --aot-kernels");
  }
  line.emit = options.emit;
  line.explain = options.explain;
  if (options.scoreTokens < 1)
    fail("--score-tokens=", options.scoreTokens.getValue(),
         ": expected 1 or more");
  line.score = options.score ? options.scoreTokens.getValue() : 0;
  if (options.scoreCache < 0)
    fail("--score-cache=", options.scoreCache.getValue(),
         ": expected 0 or more KiB");
  line.scoreCache = 1024.0 * static_cast<double>(options.scoreCache);
  line.describe = options.describe;
  line.loss = fileIfGiven(options.loss);
  line.tune = fileIfGiven(options.tune);
  line.tuneSeconds = options.tuneSeconds;
  if (line.tune && options.noCache)
    fail("--tune keeps what it finds in the cache directory, and --no-cache "
         "keeps nothing");
  if (!(line.tuneSeconds >= 0))
    fail("--tune-seconds=", line.tuneSeconds, ": expected 0 or more");
  line.report = fileIfGiven(options.report);
  line.warmUp = options.warmUp;
  line.profile = options.profile;
  line.graphs = !options.noGraphs;
  line.threads = options.threads;
  line.schedule = options.schedule.getValue();
  if (line.profile && !chapter.hasKernels())
    fail("--profile: ", chapter.name, " has no kernels for a GPU");
  line.ignoreEnd = options.ignoreEnd;
  if (line.report &&
      (line.describe || !line.compareWith.empty() || !line.emit.empty() ||
       !line.explain.empty() || line.loss || line.tune))
    fail("--report goes with a run that generates, or with --score");
  line.context = contextPolicy(options.context);
  line.prefill = options.prefill;
  line.prompts = fileIfGiven(options.prompts);
  line.promptIds = fileIfGiven(options.promptIds);
  line.batch = options.batch;
  line.validate();
  if (line.aot && line.aotKernels)
    fail("give --aot or --aot-kernels, not both");
  if (line.aotChips.empty() && (line.aot || line.aotKernels))
    for (const char *chip :
         {"sm_80", "sm_90", "gfx90a", "gfx942", "gfx1100", "gfx1151"})
      line.aotChips.push_back(GpuTarget::of(chip));
  // It names one chip, and no other kind of program has its stages.
  if (line.pipeline && chapter.hasKernels() && line.aotChips.size() > 1)
    fail("--pipeline is for one chip: name it with --chip");
  line.verbose = options.verbose;
  if (options.noCache && isGiven(options.cacheDir))
    fail("give --cache-dir or --no-cache, not both");
  if (!options.noCache)
    line.cacheDirectory =
        fileIfGiven(options.cacheDir).value_or(std::filesystem::path());
  return line;
}

} // namespace

CommandLine parseCommandLine(const Chapter &chapter, int argc, char **argv) {
  mlir::registerAllPasses(); // so that --mlir-print-ir-after knows their names
  registerPasses();
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  moveLlvmOptionAside();
  Options options;
  cl::OptionCategory mlirCategory("MLIR's own options");
  (void)showMlirOptions(mlirCategory);
  cl::HideUnrelatedOptions({&options.input, &options.sampling, &options.machine,
                            &options.looking, &mlirCategory});
  std::string overview = chapter.name + ": " + chapter.title + "\n";
  cl::ParseCommandLineOptions(argc, argv, overview);

  CommandLine line = check(chapter, options);
  line.showsPasses = showMlirOptions(mlirCategory);
  if (line.cacheDirectory && line.cacheDirectory->empty())
    line.cacheDirectory = ObjectCache::defaultDirectory();
  return line;
}

void applyMlirOptions(mlir::PassManager &pm) {
  if (failed(mlir::applyPassManagerCLOptions(pm)))
    fail("MLIR refuses the pass manager's options");
  mlir::applyDefaultTimingPassManagerCLOptions(pm);
}

} // namespace gpt2
