//===- main.cpp - gpt2-run: runs what a chapter's --aot wrote -----------===//
#include "device/choose_device.h"
#include "device/host_device.h"
#include "run/check_kernels.h"
#include "run/library.h"
#include "run/prompts.h"
#include "run/self_check.h"
#include "support/error.h"
#include "support/numbers.h"
#include "support/output.h"
#include "support/paths.h"

#include <iostream>

#include <getopt.h>

namespace {

using namespace gpt2;

const char *usage =
    R"(usage: gpt2-run LIBRARY [OPTIONS] [--] [PROMPT]

Continues PROMPT with GPT-2 as a chapter compiled it ahead of time (--aot):
without LLVM, and with no library of CUDA or ROCm but the driver's own. If
LIBRARY has kernels alone (--aot-kernels), checks them against the reference.

  --model PATH          directory with config.json and model.safetensors,
                        .safetensors or llm.c .bin file, the name of a model
                        that was fetched (gpt2), or random-124m; of the sizes
                        that LIBRARY was compiled for (default: the embedded
                        model, where this was built)
  --device NAME         cuda, hip, emulator or cpu, as far as LIBRARY is for them
                        (default: a GPU if there is one, else the CPU, else
                        the emulator)
  --tokenizer PATH      folder with a tokenizer's files, a tokenizer.json, or
                        llm.c's .bin file (default: what lies beside the model)
  --no-special          take <|endoftext|> and other special tokens as text
  --token-ids FILE      the prompt as token ids, one a line; prints ids too.
                        "-" is stdin, here and with --prompts, --prompt-ids
  --max-new-tokens N    stop after N tokens (default 100)
  --temperature T       divide logits by T; 0 is greedy (default 0.8)
  --greedy              always the most likely token
  --top-k K             choose among the K most likely; 0 is all (default 40)
  --top-p P             or among those that reach probability P (default 1)
  --seed N              of the random numbers (default 1)
  --context POLICY      when the model's context is full: stop (default), or
                        slide: go on behind the newest half of it, also where
                        a prompt is longer
  --prefill N           take the prompt N tokens at a time (default: at once)
  --prompts FILE        continue many prompts, one a line
  --prompt-ids FILE     the same as ids, blanks between them; prints ids too
  --batch N             N of them at once (default 1)
  --threads N           divide loops among N threads, on the CPU (default 1)
  --ignore-end          go on where the model ends its text
  --warm-up             run the prompt once before, untimed
  --profile             also print how long each kernel took
  --no-graphs           on a GPU, launch every kernel of every step anew
  --report FILE.json    also write the times of the run
  --dump-logits FILE.npy  write the logits after the last of --token-ids, stop
  --all-positions       with --dump-logits: after every token
)";

struct Line : RunOptions {
  std::filesystem::path library;
  std::string device;
  int threads = 1; ///< that divide the program's loops
};

/// Nothing, if --help was all that was asked for.
std::optional<Line> parse(int argc, char **argv) {
  Line line;
  line.model = paths::embeddedModel();
  int allPositions = 0, ignoreEnd = 0, warmUp = 0, profile = 0, greedy = 0,
      noGraphs = 0, noSpecial = 0;
  const option options[] = {{"model", required_argument, nullptr, 'm'},
                            {"device", required_argument, nullptr, 'd'},
                            {"tokenizer", required_argument, nullptr, 'z'},
                            {"no-special", no_argument, &noSpecial, 1},
                            {"token-ids", required_argument, nullptr, 'i'},
                            {"max-new-tokens", required_argument, nullptr, 'n'},
                            {"temperature", required_argument, nullptr, 't'},
                            {"top-k", required_argument, nullptr, 'k'},
                            {"top-p", required_argument, nullptr, 'p'},
                            {"seed", required_argument, nullptr, 's'},
                            {"report", required_argument, nullptr, 'r'},
                            {"context", required_argument, nullptr, 'c'},
                            {"prefill", required_argument, nullptr, 'l'},
                            {"prompts", required_argument, nullptr, 'f'},
                            {"prompt-ids", required_argument, nullptr, 'j'},
                            {"batch", required_argument, nullptr, 'b'},
                            {"threads", required_argument, nullptr, 'a'},
                            {"dump-logits", required_argument, nullptr, 'o'},
                            {"all-positions", no_argument, &allPositions, 1},
                            {"ignore-end", no_argument, &ignoreEnd, 1},
                            {"warm-up", no_argument, &warmUp, 1},
                            {"profile", no_argument, &profile, 1},
                            {"greedy", no_argument, &greedy, 1},
                            {"no-graphs", no_argument, &noGraphs, 1},
                            {"help", no_argument, nullptr, 'h'},
                            {}};
  int index = 0;
  bool hasTemperature = false;
  for (int given;
       (given = getopt_long(argc, argv, "", options, &index)) != -1;) {
    const char *name = options[index].name;
    switch (given) {
    case 'm':
      line.model = optarg;
      break;
    case 'd':
      line.device = optarg;
      break;
    case 'z':
      line.tokenizer = optarg;
      break;
    case 'i':
      line.tokenIds = optarg;
      break;
    case 'n':
      line.maxNewTokens = numberOf<int64_t>(name, optarg);
      break;
    case 't':
      hasTemperature = true;
      line.sampler.temperature = numberOf<double>(name, optarg);
      break;
    case 'k':
      line.sampler.topK = numberOf<int64_t>(name, optarg);
      break;
    case 'p':
      line.sampler.topP = numberOf<double>(name, optarg);
      break;
    case 's':
      line.sampler.seed = numberOf<uint64_t>(name, optarg);
      break;
    case 'c':
      line.context = contextPolicy(optarg);
      break;
    case 'f':
      line.prompts = optarg;
      break;
    case 'l':
      line.prefill = numberOf<int64_t>(name, optarg);
      break;
    case 'j':
      line.promptIds = optarg;
      break;
    case 'b':
      line.batch = numberOf<int64_t>(name, optarg);
      break;
    case 'a':
      line.threads = numberOf<int>(name, optarg);
      break;
    case 'r':
      line.report = optarg;
      break;
    case 'o':
      line.dumpLogits = optarg;
      break;
    case 'h':
      print(usage);
      return std::nullopt;
    case 0:
      break;
    default: // getopt_long has said what is wrong
      throw Error("see --help");
    }
  }
  if (optind == argc)
    fail("which library? See --help");
  line.library = argv[optind++];
  if (optind < argc)
    line.prompt = argv[optind++];
  if (optind < argc)
    fail("unexpected argument '", argv[optind], "'; see --help");
  line.allPositions = allPositions;
  line.ignoreEnd = ignoreEnd;
  line.noSpecial = noSpecial;
  line.warmUp = warmUp;
  line.profile = profile;
  line.graphs = !noGraphs;
  if (greedy && hasTemperature)
    fail("give --greedy or --temperature, not both");
  if (greedy)
    line.sampler.temperature = 0;
  line.validate();
  return line;
}

