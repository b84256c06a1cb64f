//===- dispatcher_test.cpp - A program proves itself --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs that pretend: each adds one to a counter, lets a clock go on, and
// writes a logit.
//
//===----------------------------------------------------------------------===//
#include "run/dispatcher.h"
#include "testing/messages.h"

#include <gmock/gmock.h>

#include <thread>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

double now = 0; ///< what the clock tells

float *logitOf(void *descriptor) {
  return static_cast<float **>(descriptor)[1];
}

template <int which> int calls = 0;

/// Takes Milliseconds, and writes Logit thousandths.
template <int which, int milliseconds, int logit> void pretend(void *logits) {
  ++calls<which>;
  now += milliseconds / 1e3;
  *logitOf(logits) = logit / 1e3f;
}
void failing(void *) { Device::current().launch("nothing", {}, {}, nullptr); }

int failsNow = 0;
void failingLater(void *logits) {
  pretend<7, 1, 2000>(logits);
  if (failsNow)
    failing(logits);
}

using Entry = void (*)(void *);

Executable programOf(Entry entry) {
  return Executable([entry](const std::string &name) -> void * {
    return name == std::string(program_abi::entryPrefix) + "prefill"
               ? reinterpret_cast<void *>(entry)
               : nullptr;
  });
}

constexpr Entry generalEntry = pretend<0, 4, 2000>, quick = pretend<1, 1, 2000>,
                slow = pretend<2, 5, 2000>, wrong = pretend<3, 1, 2100>,
                equallyQuick = pretend<4, 4, 2000>;

class DispatcherTest : public ::testing::Test {
protected:
  void SetUp() override {
    calls<0> = calls<1> = calls<2> = calls<3> = calls<4> = 0;
    failsNow = 0;
  }

  Executable general = programOf(generalEntry);
  Dispatcher dispatcher{general, 1e-3, [] { return now; }};
  float logit = 0;
  MemRef logits{&logit, {1, 1}};
  std::vector<MemRef> arguments{logits};

  /// Computes so many steps, each of which writes the right logit.
  void step(int64_t tokens, int count) {
    for (int i = 0; i < count; ++i) {
      logit = 0;
      dispatcher.call({"prefill", tokens, tokens, logits, arguments});
      EXPECT_EQ(logit, 2);
    }
  }
  void offer(int64_t tokens, Entry entry) {
    dispatcher.offer(tokens, programOf(entry), "rows", 0);
  }
  Dispatcher::Row only() {
    EXPECT_EQ(dispatcher.table().size(), 1u);
    return dispatcher.table().at(0);
  }
};

TEST_F(DispatcherTest, WithoutOthersTheGeneralProgramComputes) {
  step(2, 3);
  EXPECT_EQ(calls<0>, 3);
  EXPECT_TRUE(dispatcher.table().empty());
  EXPECT_NEAR(dispatcher.generalSeconds(2), 0.004, 1e-9);
  EXPECT_EQ(dispatcher.generalSeconds(3), 0);
  step(Dispatcher::largestStep + 1, 1);
}

TEST_F(DispatcherTest, AQuickerProgramServes) {
  offer(2, quick);
  EXPECT_EQ(only().state, Dispatcher::State::Trial);
  step(2, 1); // by both
  EXPECT_EQ(calls<0>, 1);
  EXPECT_EQ(calls<1>, 1);
  step(2, 20); // in turn
  EXPECT_EQ(only().state, Dispatcher::State::Serving);
  EXPECT_NEAR(only().seconds, 0.001, 1e-9);
  EXPECT_NEAR(only().general, 0.004, 1e-9);
  int before = calls<0>;
  step(2, 640);
  EXPECT_EQ(calls<0>, before + 10); // to compare with
  before = calls<1>;
  step(3, 5); // another size
  EXPECT_EQ(calls<1>, before);
}

