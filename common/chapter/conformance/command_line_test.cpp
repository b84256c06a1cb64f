//===- command_line_test.cpp - What a chapter's program can be told -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/program_test.h"
#include "chapter/options.h"

#include "llvm/Support/CommandLine.h"

#include <set>

using namespace gpt2;
using namespace gpt2::testing;

using ::testing::HasSubstr;

namespace {

class CommandLines : public ProgramRun {};

CommandLine parsed(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"program", "--no-cache"});
  std::vector<char *> argv;
  for (std::string &argument : arguments)
    argv.push_back(argument.data());
  return parseCommandLine(tested().chapter, static_cast<int>(argv.size()),
                          argv.data());
}

// LLVM's parser keeps no pointer to what is gone.
TEST_F(CommandLines, AreParsedAgain) {
  auto isKnown = [](const char *name) {
    return llvm::cl::getRegisteredOptions().count(name) > 0;
  };
  CommandLine first = parsed({"a", "--seed=2", "--seed=3", "--greedy=false"});
  EXPECT_EQ(first.prompt, "a");
  EXPECT_EQ(first.sampler.seed, 3u);
  EXPECT_EQ(first.sampler.temperature, SamplerOptions().temperature);
  EXPECT_FALSE(isKnown("seed"));
  EXPECT_FALSE(isKnown("greedy"));
  EXPECT_TRUE(isKnown("mlir-timing"));
  CommandLine second = parsed({"-greedy", "--score", "--score-cache", "64"});
  EXPECT_EQ(second.prompt, std::nullopt);
  EXPECT_EQ(second.sampler.seed, SamplerOptions().seed);
  EXPECT_EQ(second.sampler.temperature, 0);
  EXPECT_EQ(second.score, 64);
  EXPECT_EQ(second.scoreCache, 65536);
}

TEST_F(CommandLines, HelpNamesEveryOption) {
  CommandLine line(tested().chapter);
  GivenOptions given;
  ProgramResult help = run({"--help"});
  EXPECT_EQ(help.exitCode, 0);
  std::set<std::string> names;
  for (const Option &option :
       optionsOf(tested().chapter, line, given).options) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    std::string head = "\n  --" + option.name;
    EXPECT_THAT(help.out, HasSubstr(option.isSwitch()
                                        ? head + " "
                                        : head + "=<" + option.value + "> "));
    EXPECT_THAT(help.out, HasSubstr(" - " + option.describe() + "\n"));
    EXPECT_THAT(help.out, HasSubstr("\n" + option.category + ":\n"));
  }
  EXPECT_THAT(help.out, HasSubstr("\n  --mlir-timing "));
  EXPECT_THAT(help.out, ::testing::Not(HasSubstr("{}")));
}

TEST_F(CommandLines, RefuseWhatIsWrong) {
  auto refusal = [&](std::vector<std::string> arguments) {
    ProgramResult result = run(std::move(arguments));
    EXPECT_EQ(result.exitCode, 1);
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  EXPECT_THAT(refusal({"--modle=x"}), HasSubstr("Did you mean '--model=x'?"));
  EXPECT_THAT(refusal({"--temp=1"}), HasSubstr("'--temp=1'")); // no beginnings
  EXPECT_THAT(refusal({"--seed"}), HasSubstr("requires a value"));
  EXPECT_THAT(refusal({"--greedy=no"}), HasSubstr("invalid value"));
  EXPECT_THAT(refusal({"a", "b"}), HasSubstr("positional"));
  EXPECT_THAT(errorOf({"--seed=-1"}),
              HasSubstr("error: --seed=-1: expected a whole number"));
  EXPECT_THAT(errorOf({"--aot=a", "--aot-kernels=b"}),
              HasSubstr("give --aot or --aot-kernels, not both"));
  EXPECT_THAT(errorOf({"--no-cache"}),
              HasSubstr("give --cache-dir or --no-cache, not both"));
}

} // namespace
