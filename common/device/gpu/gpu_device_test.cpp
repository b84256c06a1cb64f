//===- gpu_device_test.cpp - A real GPU as a device, without one --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/executable.h"
#include "device/gpu/gpu_device.h"
#include "support/error.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <cstring>
#include <deque>

using namespace gpt2;
using gpt2::testing::errorOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

/// What a driver is to fail at.
struct Faults {
  bool copying = false, waiting = false, capturing = false;
};

/// Memory of the host, of which there is little; kernels that are only noted.
class FakeDriver : public Driver {
public:
  FakeDriver(std::vector<std::string> &log, const Faults &faults)
      : log(log), faults(faults) {}
  ~FakeDriver() override { log.push_back("closed"); }

  std::string describe() const override { return "Fake GPU"; }
  std::string chip() const override { return "sm_90"; }
  void *allocate(size_t bytes) override {
    return bytes <= freeMemory() ? std::malloc(bytes) : nullptr;
  }
  void free(void *data) override {
    std::free(data);
    log.push_back("free");
    fail("the GPU fell off the bus");
  }
  size_t freeMemory() override { return 1000; }
  void copy(void *to, const void *from, size_t bytes) override {
    if (faults.copying)
      fail("a copy failed");
    std::memcpy(to, from, bytes);
  }
  void *loadModule(const void *image) override {
    log.push_back(std::string("load ") + static_cast<const char *>(image));
    return &log;
  }
  void unloadModule(void *) override { log.push_back("unload"); }
  void *function(void *module, const std::string &name) override {
    EXPECT_EQ(module, &log);
    log.push_back("find " + name);
    if (name == "unknown")
      fail("there is no kernel unknown");
    return &names.emplace_back(name);
  }
  void launch(void *function, Dim3 grid, Dim3 block, void **) override {
    log.push_back(*static_cast<std::string *>(function) + grid.describe() +
                  block.describe());
    ++clock;
  }
  void synchronize() override {
    log.push_back("wait");
    if (faults.waiting)
      fail("waiting failed");
  }
  bool canCapture() const override { return true; }
  void beginCapture() override { log.push_back("begin"); }
  void *endCapture() override {
    log.push_back("end");
    if (faults.capturing)
      fail("the capture was invalidated");
    return &names.emplace_back("graph");
  }
  void launchGraph(void *graph) override {
    log.push_back("launch " + *static_cast<std::string *>(graph));
  }
  void forgetGraph(void *) override {
    log.push_back("forget");
    fail("the GPU fell off the bus");
  }
  void *record() override {
    return reinterpret_cast<void *>(static_cast<intptr_t>(clock));
  }
  double secondsBetween(void *first, void *second) override {
    return static_cast<double>(reinterpret_cast<intptr_t>(second) -
                               reinterpret_cast<intptr_t>(first));
  }
  void forget(void *) override { --clock; }

private:
  std::vector<std::string> &log;
  const Faults &faults;
  std::deque<std::string> names;
  int64_t clock = 1;
};

class GpuDeviceTest : public ::testing::Test {
protected:
  std::vector<std::string> log;
  Faults faults;
  std::unique_ptr<GpuDevice> device = std::make_unique<GpuDevice>(
      std::make_unique<FakeDriver>(log, faults), "the image");
};

TEST_F(GpuDeviceTest, LaunchesInOrderAndFindsEachKernelOnce) {
  device->launch("a", {2, 3, 4}, {5, 6, 7}, nullptr);
  device->launch("b", {1, 1, 1}, {1, 1, 1}, nullptr);
  device->launch("a", {1, 1, 1}, {1, 1, 1}, nullptr);
  device->synchronize();
  device.reset();
  EXPECT_THAT(log, ElementsAre("load the image", "find a",
                               "a(2, 3, 4)(5, 6, 7)", "find b",
                               "b(1, 1, 1)(1, 1, 1)", "a(1, 1, 1)(1, 1, 1)",
                               "wait", "wait", "unload", "closed"));
}

TEST_F(GpuDeviceTest, GivesBackWhatNobodyFreed) {
  device->allocate(10, "a buffer");
  std::shared_ptr<void> recording = device->endRecording();
  device.reset();
  // A recording needs the kernels.
  EXPECT_THAT(log, ElementsAre("load the image", "end", "wait", "free"));
  recording.reset();
  EXPECT_THAT(log, ElementsAre("load the image", "end", "wait", "free",
                               "forget", "unload", "closed"));
}

TEST_F(GpuDeviceTest, AFailedLaunchIsToldWhenWaiting) {
  device->launch("unknown", {}, {}, nullptr);
  device->launch("a", {}, {}, nullptr); // not launched any more
  EXPECT_THAT(errorOf([&] { device->synchronize(); }),
              HasSubstr("no kernel unknown"));
  EXPECT_THAT(log, ElementsAre("load the image", "find unknown", "wait"));
}

TEST_F(GpuDeviceTest, TheFirstErrorIsTold) {
  const std::string launch = "a(1, 1, 1)(1, 1, 1)";
  device->beginRecording();
  device->launch("unknown", {}, {}, nullptr);
  faults.capturing = true; // as a failed launch makes it
  EXPECT_THAT(errorOf([&] { device->endRecording(); }),
              HasSubstr("no kernel unknown"));
  device->launch("a", {}, {}, nullptr);
  EXPECT_EQ(log.back(), launch);
  EXPECT_THAT(errorOf([&] { device->endRecording(); }),
              HasSubstr("the capture was invalidated"));

  device->launch("unknown", {}, {}, nullptr);
  faults.waiting = true;
  EXPECT_THAT(errorOf([&] { device->synchronize(); }),
              HasSubstr("no kernel unknown"));
  device->launch("a", {}, {}, nullptr);
  EXPECT_EQ(log.back(), launch);
  EXPECT_THAT(errorOf([&] { device->synchronize(); }),
              HasSubstr("waiting failed"));
}

