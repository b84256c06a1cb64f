//===- options.cpp - The options of every chapter's program -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/options.h"
#include "run/options.h"

using namespace gpt2::categories;

namespace gpt2 {
namespace {

/// What is compiled, and for what.
std::vector<Option> compileOptions(CommandLine &line, GivenOptions &given) {
  ProgramOptions &program = line.program;
  return {
      {"device", "name",
       "Where to run: cpu; or, in chapters with kernels, cuda, hip or emulator "
       "(default: a GPU if there is one, else the CPU, else the emulator)",
       into(program.device), machine},
      {"chip", "name",
       "What GPU to compile for: sm_80, sm_90, gfx942, gfx1100, gfx1151, ... "
       "(default: the GPU's own; on the emulator and to look at, sm_90); with "
       "--aot several, between commas",
       into(given.chips), machine},
      {"weights", "format",
       "How matrices are kept where it runs: f32, or in some chapters bf16, "
       "half the bytes, or int8, a quarter (default {})",
       into(program.weights), machine},
      {"kv", "format",
       "How keys and values are kept, in chapters that keep them: f32, or "
       "bf16, which is half the bytes (default f32)",
       into(program.kv), machine},
      {"schedule", "file",
       "In chapters with schedules: this one, instead of the chapter's for "
       "this CPU or GPU",
       reading(into(program.schedule)), machine},
      {"threads", "n", "How many threads (default {})", into(program.threads),
       machine},
      {"cache-dir", "dir",
       "Where compiled programs are kept (default ~/.cache/lowering-gpt2)",
       into(given.cacheDirectory), machine, "no-cache"},
      {"no-cache", "", "Compile anew, keep nothing",
       switching(given.noCache, true), machine},
      {"pipeline", "file",
       "Run these stages behind the first instead of the chapter's: what "
       "--emit=pipeline prints, with your changes",
       reading(into(program.pipeline)), looking}};
}

/// What is done instead of running the model.
std::vector<Option> otherTasks(CommandLine &line, GivenOptions &given) {
  return {
      {"tune", "file.json",
       "Measure the schedule with other numbers, keep the best in the cache "
       "directory, where later runs of the same model find it, write what was "
       "seen, and stop",
       into(line.tune), machine},
      {"tune-seconds", "s",
       "Begin no measurement for --tune later (default {})",
       into(line.tuneSeconds), machine},
      {"aot", "file.so",
       "Write the program for this model's sizes, with kernels for the usual "
       "GPUs (or for --chip) and for the emulator, as a library that gpt2-run "
       "runs without LLVM, and stop",
       into(line.aot), machine, "aot-kernels"},
      {"aot-kernels", "file.so",
       "The same of the kernels alone, at several sizes, which gpt2-run checks "
       "against the reference",
       into(line.aotKernels), machine},
      {"emit", "state",
       "Print the program and stop; --emit=help lists the states",
       into(line.emit), looking},
      {"explain", "kernel", "Print what each pass makes of one kernel and stop",
       into(line.explain), looking},
      {"score", "",
       "Print what the program does, counted and not timed, and stop",
       switching(given.score, true), looking},
      {"score-tokens", "n",
       "How long a prompt --score counts with (default {})",
       into(given.scoreTokens), looking},
      {"score-cache", "KiB", "The cache that --score counts with (default {})",
       into(given.scoreCache), looking},
      {"loss", "text file",
       "Print how well the model predicts this text, and if weights or keys "
       "and values are in fewer bits, what that changes; and stop",
       reading(into(line.loss)), looking},
      {"describe", "",
       "Print what this chapter is and runs on, and the model's sizes, as "
       "JSON, and stop",
       switching(line.describe, true), looking},
      {"compare-with", "chapter",
       "Compare what each kernel returns for --token-ids with an earlier "
       "chapter, or with \"reference\", name the first that differs, and stop",
       into(line.compareWith), looking}};
}

/// What a server is told.
std::vector<Option> serveOptions(ServeOptions &serve) {
  return {
      {"serve", "",
       "Answer requests over HTTP, by OpenAI's protocol (/v1/completions), "
       "until "
       "Ctrl-C comes",
       switching(serve.isWanted, true), serving},
      {"port", "n", "Listen there; 0 is any that is free (default {})",
       into(serve.server.port), serving},
      {"host", "address",
       "Listen at this address of this machine (default 127.0.0.1, which "
       "nobody "
       "else can reach)",
       into(serve.server.host), serving},
      {"api-key", "key", "Serve only those who send it",
       into(serve.server.apiKey), serving},
      {"texts", "n", "So many are under way at once, in one step (default {})",
       into(serve.engine.width), serving},
      {"queue", "n",
       "So many requests may wait; more are told to come back (default {})",
       into(serve.engine.mostWaiting), serving},
      {"kept-texts", "n",
       "Keep the keys and values of n ended texts, for prompts that begin "
       "alike "
       "(default {})",
       into(serve.engine.kept), serving},
      {"no-specialize", "",
       "In chapters that compile more programs while they serve: do not",
       switching(serve.specializes, false), serving},
      {"whole-prompts", "", "Compute each prompt at once, while others wait",
       switching(serve.engine.cutsPrompts, false), serving},
      {"prompt-piece", "n",
       "Compute n tokens of prompts in a step beside texts that wait for their "
       "next (default {})",
       into(serve.engine.piece), serving}};
}

} // namespace

OptionTable optionsOf(const Chapter &chapter, CommandLine &line,
                      GivenOptions &given) {
  OptionTable table{chapter.name + ": " + chapter.title +
                        "\n\nA prompt that begins with - stands behind --.\n",
                    runOptions(line)};
  auto add = [&](std::vector<Option> options) {
    table.options.insert(table.options.end(), options.begin(), options.end());
  };
  add(compileOptions(line, given));
  add(otherTasks(line, given));
  add(serveOptions(line.serve));
  add({{"verbose", "", "Say what was compiled and for what CPU",
        switching(line.verbose, true), looking},
       {"report", "file.json",
        "Also write the times of the run, the --score, or what --serve did, "
        "as JSON",
        into(line.report), looking}});
  table.positionals = {{"[prompt]", "", "", into(line.prompt)}};
  return table;
}

} // namespace gpt2
