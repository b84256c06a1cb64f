//===- tuning_test.cpp - A search over a schedule's numbers -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/schedule/tuning.h"
#include "support/error.h"
#include "support/files.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

namespace {

struct Tuning : ::testing::Test {
  TemporaryDirectory directory;

  std::filesystem::path schedule(const std::string &text) {
    std::filesystem::path path = directory / "schedule.mlir";
    writeFile(path, {text});
    return path;
  }
};

const char *text = R"mlir(module attributes {transform.with_named_sequence} {
  transform.named_sequence @tensors(%program: !transform.any_op) {
    %rows = transform.tune.knob<"rows"> = 8 from options = [4, 8, 12] -> !transform.param<i64>
    // Of the cache.
    %blocks = transform.tune.knob<"blocks"> = 16 from options = [16] -> !transform.param<i64>
    %part = transform.tune.knob<"part"> = 64 from options = [32, 64] -> !transform.param<i64>
    %fixed = transform.param.constant 3 : i64 -> !transform.param<i64>
    transform.yield
  }
}
)mlir";

std::string withText(std::string old, const std::string &fresh) {
  std::string changed = text;
  return changed.replace(changed.find(old), old.size(), fresh);
}

TEST_F(Tuning, ReadsWhatANumberMayBe) {
  std::vector<Knob> knobs = tunableKnobs(schedule(text));
  ASSERT_EQ(knobs.size(), 2u);
  EXPECT_EQ(knobs[0].name, "rows");
  EXPECT_EQ(knobs[0].selected, 8);
  EXPECT_THAT(knobs[0].options, ElementsAre(4, 8, 12));
  EXPECT_EQ(knobs[0].line, 3u);
  EXPECT_EQ(knobs[1].name, "part");
  EXPECT_THAT(knobs[1].options, ElementsAre(32, 64));
}

TEST_F(Tuning, SelectsOtherNumbersInTheirPlaces) {
  std::string changed = withNumbers(schedule(text), {{"rows", 12}});
  EXPECT_EQ(changed, withText("= 8 from", "= 12 from"));
  // What it may not be, parsing refuses.
  changed = withNumbers(schedule(text), {{"rows", 5}});
  EXPECT_THROW(parseSchedule(schedule(changed)), Error);
}

TEST_F(Tuning, RefusesWhatIsNoNumber) {
  for (std::string options : {"[]", "[8, \"x\"]", "[0, 8]", "[-3, 8]", "8"}) {
    try {
      tunableKnobs(schedule(withText("[4, 8, 12]", options)));
      ADD_FAILURE() << "took " << options;
    } catch (const Error &error) {
      EXPECT_THAT(error.what(), HasSubstr("schedule.mlir:"));
    }
  }
  EXPECT_THROW(withNumbers(schedule(text), {{"columns", 1}}), Error);
}

/// A valley whose bottom is at a = 6, b = 40; what is off by a factor takes as
/// many times as long. a = 9 does not work.
Trial valley(const Numbers &numbers) {
  auto a = static_cast<double>(numbers.at("a"));
  auto b = static_cast<double>(numbers.at("b"));
  Trial trial{numbers, std::max(a / 6, 6 / a), std::max(b / 40, 40 / b), 3, 3,
              ""};
  if (a == 9)
    trial.problem = "nine";
  return trial;
}

const std::vector<Knob> twoKnobs = {{"a", 2, {2, 4, 6, 8, 9}, 1},
                                    {"b", 80, {10, 20, 40, 80}, 2}};

TEST(Search, EndsWhereNoSingleChangeIsBetter) {
  Search search = searchNumbers(twoKnobs, valley, [] { return true; });
  EXPECT_TRUE(search.isComplete);
  EXPECT_THAT(search.trials[search.best].numbers,
              ElementsAre(Pair("a", 6), Pair("b", 40)));
  EXPECT_THAT(search.trials[0].numbers,
              ElementsAre(Pair("a", 2), Pair("b", 80)));
  std::set<Numbers> distinct;
  for (const Trial &trial : search.trials)
    distinct.insert(trial.numbers);
  EXPECT_EQ(distinct.size(), search.trials.size()) << "nothing twice";
}

TEST(Search, StopsWhenTimeIsUp) {
  int left = 3;
  Search search = searchNumbers(twoKnobs, valley, [&] { return left-- > 0; });
  EXPECT_FALSE(search.isComplete);
  EXPECT_EQ(search.trials.size(), 4u); // the first is not asked about
  EXPECT_EQ(search.trials[search.best].numbers.at("a"), 6);
}

TEST(Search, NeedsNumbersOfItsOwnThatWork) {
  std::vector<Knob> knobs = {{"a", 9, {6, 9}, 1}, {"b", 40, {40}, 2}};
  EXPECT_THROW(searchNumbers(knobs, valley, [] { return true; }), Error);
}

TEST(Search, NoiseIsNoImprovement) {
  Trial slow{{}, 2, 6, 1, 3, ""}, same = slow, fast = slow, elsewhere = slow;
  same.prompt *= 0.99;
  fast.prompt *= 0.9;
  elsewhere.token *= 2; // when everything took twice as long
  elsewhere.ownToken *= 2;
  EXPECT_FALSE(same.isBetterThan(slow));
  EXPECT_FALSE(slow.isBetterThan(elsewhere));
  EXPECT_TRUE(fast.isBetterThan(slow));
  EXPECT_FALSE(slow.isBetterThan(fast));
}

} // namespace
