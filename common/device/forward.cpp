//===- forward.cpp - GPT-2's forward pass, compiled and bound -----------===//
#include "device/forward.h"
#include "model/element_type.h"
#include "model/sampler.h"

#include <algorithm>

namespace gpt2 {

Forward::Forward(Executable &executable, Weights &weights,
                 std::vector<MemRef> extra)
    : executable(executable), config(weights.config()),
      choosesOnDevice(executable.has("most_likely")),
      tokensOnDevice(allocateOn(
          executable.device(),
          static_cast<size_t>(config.context) * sizeof(int32_t), "the tokens")),
      extra(extra) {
  for (int i = 0; i < 2; ++i) // logits and tokens, given with each call
    arguments.emplace_back(static_cast<float *>(nullptr),
                           std::vector<int64_t>{});
  auto keep = [&](const MemRef &tensor, DeviceMemory memory) {
    arguments.push_back(tensor.at(memory.get()));
    shared.push_back(std::move(memory));
  };
  Device &device = executable.device();
  bool narrow = executable.matrixType() == ElementType::BF16;
  for (size_t i = 0; i < weights.specs().size(); ++i) {
    const WeightSpec &spec = weights.specs()[i];
    std::span<float> values = weights.tensor(i);
    std::string name(spec.name);
    if (narrow && spec.isMatrix()) {
      std::vector<uint16_t> rounded(values.size());
      std::transform(values.begin(), values.end(), rounded.begin(),
                     floatToBfloat);
      MemRef tensor(rounded.data(), spec.shape);
      DeviceMemory memory = allocateOn(device, tensor.bytes(), name);
      device.copy(memory.get(), tensor.data(), tensor.bytes());
      keep(tensor, std::move(memory));
    } else {
      MemRef tensor(values.data(), spec.shape);
      keep(tensor, shareWith(device, tensor.data(), tensor.bytes(), name));
    }
  }
  for (const MemRef &tensor : extra)
    keep(tensor,
         shareWith(device, tensor.data(), tensor.bytes(), "an extra argument"));
}

void Forward::compute(std::span<const int32_t> tokens, size_t rows) {
  Device &device = executable.device();
  size_t count = rows * static_cast<size_t>(config.vocab);
  if (count > logitsCapacity) {
    logitsOnDevice.reset();
    logitsCapacity = 0; // should there be no memory for more
    logitsOnDevice = allocateOn(device, count * sizeof(float), "the logits");
    logitsCapacity = count;
  }
  arguments[0] = MemRef(static_cast<float *>(logitsOnDevice.get()),
                        {static_cast<int64_t>(rows), config.vocab});
  arguments[1] = MemRef(static_cast<int32_t *>(tokensOnDevice.get()),
                        {static_cast<int64_t>(tokens.size())});
  device.copy(tokensOnDevice.get(), tokens.data(), tokens.size_bytes());
  executable.call("forward", arguments);
}

void Forward::operator()(std::span<const int32_t> tokens,
                         std::span<float> logits) {
  Device &device = executable.device();
  compute(tokens, logits.size() / static_cast<size_t>(config.vocab));
  device.copy(logits.data(), logitsOnDevice.get(), logits.size_bytes());
  for (size_t i = 0; i < extra.size(); ++i)
    device.copy(extra[i].data(),
                arguments[arguments.size() - extra.size() + i].data(),
                extra[i].bytes());
}

int32_t Forward::mostLikely(std::span<const int32_t> tokens) {
  Device &device = executable.device();
  std::vector<float> logits;
  auto onHost = [&] { // which says which logit is not a number
    logits.resize(static_cast<size_t>(config.vocab));
    device.copy(logits.data(), logitsOnDevice.get(),
                logits.size() * sizeof(float));
    return Sampler({.temperature = 0}).sample(logits);
  };
  compute(tokens, 1);
  if (!choosesOnDevice)
    return onHost();
  if (!tokenOnDevice)
    tokenOnDevice = allocateOn(device, sizeof(int32_t), "the next token");
  executable.call(
      "most_likely",
      {MemRef(static_cast<int32_t *>(tokenOnDevice.get()), {1}),
       MemRef(static_cast<float *>(logitsOnDevice.get()), {config.vocab})});
  int32_t token = 0;
  device.copy(&token, tokenOnDevice.get(), sizeof token);
  return token < 0 ? onHost() : token;
}

} // namespace gpt2
