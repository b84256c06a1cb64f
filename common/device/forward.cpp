//===- forward.cpp - GPT-2's forward pass, compiled and bound -----------===//
#include "device/forward.h"

namespace gpt2 {

Forward::Forward(Executable &executable, Weights &weights,
                 std::vector<MemRef> extra)
    : executable(executable), config(weights.config()),
      tokensOnDevice(allocateOn(
          executable.device(),
          static_cast<size_t>(config.context) * sizeof(int32_t), "the tokens")),
      extra(extra) {
  for (int i = 0; i < 2; ++i) // logits and tokens, given with each call
    arguments.emplace_back(static_cast<float *>(nullptr),
                           std::vector<int64_t>{});
  auto share = [&](const MemRef &tensor, const std::string &name) {
    shared.push_back(
        shareWith(executable.device(), tensor.data(), tensor.bytes(), name));
    arguments.push_back(tensor.at(shared.back().get()));
  };
  for (size_t i = 0; i < weights.specs().size(); ++i)
    share(MemRef(weights.tensor(i).data(), weights.specs()[i].shape),
          std::string(weights.specs()[i].name));
  for (const MemRef &tensor : extra)
    share(tensor, "an extra argument");
}

void Forward::operator()(std::span<const int32_t> tokens,
                         std::span<float> logits) {
  Device &device = executable.device();
  if (logits.size() > logitsCapacity) {
    logitsOnDevice.reset();
    logitsCapacity = 0; // should there be no memory for more
    logitsOnDevice = allocateOn(device, logits.size_bytes(), "the logits");
    logitsCapacity = logits.size();
  }
  auto rows = static_cast<int64_t>(logits.size()) / config.vocab;
  arguments[0] =
      MemRef(static_cast<float *>(logitsOnDevice.get()), {rows, config.vocab});
  arguments[1] = MemRef(static_cast<int32_t *>(tokensOnDevice.get()),
                        {static_cast<int64_t>(tokens.size())});
  device.copy(tokensOnDevice.get(), tokens.data(), tokens.size_bytes());
  executable.call("forward", arguments);
  device.copy(logits.data(), logitsOnDevice.get(), logits.size_bytes());
  for (size_t i = 0; i < extra.size(); ++i)
    device.copy(extra[i].data(),
                arguments[arguments.size() - extra.size() + i].data(),
                extra[i].bytes());
}

} // namespace gpt2
