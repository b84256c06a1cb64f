//===- choose_device.cpp - A GPU if it computes, else the emulator ------===//
#include "device/choose_device.h"
#include "device/driver.h"
#include "model/error.h"

namespace gpt2 {

DeviceChoice
chooseDevice(const std::string &wanted,
             const std::function<void(const std::string &chip)> &prepare,
             bool hasCpu) {
  struct Kind {
    const char *name;
    std::unique_ptr<Driver> (*open)();
  };
  std::string reasons;
  for (const Kind &kind : {Kind{"cuda", openCuda}, Kind{"hip", openHip}}) {
    if (!wanted.empty() && wanted != kind.name)
      continue;
    try {
      std::string chip = kind.open()->chip();
      prepare(chip);
      return {chip, ""};
    } catch (const Error &error) {
      if (!wanted.empty())
        throw;
      reasons += (reasons.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  if (wanted.empty())
    return {"", std::string("no GPU, so ") +
                    (hasCpu ? "the CPU computes" : "kernels are emulated") +
                    " (" + reasons + ")"};
  return {};
}

} // namespace gpt2
