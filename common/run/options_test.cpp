//===- options_test.cpp - The options of whatever runs a model ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/options.h"

#include <gmock/gmock.h>

using namespace gpt2;

namespace {

RunOptions runWith(std::vector<std::string> arguments) {
  RunOptions run;
  OptionTable table{"", runOptions(run)};
  std::string program = "program";
  std::vector<char *> argv = {program.data()};
  for (std::string &argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  EXPECT_TRUE(
      parseOptions(table, static_cast<int>(argv.size() - 1), argv.data()));
  return run;
}

TEST(RunOptions, SetWhatTheySay) {
  RunOptions run =
      runWith({"--model=m",       "--tokenizer=t",      "--no-special",
               "--token-ids=i",   "--max-new-tokens=1", "--temperature=0.5",
               "--top-k=2",       "--top-p=0.25",       "--seed=3",
               "--context=slide", "--prefill=4",        "--prompts=p",
               "--prompt-ids=q",  "--batch=5",          "--ignore-end",
               "--warm-up",       "--profile",          "--no-graphs",
               "--dump-logits=l", "--all-positions"});
  EXPECT_EQ(run.model, "m");
  EXPECT_EQ(run.tokenizer, "t");
  EXPECT_TRUE(run.noSpecial);
  EXPECT_EQ(run.tokenIds, "i");
  EXPECT_EQ(run.maxNewTokens, 1);
  EXPECT_EQ(run.sampler.temperature, 0.5);
  EXPECT_EQ(run.sampler.topK, 2);
  EXPECT_EQ(run.sampler.topP, 0.25);
  EXPECT_EQ(run.sampler.seed, 3u);
  EXPECT_EQ(run.context, ContextPolicy::Slide);
  EXPECT_EQ(run.prefill, 4);
  EXPECT_EQ(run.prompts, "p");
  EXPECT_EQ(run.promptIds, "q");
  EXPECT_EQ(run.batch, 5);
  EXPECT_TRUE(run.ignoreEnd);
  EXPECT_TRUE(run.warmUp);
  EXPECT_TRUE(run.profile);
  EXPECT_FALSE(run.graphs);
  EXPECT_EQ(run.dumpLogits, "l");
  EXPECT_TRUE(run.allPositions);
  EXPECT_EQ(runWith({"--greedy"}).sampler.temperature, 0);
  EXPECT_EQ(runWith({}).sampler.temperature, SamplerOptions().temperature);
}

TEST(RunOptions, SayTheirDefaults) {
  RunOptions run;
  for (const Option &option : runOptions(run)) {
    EXPECT_EQ(option.describe().find("{}"), std::string::npos) << option.name;
    if (option.name == "temperature") {
      EXPECT_EQ(option.describe(),
                "Divide logits by t; 0 is greedy (default 0.8)");
    }
    if (option.name == "context") {
      EXPECT_THAT(option.describe(), ::testing::EndsWith("(default stop)"));
    }
  }
}

} // namespace