/// The CPU that the library's host code needs must be this one.
void requireCpu(const std::string &cpu) {
#ifdef __x86_64__
  if (cpu == "x86-64-v3" &&
      !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2")))
    fail("this CPU lacks AVX2, FMA or BMI2, which the library's code uses");
#endif
  (void)cpu;
}

/// A program of a library.
struct ChosenProgram {
  std::string suffix;
  std::shared_ptr<Driver> gpu = nullptr; ///< see DeviceChoice::driver
};

/// The program that is to run: on a GPU that passes its check, or on what else
/// the library is for.
ChosenProgram chooseProgram(const Library &library, const std::string &device) {
  std::string cpu = library.suffixFor("cpu", ""),
              emulator = library.suffixFor("emulator", "");
  if (emulator.empty()) {
    if (!device.empty() && device != "cpu")
      fail("--device=", device, ": this library's programs run on the CPU");
    return {cpu};
  }
  if (device == "emulator")
    return {emulator};
  if (device == "cpu" && !cpu.empty())
    return {cpu};
  if (!device.empty() && device != "cuda" && device != "hip")
    fail("--device=", device, ": expected cuda, hip or emulator",
         cpu.empty() ? "" : " or cpu");
  std::string suffix = cpu.empty() ? emulator : cpu;
  DeviceChoice choice = chooseDevice(
      device,
      [&](const std::string &chip) {
        std::string found = library.suffixFor("gpu", chip);
        if (found.empty())
          fail("the GPU is a ", chip, ", and the library has kernels for ",
               library.chips(), "; compile it with --chip=", chip);
        Executable kernels = library.load(found + "_check");
        selfCheck(kernels);
        suffix = found;
      },
      !cpu.empty());
  if (!choice.note.empty())
    std::cerr << choice.note << "\n";
  return {suffix, std::move(choice.driver)};
}

int runLibrary(int argc, char **argv) {
  std::optional<Line> line = parse(argc, argv);
  if (!line)
    return 0;
  Stopwatch compileWatch; // here: to open it
  Library library(line->library);
  requireCpu(library.description().at("cpu"));
  if (!library.description().contains("model"))
    return checkKernels(
        library.description(), chooseProgram(library, line->device).suffix,
        [&](const std::string &suffix) { return library.load(suffix); },
        line->report);
  std::unique_ptr<Checkpoint> checkpoint = Checkpoint::open(line->model);
  library.requireModel(checkpoint->config());
  Prompts prompts = readPrompts(*line, *checkpoint);
  if (line->threads < 1 || line->threads > availableThreads())
    fail("--threads=", line->threads, ": expected 1 to ", availableThreads(),
         ", what this machine runs at once");
  useThreads(line->threads);
  Times times;
  Executable program =
      library.load(chooseProgram(library, line->device).suffix);
  if (line->threads > 1 && !program.dividesLoops())
    fail("--threads=", line->threads,
         ": this library's program runs on 1 thread");
  times.compile = compileWatch.seconds();
  times.isOpened = true;
  describeModel(*line, *checkpoint);
  std::cerr << "program: "
            << library.description().at("chapter").get<std::string>()
            << "\ndevice: " << program.device().describe() << "\n";
  Stopwatch loadWatch;
  Weights weights = checkpoint->stream(showLoading());
  useGraphs(*line, program);
  describeCache(*line, checkpoint->config(), program);
  Forward forward(program, weights, line->batch);
  times.load = loadWatch.seconds();
  run(*line, prompts, forward, program.device(), times);
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  return exitCodeOf("gpt2-run", [&] { return runLibrary(argc, argv); });
}