TEST_F(DispatcherTest, PiecesOfPromptsAreTheGeneralPrograms) {
  offer(2, quick);
  step(2, 30);
  int before = calls<1>;
  for (int64_t rows : {0, 1})
    dispatcher.call({"prefill", 2, rows, logits, arguments});
  EXPECT_EQ(calls<1>, before);
}

TEST_F(DispatcherTest, NothingIsJudgedWhileItIsDisturbed) {
  offer(2, slow);
  dispatcher.setDisturbed(true);
  step(2, 50);
  EXPECT_EQ(calls<2>, 0); // a trial waits
  EXPECT_EQ(dispatcher.generalSeconds(2), 0);
  dispatcher.setDisturbed(false);
  step(2, 50);
  EXPECT_EQ(only().state, Dispatcher::State::Dropped);
  offer(3, quick);
  step(3, 50);
  dispatcher.setDisturbed(true);
  int before = calls<1>;
  step(3, 10); // who serves goes on
  EXPECT_EQ(calls<1>, before + 10);
}

TEST_F(DispatcherTest, OneThatIsNotQuickerIsDropped) {
  for (Entry entry : {slow, equallyQuick}) {
    offer(4, entry);
    step(4, 30);
    EXPECT_EQ(only().state, Dispatcher::State::Dropped);
    EXPECT_EQ(only().why, "it is not quicker");
  }
  int before = calls<4>;
  step(4, 30);
  EXPECT_EQ(calls<4>, before);
}

TEST_F(DispatcherTest, OneThatIsWrongIsDroppedAtOnce) {
  offer(2, wrong);
  step(2, 30); // and all logits are right
  EXPECT_EQ(only().state, Dispatcher::State::Dropped);
  EXPECT_THAT(only().why, HasSubstr("logits differ by 0.1"));
  EXPECT_EQ(calls<3>, 1);
}

TEST_F(DispatcherTest, OneThatFailsLosesNothing) {
  offer(2, failing);
  step(2, 5);
  EXPECT_EQ(only().state, Dispatcher::State::Dropped);
  EXPECT_THAT(only().why, HasSubstr("it failed"));
  offer(2, failingLater);
  step(2, 30);
  EXPECT_EQ(only().state, Dispatcher::State::Serving);
  failsNow = 1;
  step(2, 5);
  EXPECT_EQ(only().state, Dispatcher::State::Dropped);
  EXPECT_THAT(only().why, HasSubstr("it failed"));
}

TEST_F(DispatcherTest, OneThatBecomesSlowIsDropped) {
  static int milliseconds;
  milliseconds = 1;
  Entry entry = [](void *logits) {
    pretend<5, 0, 2000>(logits);
    now += milliseconds / 1e3;
  };
  offer(2, entry);
  step(2, 30);
  EXPECT_EQ(only().state, Dispatcher::State::Serving);
  milliseconds = 9;
  step(2, 200);
  EXPECT_EQ(only().state, Dispatcher::State::Dropped);
}

TEST_F(DispatcherTest, TakesWeightsAsTheGeneralOneDoes) {
  static int32_t bits = 16;
  Executable narrow([](const std::string &name) -> void * {
    return name == program_abi::matrixBits.name ? &bits : nullptr;
  });
  EXPECT_THAT(
      messageOf([&] { dispatcher.offer(2, std::move(narrow), "rows", 0); }),
      HasSubstr("in another order"));
  for (int64_t tokens : {int64_t{0}, Dispatcher::largestStep + 1})
    EXPECT_THAT(messageOf([&] { offer(tokens, quick); }),
                HasSubstr("expected 1 to 256"));
}

TEST_F(DispatcherTest, ProgramsComeWhileItComputes) {
  std::thread other([&] {
    for (int i = 0; i < 200; ++i) {
      offer(2, i % 2 ? wrong : quick);
      (void)dispatcher.table();
    }
  });
  step(2, 5000);
  other.join();
  step(2, 1);
  EXPECT_EQ(only().tokens, 2);
}

} // namespace
