//===- context_test.cpp - Drivers on libraries that pretend -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/dynamic_library.h"
#include "device/gpu/context.h"
#include "device/gpu/gpu_device.h"
#include "testing/pretended_driver.h"

#include <gmock/gmock.h>

#include <thread>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Pair;

namespace {

class ContextTest : public ::testing::TestWithParam<bool> {
protected:
  void SetUp() override {
    library = PretendedLibrary();
    library.isCuda = GetParam();
    currentHere = nullptr;
  }
  void TearDown() override {
    EXPECT_THAT(library.alive, Each(Pair(::testing::_, 0)));
  }

  std::shared_ptr<const Context> open() const {
    return library.isCuda ? openCudaContext(functionOfLibrary)
                          : openHipContext(functionOfLibrary, topology.path());
  }

  std::unique_ptr<GpuDevice> device() const {
    return std::make_unique<GpuDevice>(driverOn(open()), "an image");
  }

  KfdFolder topology;
};

/// What a program asks of a device, all of it.
void useAll(GpuDevice &device) {
  float value = 1;
  DeviceMemory memory = shareWith(device, &value, sizeof value, "a value");
  device.copy(&value, memory.get(), sizeof value);
  device.beginRecording();
  device.launch("a", {}, {}, nullptr);
  std::shared_ptr<void> recording = device.endRecording();
  device.replay(recording.get());
  device.startTiming();
  device.launch("a", {}, {}, nullptr);
  device.synchronize();
  ASSERT_EQ(device.times().size(), 1u);
  EXPECT_EQ(device.times()[0].seconds, 2);
  device.launch("b", {}, {}, nullptr); // and nobody waits
}

TEST_P(ContextTest, SayWhatTheyAre) {
  std::unique_ptr<GpuDevice> one = device();
  EXPECT_EQ(one->describe(),
            GetParam() ? "Pretended, CUDA driver 13.1" : "Pretended, HIP 6.3");
  EXPECT_EQ(driverOn(open())->chip(), GetParam() ? "sm_90" : "gfx1100");
  library.gpus = 0;
  EXPECT_THROW(open(), NotHere);
  library.result["init"] = 100;
  EXPECT_THROW(open(), NotHere);
  library.result["init"] = 999;
  std::string message = errorOf([&] { open(); });
  EXPECT_THAT(message, HasSubstr("starting the "));
  EXPECT_THAT(message, HasSubstr(": pretended (error 999)"));
}

TEST_P(ContextTest, GiveBackAllThatTheyMade) {
  std::unique_ptr<GpuDevice> one = device();
  useAll(*one);
  EXPECT_GT(library.calls["replay"], 0);
  EXPECT_GT(library.calls["elapsed"], 0);
  one->allocate(1, "what is never freed");
  one.reset();
  // See TearDown().
  EXPECT_EQ(library.alive.count("reference"), GetParam() ? 1u : 0u);
  for (const char *kind :
       {"buffer", "module", "stream", "event", "graph", "executable"})
    EXPECT_EQ(library.alive.count(kind), 1u) << kind;
}

TEST_P(ContextTest, WorkOnAnyThread) {
  for (void *before : {static_cast<void *>(nullptr), currentOfOthers()}) {
    auto onAnotherThread = [&](auto work) {
      std::thread([&] {
        currentHere = before;
        work();
        EXPECT_EQ(currentHere, before);
      }).join();
    };
    std::unique_ptr<GpuDevice> one = device();
    EXPECT_EQ(currentHere, nullptr);
    onAnotherThread([&] { useAll(*one); });
    onAnotherThread([&] { one.reset(); });
  }
}

TEST_P(ContextTest, KeepNothingOfWhatFails) {
  std::unique_ptr<GpuDevice> one = device();
  one->beginRecording();
  library.result = {{"instantiate", 7}};
  EXPECT_THAT(errorOf([&] { one->endRecording(); }),
              HasSubstr("making a graph of the launches: pretended (error 7)"));
  EXPECT_EQ(library.alive["graph"], 0);
  library.result = {{"record", 7}};
  one->startTiming();
  one->launch("a", {}, {}, nullptr);
  EXPECT_THAT(errorOf([&] { one->synchronize(); }),
              HasSubstr("recording an event: pretended (error 7)"));
  EXPECT_EQ(library.alive["event"], 0);
  library.result = {{"stream", 7}};
  EXPECT_THAT(errorOf([&] { device(); }), HasSubstr("making a stream"));
  library.result = {{"load", 7}};
  EXPECT_THAT(errorOf([&] { device(); }), HasSubstr("loading the kernels"));
  library.result = {{"allocate", 2}};
  EXPECT_THAT(errorOf([&] { one->allocate(5, "wte"); }),
              HasSubstr("no memory for wte: it takes 5 bytes, and 1048576 "));
  library.result = {{"wait", 7}, {"end stream", 7}}; // told to nobody
  library.alive["stream"] = 0;                       // is all that is lost
  one.reset();
}

TEST_P(ContextTest, ShareAContextAsLongAsThereIsOne) {
  int opened = 0;
  SharedContext shared([&] {
    ++opened;
    return open();
  });
  std::unique_ptr<Driver> first = driverOn(shared.get()),
                          second = driverOn(shared.get());
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(library.alive["stream"], 2);
  first.reset();
  EXPECT_EQ(library.alive["reference"], GetParam() ? 1 : 0);
  second->freeMemory();
  second.reset();
  EXPECT_EQ(library.alive["reference"], 0);
  driverOn(shared.get())->freeMemory();
  EXPECT_EQ(opened, 2);
}

INSTANTIATE_TEST_SUITE_P(, ContextTest, ::testing::Bool(),
                         [](const auto &info) {
                           return info.param ? "Cuda" : "Hip";
                         });

class HipContextTest : public ContextTest {};

// HIP_VISIBLE_DEVICES and the order of the runtime decide which GPU is its
// first, and not the order of the kernel's nodes.
TEST_P(HipContextTest, KnowTheChipOfTheGpuThatIsFirst) {
  EXPECT_EQ(open()->chip(), "gfx1100"); // an integrated one has a lower node
  library.bus = "0000:0d:00.0";
  EXPECT_EQ(open()->chip(), "gfx1036");
  library.bus = "0001:03:00.0";
  EXPECT_EQ(open()->chip(), "gfx942");
  library.bus = "0000:77:00.0";
  EXPECT_THAT(errorOf([&] { open(); }),
              HasSubstr("which chip the GPU is, at PCI 0000:77:00.0"));
}

INSTANTIATE_TEST_SUITE_P(, HipContextTest, ::testing::Values(false));

} // namespace
