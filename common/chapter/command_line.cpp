//===- command_line.cpp - The options every chapter's program takes -----===//
#include "chapter/command_line.h"
#include "chapter/options.h"
#include "compiler/object_cache.h"
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

std::optional<std::filesystem::path>
fileIfGiven(const cl::opt<std::string> &o) {
  if (!isGiven(o))
    return std::nullopt;
  return std::filesystem::path(o.getValue());
}

ProgramOptions programOptions(const Options &options) {
  ProgramOptions program;
  program.device = options.device;
  if (isGiven(options.chip))
    program.chip = options.chip;
  program.weights = options.weights;
  if (isGiven(options.kv))
    program.kv = options.kv;
  program.schedule = options.schedule.getValue();
  program.pipeline = fileIfGiven(options.pipeline);
  program.threads = options.threads;
  program.profile = options.profile;
  if (options.noCache && isGiven(options.cacheDir))
    fail("give --cache-dir or --no-cache, not both");
  if (!options.noCache)
    program.cacheDirectory =
        isGiven(options.cacheDir)
            ? std::filesystem::path(options.cacheDir.getValue())
            : ObjectCache::defaultDirectory();
  return program;
}

CommandLine check(const Chapter &whole, const Options &options) {
  CommandLine line;
  line.program = programOptions(options);
  line.chapter = programsOf(whole, line.program);
  const Chapter &chapter = line.chapter;
  if (isGiven(options.tune) && chapter.schedules.empty())
    fail("--tune: ", chapter.name, " has no schedules");
  if (isGiven(options.tune) && chapter.hasKernels())
    fail("--tune: measures programs for the CPU");
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
  line.ignoreEnd = options.ignoreEnd;
  if (line.report &&
      (line.describe || !line.compareWith.empty() || !line.emit.empty() ||
       !line.explain.empty() || line.loss || line.tune))
    fail("--report goes with a run that generates, or with --score");
  line.aot = fileIfGiven(options.aot);
  line.context = contextPolicy(options.context);
  line.prefill = options.prefill;
  line.prompts = fileIfGiven(options.prompts);
  line.promptIds = fileIfGiven(options.promptIds);
  line.batch = options.batch;
  line.validate();
  if (line.aot && (chapter.hasKernels() || chapter.onGpu)) {
    if (line.program.chip)
      line.aotChips = {chapter.gpu};
    else
      for (const char *chip :
           {"sm_80", "sm_90", "gfx90a", "gfx942", "gfx1100", "gfx1151"})
        line.aotChips.push_back(GpuTarget::of(chip));
  }
  line.verbose = options.verbose;
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
  return line;
}

void applyMlirOptions(mlir::PassManager &pm) {
  if (failed(mlir::applyPassManagerCLOptions(pm)))
    fail("MLIR refuses the pass manager's options");
  mlir::applyDefaultTimingPassManagerCLOptions(pm);
}

} // namespace gpt2
