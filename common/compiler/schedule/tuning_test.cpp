//===- tuning_test.cpp - A search over a schedule's numbers -------------===//
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

const char *text =
    R"(    %rows = transform.param.constant 8 : i64 -> !number // or 4, 12
    // Of the cache.
    %blocks = transform.param.constant 16 : i64 -> !number
    %part = transform.param.constant 64 : i64 -> !number // or 32
)";

TEST_F(Tuning, ReadsWhatANumberMayBe) {
  std::vector<Parameter> parameters = parametersOf(schedule(text));
  ASSERT_EQ(parameters.size(), 2u);
  EXPECT_EQ(parameters[0].name, "rows");
  EXPECT_EQ(parameters[0].number, 8);
  EXPECT_THAT(parameters[0].others, ElementsAre(4, 12));
  EXPECT_EQ(parameters[1].name, "part");
  EXPECT_THAT(parameters[1].others, ElementsAre(32));
}

TEST_F(Tuning, WritesOtherNumbersInTheirPlaces) {
  std::string changed =
      withNumbers(schedule(text), {{"rows", 12}, {"blocks", 3}});
  std::string expected = text;
  expected.replace(expected.find(" 8 "), 3, " 12 ");
  expected.replace(expected.find(" 16 "), 4, " 3 ");
  EXPECT_EQ(changed, expected);
}

TEST_F(Tuning, RefusesWhatIsNoNumber) {
  for (std::string others : {"", "4, x", "0", "4,,6", "-3"}) {
    std::string line =
        "%rows = transform.param.constant 8 : i64 -> !n // or " + others + "\n";
    try {
      parametersOf(schedule(line));
      ADD_FAILURE() << "took " << others;
    } catch (const Error &error) {
      EXPECT_THAT(error.what(), HasSubstr("expected numbers above 0"));
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

const std::vector<Parameter> twoParameters = {{"a", 2, {4, 6, 8, 9}},
                                              {"b", 80, {10, 20, 40}}};

TEST(Search, EndsWhereNoSingleChangeIsBetter) {
  Search search = searchNumbers(twoParameters, valley, [] { return true; });
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
  Search search =
      searchNumbers(twoParameters, valley, [&] { return left-- > 0; });
  EXPECT_FALSE(search.isComplete);
  EXPECT_EQ(search.trials.size(), 4u); // the first is not asked about
  EXPECT_EQ(search.trials[search.best].numbers.at("a"), 6);
}

TEST(Search, NeedsNumbersOfItsOwnThatWork) {
  std::vector<Parameter> parameters = {{"a", 9, {6}}, {"b", 40, {}}};
  EXPECT_THROW(searchNumbers(parameters, valley, [] { return true; }), Error);
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
