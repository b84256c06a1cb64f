//===- command_line.cpp - The options every chapter's program takes -----===//
#include "chapter/command_line.h"
#include "chapter/options.h"
#include "compiler/codegen/object_cache.h"
#include "support/error.h"
#include "support/files.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/VirtualFileSystem.h"

#include <iostream>

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
  if (o.empty())
    fail("--", o.ArgStr.str(), "=: expected a file's name");
  return std::filesystem::path(o.getValue());
}

/// None if there is nowhere to keep anything, which is said; `isNeeded` makes
/// it an Error.
std::optional<std::filesystem::path> defaultCache(bool isNeeded) {
  auto directory = ObjectCache::defaultDirectory();
  if (directory)
    return directory;
  constexpr const char *problem = "neither XDG_CACHE_HOME nor HOME is set";
  if (isNeeded)
    fail("--tune keeps what it finds in the cache directory, and ", problem,
         "; give --cache-dir DIR");
  std::cerr << "warning: what is compiled is not kept for later runs: "
            << problem << "; give --cache-dir DIR or --no-cache\n";
  return std::nullopt;
}

ProgramOptions programOptions(const Options &options) {
  ProgramOptions program;
  program.device = options.device;
  if (isGiven(options.chip)) // of several, for --aot, the first
    program.chip =
        llvm::StringRef(options.chip.getValue()).split(',').first.str();
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
    program.cacheDirectory = isGiven(options.cacheDir)
                                 ? fileIfGiven(options.cacheDir)
                                 : defaultCache(isGiven(options.tune));
  return program;
}

CommandLine check(const Chapter &whole, const Options &options) {
  CommandLine line(programOptions(options), whole);
  const Chapter &chapter = *line.build.chapter;
  if (isGiven(options.tune) && chapter.schedules.empty())
    fail("--tune: ", chapter.name, " has no schedules");
  if (isGiven(options.tune) && chapter.hasKernels())
    fail("--tune: measures programs for the CPU");
  if (isGiven(options.prompt))
    line.prompt = options.prompt;
  line.tokenIds = fileIfGiven(options.tokenIds);
  line.tokenizer = fileIfGiven(options.tokenizer);
  line.noSpecial = options.noSpecial;
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
  line.aot = fileIfGiven(options.aot);
  line.aotKernels = fileIfGiven(options.aotKernels);
  if (isGiven(options.chip)) {
    for (llvm::StringRef name : llvm::split(options.chip.getValue(), ','))
      line.aotChips.push_back(GpuTarget::of(name.str()));
    if (line.aotChips.size() > 1 && !line.aot && !line.aotKernels)
      fail("--chip=", options.chip.getValue(),
           ": several go with --aot and --aot-kernels");
  }
  line.emit = options.emit;
  line.explain = options.explain;
  if (options.scoreTokens < 1)
    fail("--score-tokens=", options.scoreTokens.getValue(),
         ": expected 1 or more");
  line.score = options.score ? options.scoreTokens.getValue().value : 0;
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
  if (line.program.pipeline && chapter.hasKernels() && line.aotChips.size() > 1)
    fail("--pipeline is for one chip: name it with --chip");
  line.verbose = options.verbose;
  return line;
}

} // namespace

/// stdin is read to its end by whoever comes first.
static void checkStdin(const Options &options) {
  const cl::opt<std::string> *reader = nullptr;
  for (const auto *input :
       {&options.tokenIds, &options.prompts, &options.promptIds, &options.loss,
        &options.pipeline, &options.schedule}) {
    if (input->getValue() != "-")
      continue;
    if (reader)
      fail("--", reader->ArgStr.str(), " and --", input->ArgStr.str(),
           " both say -, and stdin can be read once");
    reader = input;
  }
}

/// A schedule is read again and again. One that can be read but once, because
/// it comes from stdin or a pipe, is kept in a file while the result lives.
static std::shared_ptr<const void> keepSchedule(cl::opt<std::string> &option) {
  const std::string &name = option.getValue();
  std::error_code none;
  auto type = std::filesystem::status(name, none).type();
  if (name.empty() || (name != "-" && type != std::filesystem::file_type::fifo))
    return nullptr;
  std::string text = readInput(name);
  llvm::SmallString<128> path;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("schedule", "mlir", path))
    fail("cannot keep the schedule of ", nameOfInput(name), ": ",
         error.message());
  auto remover = std::make_shared<llvm::FileRemover>(path);
  writeFile(path.str().str(), {text});
  option.setValue(path.str().str());
  return remover;
}

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
  std::string overview = chapter.name + ": " + chapter.title +
                         "\n\nA prompt that begins with - stands behind --.\n";
  // A prompt may begin with "@": no file is there that could be one of options.
  llvm::vfs::InMemoryFileSystem none;
  cl::ParseCommandLineOptions(argc, argv, overview, nullptr, &none);

  checkStdin(options);
  std::shared_ptr<const void> scheduleCopy = keepSchedule(options.schedule);
  CommandLine line = check(chapter, options);
  line.scheduleCopy = std::move(scheduleCopy);
  line.showsPasses = showMlirOptions(mlirCategory);
  return line;
}

void applyMlirOptions(mlir::PassManager &pm) {
  if (failed(mlir::applyPassManagerCLOptions(pm)))
    fail("MLIR refuses the pass manager's options");
  mlir::applyDefaultTimingPassManagerCLOptions(pm);
}

} // namespace gpt2
