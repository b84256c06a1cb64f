//===- test_models.cpp - Small models, in memory and on disk ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "testing/test_models.h"
#include "model/formats.h"
#include "support/error.h"
#include "support/files.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace gpt2::testing {
namespace {

/// f32 to binary16 bits by search: slow, and independent of what it tests.
uint16_t toHalf(float value) {
  uint16_t best = 0;
  float magnitude = std::abs(value);
  for (uint16_t step = 0x4000; step; step >>= 1) // largest not above
    if (uint16_t next = best | step;
        next < 0x7c00 && halfToFloat(next) <= magnitude)
      best = next;
  if (best < 0x7bff &&
      halfToFloat(best + 1) - magnitude < magnitude - halfToFloat(best))
    ++best;
  return std::signbit(value) ? best | 0x8000 : best;
}

void append(std::string &bytes, ElementType type, float value) {
  char buffer[4];
  if (type == ElementType::F32) {
    std::memcpy(buffer, &value, 4);
    bytes.append(buffer, 4);
    return;
  }
  uint16_t bits =
      type == ElementType::F16 ? toHalf(value) : floatToBfloat(value);
  std::memcpy(buffer, &bits, 2);
  bytes.append(buffer, 2);
}

} // namespace

Config makeConfig(int64_t layers, int64_t heads, int64_t channels,
                  int64_t context, int64_t vocab) {
  auto last = static_cast<int32_t>(vocab - 1);
  return {layers, heads, channels, context, vocab, {last}, last, {}};
}

Weights randomWeights(const Config &config) {
  return openRandom(config)->load();
}

double distance(const Weights &a, const Weights &b) {
  double largest = 0;
  for (size_t i = 0; i < a.specs().size(); ++i)
    for (size_t j = 0; j < a.tensor(i).size(); ++j)
      largest =
          std::max<double>(largest, std::abs(a.tensor(i)[j] - b.tensor(i)[j]));
  return largest;
}

std::vector<int32_t> someTokens(const Config &config, int64_t count) {
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<int32_t>((i * 7919 + 13) % config.vocab));
  return tokens;
}

SafetensorsFile SafetensorsFile::of(const Weights &weights, ElementType type,
                                    const std::string &prefix) {
  SafetensorsFile file;
  for (const WeightSpec &spec : weights.specs())
    for (int64_t l = 0; l < (spec.perLayer ? weights.config().layers : 1);
         ++l) {
      Tensor tensor{prefix + spec.checkpointName(l), std::string(nameOf(type)),
                    spec.layerShape(), ""};
      auto count = static_cast<size_t>(spec.layerElements());
      for (float value : weights.tensor(spec.name).subspan(l * count, count))
        append(tensor.bytes, type, value);
      file.tensors.push_back(std::move(tensor));
    }
  return file;
}

SafetensorsFile::Tensor &SafetensorsFile::operator[](const std::string &name) {
  for (Tensor &tensor : tensors)
    if (tensor.name == name)
      return tensor;
  fail("no tensor ", name);
}

std::string SafetensorsFile::header() const {
  nlohmann::ordered_json header;
  header["__metadata__"] = {{"format", "pt"}};
  size_t at = 0;
  for (const Tensor &tensor : tensors) {
    header[tensor.name] = {{"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"data_offsets", {at, at + tensor.bytes.size()}}};
    at += tensor.bytes.size();
  }
  return header.dump();
}

void SafetensorsFile::write(const std::filesystem::path &path,
                            const std::string &header) const {
  uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char *>(&length), sizeof length);
  bytes += header;
  for (const Tensor &tensor : tensors)
    bytes += tensor.bytes;
  writeFile(path, {bytes});
}

void writeConfig(const std::filesystem::path &file, const Config &config) {
  nlohmann::json json = {
      {"model_type", "gpt2"},
      {"n_layer", config.layers},
      {"n_head", config.heads},
      {"n_embd", config.channels},
      {"n_positions", config.context},
      {"vocab_size", config.vocab},
      {"n_inner", config.inner()},
      {"layer_norm_epsilon", config.epsilon},
      {"scale_attn_weights", config.scalesScores},
      {"scale_attn_by_inverse_layer_idx", config.scalesByLayer},
      {"tie_word_embeddings", config.isTied},
      {"eos_token_id", config.endOfText}};
  if (config.beginOfText)
    json["bos_token_id"] = *config.beginOfText;
  const char *activations[] = {"gelu_new", "gelu", "relu"};
  json["activation_function"] =
      activations[static_cast<int>(config.activation)];
  writeFile(file, {json.dump()});
}

void writeLlmc(const std::filesystem::path &file, const Weights &weights,
               ElementType type) {
  const Config &config = weights.config();
  int64_t padded = (config.vocab + 127) / 128 * 128;
  std::vector<int32_t> header(256);
  int64_t fields[] = {20240326,        type == ElementType::F32 ? 3 : 5,
                      config.context,  config.vocab,
                      config.layers,   config.heads,
                      config.channels, padded};
  std::copy(std::begin(fields), std::end(fields), header.begin());
  std::string bytes(reinterpret_cast<const char *>(header.data()), 1024);
  for (const WeightSpec &spec : weights.specs()) {
    std::span<const float> values = weights.tensor(spec.name);
    std::vector<int64_t> shape = spec.layerShape();
    bool transpose = spec.perLayer && shape.size() == 2;
    int64_t rows = transpose ? shape[0] : 1;
    int64_t columns = spec.layerElements() / rows;
    for (size_t layer = 0; layer < values.size(); layer += spec.layerElements())
      for (int64_t n = 0; n < columns; ++n)
        for (int64_t k = 0; k < rows; ++k)
          append(bytes, type, values[layer + k * columns + n]);
    if (spec.name == "wte.weight")
      bytes.append((padded - config.vocab) * config.channels * sizeOf(type),
                   '\x7f');
  }
  writeFile(file, {bytes});
}

} // namespace gpt2::testing
