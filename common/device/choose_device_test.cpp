//===- choose_device_test.cpp - What is said when there is no GPU -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/choose_device.h"
#include "device/dynamic_library.h"
#include "device/gpu/driver.h"
#include "support/files.h"
#include "testing/messages.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

template <typename Call> bool isNotHere(Call call) {
  try {
    call();
  } catch (const NotHere &) {
    return true;
  }
  return false;
}

TEST(DynamicLibrary, TellsWhatIsMissingFromWhatIsBroken) {
  const char *none = "libof-no-gpu.so.1";
  auto openNone = [&] { DynamicLibrary("driver", {none}); };
  EXPECT_TRUE(isNotHere(openNone));
  EXPECT_THAT(messageOf(openNone),
              HasSubstr("no driver: libof-no-gpu.so.1: cannot open"));
  TemporaryDirectory directory;
  std::string broken = directory / "libbroken.so";
  writeFile(broken, {"not a library"});
  auto openBroken = [&] { DynamicLibrary("driver", {broken.c_str(), none}); };
  EXPECT_THAT(messageOf(openBroken), HasSubstr("libbroken.so: "));
  EXPECT_FALSE(isNotHere([&] {
    try {
      openBroken();
    } catch (const NotHere &) {
      throw;
    } catch (const Error &) {
    }
  }));
}

TEST(ChooseDevice, OneLineIfThereIsNone) {
  if (!isNotHere(openCuda) || !isNotHere(openHip))
    GTEST_SKIP() << "there is a GPU, or a part of one";
  auto prepare = [](const std::string &) {};
  EXPECT_EQ(chooseDevice("", prepare).note, "no GPU, so kernels are emulated");
  DeviceChoice choice = chooseDevice("", prepare, /*hasCpu=*/true);
  EXPECT_EQ(choice.note, "no GPU, so the CPU computes");
  EXPECT_EQ(choice.chip, "");
  // Who asks for one is told all of it.
  EXPECT_THAT(choice.reasons, HasSubstr("CUDA driver"));
  EXPECT_THAT(choice.reasons, HasSubstr("HIP runtime"));
  EXPECT_THAT(messageOf([&] { chooseDevice("cuda", prepare); }),
              HasSubstr("CUDA driver"));
}

} // namespace
