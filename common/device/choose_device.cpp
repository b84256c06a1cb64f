//===- choose_device.cpp - A GPU if it computes, else the emulator ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device/choose_device.h"
#include "device/dynamic_library.h"
#include "device/gpu/driver.h"
#include "support/error.h"

namespace gpt2 {

DeviceChoice
chooseDevice(const std::string &wanted,
             const std::function<void(const std::string &chip)> &prepare,
             bool hasCpu) {
  struct Kind {
    const char *name;
    std::unique_ptr<Driver> (*open)();
  };
  std::string reasons, problems;
  auto add = [](std::string &list, const Error &error) {
    list += (list.empty() ? "" : "; ") + std::string(error.what());
  };
  for (const Kind &kind : {Kind{"cuda", openCuda}, Kind{"hip", openHip}}) {
    if (!wanted.empty() && wanted != kind.name)
      continue;
    try {
      std::shared_ptr<Driver> driver = kind.open();
      std::string chip = driver->chip();
      prepare(chip);
      return {chip, "", "", std::move(driver)};
    } catch (const Error &error) {
      if (!wanted.empty())
        throw;
      add(reasons, error);
      if (!dynamic_cast<const NotHere *>(&error))
        add(problems, error);
    }
  }
  if (!wanted.empty())
    return {};
  std::string instead = hasCpu ? "the CPU computes" : "kernels are emulated";
  return {"",
          problems.empty() ? "no GPU, so " + instead
                           : "no GPU that can be used, so " + instead + " (" +
                                 problems + ")",
          reasons};
}

} // namespace gpt2
