//===- command_line.cpp - The options every chapter's program takes -----===//
#include "chapter/command_line.h"
#include "compiler/object_cache.h"
#include "model/error.h"
#include "model/paths.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"

namespace cl = llvm::cl;

namespace gpt2 {
namespace {

/// LLVM's libraries register an option of their own for `--threads`, which
/// would collide with ours; it stays reachable as `--llvm-threads`.
void moveLlvmOptionAside() {
  auto found = cl::getRegisteredOptions().find("threads");
  if (found != cl::getRegisteredOptions().end())
    found->second->setArgStr("llvm-threads");
}

/// LLVM's parser keeps options in variables; these live while `main` parses.
struct Options {
  cl::OptionCategory input{"What to continue"};
  cl::OptionCategory sampling{"How to choose tokens"};
  cl::OptionCategory machine{"Where it runs"};
  cl::OptionCategory looking{"Looking at it and checking it"};

  cl::opt<std::string> prompt{cl::Positional, cl::desc("[prompt]"),
                              cl::cat(input)};
  cl::opt<std::string> model{
      "model", cl::value_desc("path"), cl::init(paths::embeddedModel),
      cl::desc("Directory with config.json and model.safetensors, .safetensors "
               "or llm.c .bin file, or random-124m (default: the embedded "
               "model)"),
      cl::cat(input)};
  cl::opt<std::string> tokenIds{
      "token-ids", cl::value_desc("file"),
      cl::desc("The prompt as token ids, one a line; the output is ids too"),
      cl::cat(input)};
  cl::opt<int64_t> maxNewTokens{
      "max-new-tokens", cl::value_desc("n"), cl::init(100),
      cl::desc("Stop after n tokens (default 100)"), cl::cat(input)};

  cl::opt<std::string> context{
      "context", cl::value_desc("policy"), cl::init("stop"),
      cl::desc("When the model's context is full: stop, or slide: go on behind "
               "the newest half of it, which is computed again as if it were "
               "all (default stop)"),
      cl::cat(input)};
  cl::opt<int64_t> prefill{
      "prefill", cl::value_desc("n"),
      cl::desc("Take the prompt n tokens at a time (default: at once)"),
      cl::cat(input)};
  cl::opt<std::string> promptIds{
      "prompt-ids", cl::value_desc("file"),
      cl::desc("As --prompts, as ids with blanks between them; the output is "
               "ids too"),
      cl::cat(input)};
  cl::opt<std::string> prompts{"prompts", cl::value_desc("file"),
                               cl::desc("Continue many prompts, one a line"),
                               cl::cat(input)};
  cl::opt<int64_t> batch{
      "batch", cl::value_desc("n"), cl::init(1),
      cl::desc("So many of these at once, in one step (default 1)"),
      cl::cat(input)};

  cl::opt<bool> ignoreEnd{"ignore-end",
                          cl::desc("Go on where the model ends its text"),
                          cl::cat(input)};

  cl::opt<double> temperature{
      "temperature", cl::value_desc("t"),
      cl::init(SamplerOptions().temperature),
      cl::desc("Divide logits by t; 0 is greedy (default 0.8)"),
      cl::cat(sampling)};
  cl::opt<int64_t> topK{"top-k", cl::value_desc("k"),
                        cl::init(SamplerOptions().topK),
                        cl::desc("Choose among the k most likely; 0 is all "
                                 "(default 40)"),
                        cl::cat(sampling)};
  cl::opt<double> topP{
      "top-p", cl::value_desc("p"), cl::init(SamplerOptions().topP),
      cl::desc("Choose among the most likely that together reach probability p "
               "(default 1: all)"),
      cl::cat(sampling)};
  cl::opt<uint64_t> seed{
      "seed", cl::value_desc("n"), cl::init(SamplerOptions().seed),
      cl::desc("Of the random numbers (default 1)"), cl::cat(sampling)};
  cl::opt<bool> greedy{"greedy", cl::desc("Always the most likely token"),
                       cl::cat(sampling)};

  cl::opt<std::string> device{
      "device", cl::value_desc("name"),
      cl::desc("Where to run: cpu; or, in chapters with kernels, cuda, hip or "
               "emulator (default: a GPU if there is one, else the CPU, else "
               "the emulator)"),
      cl::cat(machine)};
  cl::opt<std::string> chip{
      "chip", cl::value_desc("name"),
      cl::desc("What GPU to compile for: sm_80, sm_90, gfx942, gfx1100, "
               "gfx1151, ... (default: the GPU's own; on the emulator and to "
               "look at, sm_90)"),
      cl::cat(machine)};
  cl::opt<std::string> weights{
      "weights", cl::value_desc("format"), cl::init("f32"),
      cl::desc("How matrices are kept where it runs: f32, or in some chapters "
               "bf16, which is half the bytes (default f32)"),
      cl::cat(machine)};
  cl::opt<std::string> kv{
      "kv", cl::value_desc("format"), cl::init("f32"),
      cl::desc("How keys and values are kept, in chapters that keep them: f32, "
               "or bf16, which is half the bytes (default f32)"),
      cl::cat(machine)};
  cl::opt<int> threads{"threads", cl::value_desc("n"), cl::init(1),
                       cl::desc("How many threads (default 1)"),
                       cl::cat(machine)};
  cl::opt<std::string> cacheDir{
      "cache-dir", cl::value_desc("dir"),
      cl::desc("Where compiled programs are kept (default "
               "~/.cache/lowering-gpt2)"),
      cl::cat(machine)};
  cl::opt<bool> noCache{"no-cache", cl::desc("Compile anew, keep nothing"),
                        cl::cat(machine)};