TEST_F(GpuDeviceTest, TimesNothingThatWasNotWaitedFor) {
  device->startTiming();
  device->launch("a", {}, {}, nullptr);
  faults.waiting = true;
  EXPECT_THAT(errorOf([&] { device->synchronize(); }),
              HasSubstr("waiting failed"));
  faults.waiting = false;
  device->launch("b", {}, {}, nullptr);
  device->synchronize();
  ASSERT_EQ(device->times().size(), 1u);
  EXPECT_EQ(device->times()[0].kernel, "b");
}

TEST_F(GpuDeviceTest, WhatCannotBeSharedTakesNoMemory) {
  faults.copying = true;
  float value = 1;
  EXPECT_THAT(errorOf([&] { device->share(&value, 4, "a value"); }),
              HasSubstr("a copy failed"));
  EXPECT_THAT(log, ElementsAre("load the image", "free"));
}

TEST_F(GpuDeviceTest, CopiesWhatIsShared) {
  std::vector<float> values = {1, 2, 3};
  // Freeing fails in this driver, which a destructor must survive.
  DeviceMemory shared = shareWith(*device, values.data(), 12, "values");
  EXPECT_NE(shared.get(), values.data());
  values = {};
  values.resize(3);
  device->copy(values.data(), shared.get(), 12);
  EXPECT_THAT(values, ElementsAre(1, 2, 3));
  // Only what comes to the host is waited for; parts of buffers are buffers.
  char *inside = static_cast<char *>(shared.get()) + 4;
  device->copy(inside, values.data(), 4);
  device->copy(shared.get(), inside, 4);
  EXPECT_THAT(log, ElementsAre("load the image", "wait"));
}

TEST_F(GpuDeviceTest, SaysWhatThereIsNoMemoryFor) {
  EXPECT_THAT(
      errorOf([&] { device->allocate(1001, "wte"); }),
      HasSubstr("Fake GPU: no memory for wte: it takes 1001 bytes, and 1000"));
}

TEST_F(GpuDeviceTest, TimesLaunches) {
  device->launch("a", {}, {}, nullptr); // not timed
  device->startTiming();
  for (const char *kernel : {"b", "a", "b"})
    device->launch(kernel, {}, {}, nullptr);
  device->synchronize();
  ASSERT_EQ(device->times().size(), 2u);
  EXPECT_EQ(device->times()[0].kernel, "b");
  EXPECT_EQ(device->times()[0].launches, 2);
  EXPECT_EQ(device->times()[0].seconds, 2);
  EXPECT_EQ(device->times()[1].kernel, "a");
  EXPECT_EQ(device->times()[1].seconds, 1);
}

//===----------------------------------------------------------------------===//
// A program with kernels for a GPU, whose host's part is C++.
//===----------------------------------------------------------------------===//

void step(void *) { Device::current().launch("a", {}, {}, nullptr); }

/// As Executable::call does it, on a device of ours.
class Recorded : public GpuDeviceTest {
protected:
  Executable program{[](const std::string &name) -> void * {
                       return name == std::string(program_abi::entryPrefix) +
                                          "step"
                                  ? reinterpret_cast<void *>(step)
                                  : nullptr;
                     },
                     std::move(device)};
  std::vector<float> values = std::vector<float>(4);

  void call(int64_t size) {
    program.call("step", {MemRef(values.data(), {size})});
  }
};

TEST_F(Recorded, ACallThatRepeatsIsReplayed) {
  for (int64_t size : {1, 1, 1, 1, 2, 1, 1})
    call(size);
  const std::string launch = "a(1, 1, 1)(1, 1, 1)";
  EXPECT_THAT(log,
              ElementsAre("load the image", "find a", launch, "wait", // first
                          "begin", launch, "end", "launch graph", "wait",
                          "launch graph", "wait", "launch graph", "wait",
                          "forget", launch, "wait", // other sizes
                          launch, "wait",           // and again others
                          "begin", launch, "end", "launch graph", "wait"));
}

TEST_F(Recorded, UnlessItIsNotWantedOrTimed) {
  program.setRecording(false);
  for (int i = 0; i < 3; ++i)
    call(1);
  EXPECT_THAT(log, Not(Contains("begin")));
  program.setRecording(true);
  program.device().startTiming();
  for (int i = 0; i < 3; ++i)
    call(1);
  EXPECT_THAT(log, Not(Contains("begin")));
}

TEST_F(Recorded, WhatCannotBeCalledIsNotRecorded) {
  std::vector<MemRef> tooMany(41, MemRef(values.data(), {1}));
  for (int i = 0; i < 2; ++i)
    EXPECT_THAT(errorOf([&] { program.call("step", tooMany); }),
                HasSubstr("at most 40"));
  EXPECT_THAT(log, Not(Contains("begin")));
}

// Memory that a program gave would outlive the device it had.
static_assert(!std::is_move_assignable_v<Executable>);

TEST(Drivers, SayWhatIsMissing) {
  for (auto [open, name] : {std::pair(&openCuda, "CUDA driver"),
                            std::pair(&openHip, "HIP runtime")}) {
    std::string error;
    try {
      std::unique_ptr<Driver> driver = open();
      EXPECT_NE(driver->chip(), "");
      EXPECT_GT(driver->freeMemory(), 0u);
      continue;
    } catch (const Error &failure) {
      error = failure.what();
    }
    EXPECT_THAT(error, HasSubstr(name));
    EXPECT_THAT(error, HasSubstr("no "));
  }
}

} // namespace
