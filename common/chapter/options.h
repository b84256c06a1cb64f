//===- options.h - The options of a program, as LLVM takes them ---------===//
#pragma once

#include "model/sampler.h"
#include "support/numbers.h"
#include "support/paths.h"

#include "llvm/Support/CommandLine.h"

#include <string>

namespace gpt2 {

namespace cl = llvm::cl;

/// A number as gpt2-run takes it, too: LLVM's own parsers take 010 for eight,
/// and nothing at all for 0.0.
template <typename T> struct Number {
  Number(T value = {}) : value(value) {}
  operator T() const { return value; }
  T value;
};
template <typename T> using NumberOption = cl::opt<Number<T>>;

} // namespace gpt2

/// \cond of LLVM's
template <typename T>
class llvm::cl::parser<gpt2::Number<T>> : public basic_parser<gpt2::Number<T>> {
public:
  using basic_parser<gpt2::Number<T>>::basic_parser;
  bool parse(Option &option, StringRef, StringRef text,
             gpt2::Number<T> &number) {
    std::string_view given(text.data(), text.size());
    if (std::optional<T> found = gpt2::numberFrom<T>(given)) {
      number = *found;
      return false;
    }
    return option.error("'" + text + "': " + gpt2::whatIsWrongWith<T>(given));
  }
  /// For LLVM's --print-options.
  void printOptionDiff(const Option &option, const gpt2::Number<T> &,
                       const OptionValue<gpt2::Number<T>> &,
                       size_t width) const {
    this->printOptionNoValue(option, width);
  }
};
/// \endcond

namespace gpt2 {

/// LLVM's parser keeps options in variables; these live while `main` parses.
struct Options {
  cl::OptionCategory input{"What to continue"};
  cl::OptionCategory sampling{"How to choose tokens"};
  cl::OptionCategory machine{"Where it runs"};
  cl::OptionCategory looking{"Looking at it and checking it"};

  cl::opt<std::string> prompt{cl::Positional, cl::desc("[prompt]"),
                              cl::cat(input)};
  cl::opt<std::string> model{
      "model", cl::value_desc("path"), cl::init(paths::embeddedModel()),
      cl::desc("Directory with config.json and model.safetensors, .safetensors "
               "or llm.c .bin file, the name of a model that ./tutorial fetch "
               "has downloaded (gpt2), or random-124m (default: the embedded "
               "model)"),
      cl::cat(input)};
  cl::opt<std::string> tokenizer{
      "tokenizer", cl::value_desc("path"),
      cl::desc(
          "A folder with a tokenizer's files, a tokenizer.json, or llm.c's "
          ".bin file (default: what lies beside the model)"),
      cl::cat(input)};
  cl::opt<bool> noSpecial{
      "no-special",
      cl::desc(
          "Take <|endoftext|> and other special tokens in prompts as text"),
      cl::cat(input)};
  cl::opt<std::string> tokenIds{
      "token-ids", cl::value_desc("file"),
      cl::desc("The prompt as token ids, one a line; the output is ids too. "
               "\"-\" is stdin, here and for every text that is read"),
      cl::cat(input)};
  NumberOption<int64_t> maxNewTokens{
      "max-new-tokens", cl::value_desc("n"), cl::init(100),
      cl::desc("Stop after n tokens (default 100)"), cl::cat(input)};

  cl::opt<std::string> context{
      "context", cl::value_desc("policy"), cl::init("stop"),
      cl::desc("When the model's context is full: stop, or slide: go on behind "
               "the newest half of it, which is computed again as if it were "
               "all, also where a prompt is longer (default stop)"),
      cl::cat(input)};
  NumberOption<int64_t> prefill{
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
  NumberOption<int64_t> batch{
      "batch", cl::value_desc("n"), cl::init(1),
      cl::desc("So many of these at once, in one step (default 1)"),
      cl::cat(input)};

  cl::opt<bool> ignoreEnd{"ignore-end",
                          cl::desc("Go on where the model ends its text"),
                          cl::cat(input)};

  NumberOption<double> temperature{
      "temperature", cl::value_desc("t"),
      cl::init(SamplerOptions().temperature),
      cl::desc("Divide logits by t; 0 is greedy (default 0.8)"),
      cl::cat(sampling)};
  NumberOption<int64_t> topK{
      "top-k", cl::value_desc("k"), cl::init(SamplerOptions().topK),
      cl::desc("Choose among the k most likely; 0 is all "
               "(default 40)"),
      cl::cat(sampling)};
  NumberOption<double> topP{
      "top-p", cl::value_desc("p"), cl::init(SamplerOptions().topP),
      cl::desc("Choose among the most likely that together reach probability p "
               "(default 1: all)"),
      cl::cat(sampling)};
  NumberOption<uint64_t> seed{
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
               "look at, sm_90); with --aot several, between commas"),
      cl::cat(machine)};
  cl::opt<std::string> weights{
      "weights", cl::value_desc("format"), cl::init("f32"),
      cl::desc("How matrices are kept where it runs: f32, or in some chapters "
               "bf16, half the bytes, or int8, a quarter (default f32)"),
      cl::cat(machine)};
  cl::opt<std::string> kv{
      "kv", cl::value_desc("format"), cl::init("f32"),
      cl::desc("How keys and values are kept, in chapters that keep them: f32, "
               "or bf16, which is half the bytes (default f32)"),
      cl::cat(machine)};
  cl::opt<std::string> schedule{
      "schedule", cl::value_desc("file"),
      cl::desc("In chapters with schedules: this one, instead of the chapter's "
               "for this CPU or GPU"),
      cl::cat(machine)};
  cl::opt<std::string> tune{
      "tune", cl::value_desc("file.json"),
      cl::desc("Measure the schedule with other numbers, keep the best in the "
               "cache directory, where later runs of the same model find it, "
               "write what was seen, and stop"),
      cl::cat(machine)};
  NumberOption<double> tuneSeconds{
      "tune-seconds", cl::value_desc("s"), cl::init(120),
      cl::desc("Begin no measurement for --tune later (default 120)"),
      cl::cat(machine)};
  NumberOption<int> threads{"threads", cl::value_desc("n"), cl::init(1),
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
  cl::opt<std::string> aotKernels{
      "aot-kernels", cl::value_desc("file.so"),
      cl::desc(
          "The same of the kernels alone, at several sizes, which gpt2-run "
          "checks against the reference"),
      cl::cat(machine)};
  cl::opt<std::string> explain{
      "explain", cl::value_desc("kernel"),
      cl::desc("Print what each pass makes of one kernel and stop"),
      cl::cat(looking)};
  cl::opt<bool> score{
      "score",
      cl::desc("Print what the program does, counted and not timed, and stop"),
      cl::cat(looking)};
  NumberOption<int64_t> scoreTokens{
      "score-tokens", cl::value_desc("n"), cl::init(64),
      cl::desc("How long a prompt --score counts with (default 64)"),
      cl::cat(looking)};
  NumberOption<int64_t> scoreCache{
      "score-cache", cl::value_desc("KiB"), cl::init(1024),
      cl::desc("The cache that --score counts with (default 1024)"),
      cl::cat(looking)};
  cl::opt<std::string> pipeline{
      "pipeline", cl::value_desc("file"),
      cl::desc("Run these stages behind the first instead of the chapter's: "
               "what --emit=pipeline prints, with your changes"),
      cl::cat(looking)};
  cl::opt<std::string> loss{
      "loss", cl::value_desc("text file"),
      cl::desc("Print how well the model predicts this text, and if weights or "
               "keys and values are in fewer bits, what that changes; and "
               "stop"),
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

} // namespace gpt2
