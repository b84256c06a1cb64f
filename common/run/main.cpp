//===- main.cpp - gpt2-run: runs what a chapter's --aot wrote -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/choose_device.h"
#include "device/host_device.h"
#include "run/check_kernels.h"
#include "run/library.h"
#include "run/options.h"
#include "run/prompts.h"
#include "run/self_check.h"
#include "support/error.h"
#include "support/output.h"
#include "support/paths.h"

#include <iostream>

namespace {

using namespace gpt2;

const char *about =
    R"(usage: gpt2-run LIBRARY [OPTIONS] [--] [PROMPT]

Continues PROMPT with GPT-2 as a chapter compiled it ahead of time (--aot):
without LLVM, and with no library of CUDA or ROCm but the driver's own. The
model must be of the sizes that LIBRARY was compiled for; the embedded one is
where this program was built. If LIBRARY has kernels alone (--aot-kernels),
checks them against the reference.
)";

struct Line : RunOptions {
  std::filesystem::path library;
  std::string device;
  int threads = 1; ///< that divide the program's loops
};

/// Nothing, if --help was all that was asked for.
std::optional<Line> parse(int argc, char **argv) {
  std::optional<Line> line(std::in_place);
  line->model = paths::embeddedModel();
  OptionTable table{about, runOptions(*line)};
  table.options.insert(
      table.options.end(),
      {{"device", "name",
        "cuda, hip, emulator or cpu, as far as LIBRARY is for them (default: a "
        "GPU if there is one, else the CPU, else the emulator)",
        into(line->device)},
       {"threads", "n", "Divide loops among n threads, on the CPU (default {})",
        into(line->threads)},
       {"report", "file.json",
        "Also write the times of the run, or what the check of kernels found",
        into(line->report)}});
  table.positionals = {{"LIBRARY", "", "", into(line->library)},
                       {"PROMPT", "", "", into(line->prompt)}};
  if (!parseOptions(table, argc, argv))
    return std::nullopt;
  if (line->library.empty())
    fail("which library? See --help");
  line->validate();
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