  cl::opt<std::string> emit{
      "emit", cl::value_desc("state"),
      cl::desc("Print the program and stop; --emit=help lists the states"),
      cl::cat(looking)};
  cl::opt<std::string> aot{
      "aot", cl::value_desc("file.so"),
      cl::desc("Write the program for this model's sizes, with kernels for the "
               "usual GPUs (or for --chip) and for the emulator, as a library "
               "that gpt2-run runs without LLVM, and stop"),
      cl::cat(machine)};
  cl::opt<std::string> explain{
      "explain", cl::value_desc("kernel"),
      cl::desc("Print what each pass makes of one kernel and stop"),
      cl::cat(looking)};
  cl::opt<bool> score{
      "score",
      cl::desc("Print what the program does, counted and not timed, and stop"),
      cl::cat(looking)};
  cl::opt<int64_t> scoreTokens{
      "score-tokens", cl::value_desc("n"), cl::init(64),
      cl::desc("How long a prompt --score counts with (default 64)"),
      cl::cat(looking)};
  cl::opt<int64_t> scoreCache{
      "score-cache", cl::value_desc("KiB"), cl::init(1024),
      cl::desc("The cache that --score counts with (default 1024)"),
      cl::cat(looking)};
  cl::opt<std::string> pipeline{
      "pipeline", cl::value_desc("file"),
      cl::desc("Run these stages behind the first instead of the chapter's: "
               "what --emit=pipeline prints, with your changes"),
      cl::cat(looking)};
  cl::opt<bool> verbose{"verbose",
                        cl::desc("Say what was compiled and for what CPU"),
                        cl::cat(looking)};
  cl::opt<bool> describe{
      "describe",
      cl::desc("Print what this chapter is and runs on, and the model's "
               "sizes, as JSON, and stop"),
      cl::cat(looking)};
  cl::opt<std::string> report{
      "report", cl::value_desc("file.json"),
      cl::desc("Also write the times of the run, or the --score, as JSON"),
      cl::cat(looking)};
  cl::opt<bool> profile{"profile",
                        cl::desc("Also print how long each kernel took"),
                        cl::cat(looking)};
  cl::opt<bool> noGraphs{
      "no-graphs",
      cl::desc("On a GPU, launch every kernel of every step anew, instead of "
               "recording a step that repeats and replaying it"),
      cl::cat(machine)};
  cl::opt<bool> warmUp{"warm-up",
                       cl::desc("Run the prompt once before, untimed"),
                       cl::cat(looking)};
  cl::opt<std::string> dumpLogits{
      "dump-logits", cl::value_desc("file.npy"),
      cl::desc("Write the f32 logits after the last of --token-ids, and stop"),
      cl::cat(looking)};
  cl::opt<bool> allPositions{"all-positions",
                             cl::desc("With --dump-logits: after every token"),
                             cl::cat(looking)};
  cl::opt<std::string> compareWith{
      "compare-with", cl::value_desc("chapter"),
      cl::desc("Compare what each kernel returns for --token-ids with an "
               "earlier chapter, or with \"reference\", name the first that "
               "differs, and stop"),
      cl::cat(looking)};
};

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
  line.weights =
      *elementTypeFromName(llvm::StringRef(options.weights.getValue()).upper());
  line.cache =
      *elementTypeFromName(llvm::StringRef(options.kv.getValue()).upper());
  if (isGiven(options.chip))
    line.chip = GpuTarget::of(options.chip);
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
  line.report = fileIfGiven(options.report);
  line.warmUp = options.warmUp;
  line.profile = options.profile;
  line.graphs = !options.noGraphs;
  if (line.profile && !chapter.hasKernels())
    fail("--profile: ", chapter.name, " has no kernels for a GPU");
  line.ignoreEnd = options.ignoreEnd;
  if (line.report && (line.describe || !line.compareWith.empty() ||
                      !line.emit.empty() || !line.explain.empty()))
    fail("--report goes with a run that generates, or with --score");
  line.aot = fileIfGiven(options.aot);
  line.context = contextPolicy(options.context);
  line.prefill = options.prefill;
  line.prompts = fileIfGiven(options.prompts);
  line.promptIds = fileIfGiven(options.promptIds);
  line.batch = options.batch;
  line.validate();
  if (line.aot && (chapter.hasKernels() || chapter.onGpu)) {
    if (line.chip)
      line.aotChips = {*line.chip};
    else
      for (const char *chip :
           {"sm_80", "sm_90", "gfx90a", "gfx942", "gfx1100", "gfx1151"})
        line.aotChips.push_back(GpuTarget::of(chip));
  }
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
