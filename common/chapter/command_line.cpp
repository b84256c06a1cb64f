//===- command_line.cpp - The options every chapter's program takes -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/command_line.h"
#include "chapter/llvm_options.h"
#include "chapter/options.h"
#include "compiler/codegen/object_cache.h"
#include "support/error.h"
#include "support/files.h"
#include "support/paths.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"

#include <iostream>

namespace gpt2 {
namespace {

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

/// Where compiled programs are kept.
std::optional<std::filesystem::path> cacheOf(const GivenOptions &given,
                                             bool isTuned) {
  if (given.noCache)
    return std::nullopt;
  return given.cacheDirectory ? given.cacheDirectory : defaultCache(isTuned);
}

/// The GPUs that --aot compiles for: those of --chip, or the usual ones.
std::vector<GpuTarget> aotChips(const GivenOptions &given, bool isAot) {
  std::vector<GpuTarget> chips;
  if (given.chips)
    for (llvm::StringRef name : llvm::split(*given.chips, ','))
      chips.push_back(GpuTarget::of(name.str()));
  else if (isAot)
    for (const char *name :
         {"sm_80", "sm_90", "gfx90a", "gfx942", "gfx1100", "gfx1151"})
      chips.push_back(GpuTarget::of(name));
  if (chips.size() > 1 && !isAot)
    fail("--chip=", *given.chips, ": several go with --aot and --aot-kernels");
  return chips;
}

/// Throws an Error if what is to be done contradicts itself or the chapter.
void check(const CommandLine &line, const GivenOptions &given) {
  const Chapter &chapter = *line.build.chapter;
  if (line.tune && chapter.schedules.empty())
    fail("--tune: ", chapter.name, " has no schedules");
  if (line.tune && chapter.hasKernels())
    fail("--tune: measures programs for the CPU");
  if (line.tune && given.noCache)
    fail("--tune keeps what it finds in the cache directory, and --no-cache "
         "keeps nothing");
  if (!(line.tuneSeconds >= 0))
    fail("--tune-seconds=", line.tuneSeconds, ": expected 0 or more");
  if (!line.compareWith.empty() && !line.tokenIds)
    fail("--compare-with needs --token-ids FILE");
  if (given.scoreTokens < 1)
    fail("--score-tokens=", given.scoreTokens, ": expected 1 or more");
  if (given.scoreCache < 0)
    fail("--score-cache=", given.scoreCache, ": expected 0 or more KiB");
  if (line.report &&
      (line.describe || !line.compareWith.empty() || !line.emit.empty() ||
       !line.explain.empty() || line.loss || line.tune))
    fail("--report goes with a run that generates, with --score or --serve");
  line.validate();
  // It names one chip, and no other kind of program has its stages.
  if (line.program.pipeline && chapter.hasKernels() && line.aotChips.size() > 1)
    fail("--pipeline is for one chip: name it with --chip");
}

/// A schedule is read again and again. One that can be read but once, because
/// it comes from stdin or a pipe, is kept in a file while the result lives.
std::shared_ptr<const void> keepSchedule(std::filesystem::path &file) {
  std::error_code none;
  auto type = std::filesystem::status(file, none).type();
  if (file.empty() || (file != "-" && type != std::filesystem::file_type::fifo))
    return nullptr;
  std::string text = readInput(file);
  llvm::SmallString<128> path;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("schedule", "mlir", path))
    fail("cannot keep the schedule of ", nameOfInput(file), ": ",
         error.message());
  auto remover = std::make_shared<llvm::FileRemover>(path);
  file = path.str().str();
  writeFile(file, {text});
  return remover;
}

} // namespace

CommandLine parseCommandLine(const Chapter &chapter, int argc, char **argv) {
  mlir::registerAllPasses(); // so that --mlir-print-ir-after knows their names
  registerPasses();
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  CommandLine line(chapter);
  line.model = paths::embeddedModel();
  GivenOptions given;
  OptionTable table = optionsOf(chapter, line, given);
  line.showsPasses = parseWithLlvm(table, argc, argv);
  line.scheduleCopy = keepSchedule(line.program.schedule);
  line.program.profile = line.profile;
  if (given.chips) // of several, for --aot, the first
    line.program.chip = llvm::StringRef(*given.chips).split(',').first.str();
  line.program.cacheDirectory = cacheOf(given, line.tune.has_value());
  line.build = buildFor(chapter, line.program);
  line.aotChips = aotChips(given, line.aot || line.aotKernels);
  line.score = given.score ? given.scoreTokens : 0;
  line.scoreCache = 1024.0 * static_cast<double>(given.scoreCache);
  check(line, given);
  return line;
}

void applyMlirOptions(mlir::PassManager &pm) {
  if (failed(mlir::applyPassManagerCLOptions(pm)))
    fail("MLIR refuses the pass manager's options");
  mlir::applyDefaultTimingPassManagerCLOptions(pm);
}

} // namespace gpt2
