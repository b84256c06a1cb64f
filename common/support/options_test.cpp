//===- options_test.cpp - Command lines as getopt_long takes them -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/options.h"
#include "testing/messages.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;

using ::testing::HasSubstr;

namespace {

/// What a small program can be told, and what it was.
struct Told {
  std::string name = "nobody", second;
  std::optional<std::string> word;
  std::optional<std::filesystem::path> from, also, to;
  int64_t count = 7;
  double share = 0.8;
  bool isLoud = false, isKept = true;
  bool runs = true; ///< --help was not given

  explicit Told(std::vector<std::string> arguments) {
    OptionTable table = tableOf();
    std::vector<char *> argv = {program.data()};
    for (std::string &argument : arguments)
      argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    message = messageOf([&] {
      runs =
          parseOptions(table, static_cast<int>(argv.size() - 1), argv.data());
    });
    out = ::testing::internal::GetCapturedStdout();
    err = ::testing::internal::GetCapturedStderr();
  }

  OptionTable tableOf() {
    return {"usage: told [OPTIONS]\n",
            {{"name", "path", "Whom to tell (default {})", into(name)},
             {"number", "n", "How many, n of them (default {})", into(count)},
             {"share", "s", "Of all (default {})", into(share), "", "loud"},
             {"loud", "", "Cry", switching(isLoud, true)},
             {"no-keep", "", "Forget", switching(isKept, false)},
             {"from", "file", "Read", reading(into(from))},
             {"fro", "file", "Read, too", reading(into(also))},
             {"to", "file.npy", "Write", into(to)}},
            {{"FIRST", "", "", into(word)}, {"SECOND", "", "", into(second)}}};
  }

  std::string program = "told", message, out, err;
};

TEST(Options, TakeEveryForm) {
  for (std::vector<std::string> arguments :
       {std::vector<std::string>{"--number=3", "--loud", "a"},
        {"--number", "3", "a", "--loud"},
        {"a", "--num=3", "--l"},
        {"--number=1", "--loud", "--number=3", "--loud", "--", "a"}}) {
    Told told(arguments);
    EXPECT_EQ(told.message, "no error") << arguments.front();
    EXPECT_EQ(told.count, 3);
    EXPECT_TRUE(told.isLoud);
    EXPECT_TRUE(told.isKept);
    EXPECT_EQ(told.word, "a");
    EXPECT_EQ(told.out + told.err, "");
  }
  Told none({});
  EXPECT_EQ(none.name, "nobody");
  EXPECT_EQ(none.word, std::nullopt);
  EXPECT_TRUE(none.runs);
  Told more({"--no-keep", "--share=.5", "--name=", "--from=-", "--to", "-"});
  EXPECT_FALSE(more.isKept);
  EXPECT_EQ(more.share, 0.5);
  EXPECT_EQ(more.name, "");
  EXPECT_EQ(more.from, "-");
  EXPECT_EQ(more.to, "-");
  // Behind "--" nothing is an option, and a value may look like one.
  Told behind({"--name", "--loud", "--", "--help", "-x"});
  EXPECT_EQ(behind.name, "--loud");
  EXPECT_FALSE(behind.isLoud);
  EXPECT_EQ(behind.word, "--help");
  EXPECT_EQ(behind.second, "-x");
}

TEST(Options, RefuseWhatIsWrong) {
  auto refusal = [](std::vector<std::string> arguments) {
    Told told(std::move(arguments));
    return told.err + told.message;
  };
  EXPECT_EQ(refusal({"--number=x"}), "--number=x: expected a whole number");
  EXPECT_EQ(refusal({"--number="}), "--number=: expected a whole number");
  EXPECT_EQ(refusal({"--share", "nan"}), "--share=nan: expected a number");
  EXPECT_EQ(refusal({"--num=x"}), "--number=x: expected a whole number");
  EXPECT_EQ(refusal({"--from="}), "--from=: expected a file's name");
  EXPECT_EQ(refusal({"a", "b", "c"}), "unexpected argument 'c'; see --help");
  EXPECT_EQ(refusal({"--share=1", "--loud"}),
            "give --share or --loud, not both");
  EXPECT_EQ(refusal({"--loud", "--share=1"}),
            "give --share or --loud, not both");
  EXPECT_EQ(refusal({"--from=-", "--fro=-"}),
            "--from and --fro both say -, and stdin can be read once");
  EXPECT_THAT(refusal({"--number"}), HasSubstr("requires an argument"));
  EXPECT_THAT(refusal({"--loud=1"}), HasSubstr("doesn't allow an argument"));
  EXPECT_THAT(refusal({"--nonsense"}), HasSubstr("'--nonsense'"));
  EXPECT_THAT(refusal({"-x"}), HasSubstr("'x'"));
  // Also of options that take a value alike.
  EXPECT_THAT(refusal({"--n=a"}), HasSubstr("'--n=a' is ambiguous"));
  EXPECT_THAT(refusal({"--fr=a"}), HasSubstr("'--fr=a' is ambiguous"));
  EXPECT_EQ(Told({"--nonsense"}).message, "see --help");
}

TEST(Options, StandInTheHelp) {
  Told told({"--loud", "--help", "--nonsense"});
  EXPECT_FALSE(told.runs);
  EXPECT_EQ(told.message, "no error");
  EXPECT_EQ(told.out, R"(usage: told [OPTIONS]

  --name PATH    whom to tell (default nobody)
  --number N     how many, N of them (default 7)
  --share S      of all (default 0.8)
  --loud         cry
  --no-keep      forget
  --from FILE    read
  --fro FILE     read, too
  --to FILE.npy  write
)");
}

TEST(Options, HelpFitsInALine) {
  int number = 1;
  std::string help;
  for (int i = 0; i < 40; ++i)
    help += i ? " word" : "Word";
  std::string usage = usageOf({"", {{"n", "n", help, into(number)}}});
  EXPECT_THAT(usage, ::testing::StartsWith("\n  --n N  word word"));
  EXPECT_THAT(usage, HasSubstr("word\n         word"));
  size_t longest = 0, start = 0;
  for (size_t end; (end = usage.find('\n', start)) != std::string::npos;
       start = end + 1)
    longest = std::max(longest, end - start);
  EXPECT_LE(longest, 79u);
  EXPECT_GT(longest, 74u);
}

} // namespace
