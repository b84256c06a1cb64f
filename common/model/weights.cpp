//===- weights.cpp - The sixteen weight tensors in f32 ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/weights.h"
#include "support/error.h"
#include "support/pages.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace gpt2 {
namespace {

int64_t product(std::span<const int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1},
                         std::multiplies<>());
}

} // namespace

int64_t WeightSpec::elements() const { return product(shape); }

std::vector<int64_t> WeightSpec::layerShape() const {
  return {shape.begin() + (perLayer ? 1 : 0), shape.end()};
}

int64_t WeightSpec::layerElements() const { return product(layerShape()); }

std::string WeightSpec::checkpointName(int64_t l) const {
  std::string prefix = perLayer ? "h." + std::to_string(l) + "." : "";
  return prefix + std::string(name);
}

std::vector<WeightSpec> weightSpecs(const Config &config) {
  int64_t l = config.layers, c = config.channels, f = config.inner();
  std::vector<WeightSpec> specs = {
      {"wte.weight", false, {config.vocab, c}},
      {"wpe.weight", false, {config.context, c}},
      {"ln_1.weight", true, {l, c}},
      {"ln_1.bias", true, {l, c}},
      {"attn.c_attn.weight", true, {l, c, 3 * c}},
      {"attn.c_attn.bias", true, {l, 3 * c}},
      {"attn.c_proj.weight", true, {l, c, c}},
      {"attn.c_proj.bias", true, {l, c}},
      {"ln_2.weight", true, {l, c}},
      {"ln_2.bias", true, {l, c}},
      {"mlp.c_fc.weight", true, {l, c, f}},
      {"mlp.c_fc.bias", true, {l, f}},
      {"mlp.c_proj.weight", true, {l, f, c}},
      {"mlp.c_proj.bias", true, {l, c}},
      {"ln_f.weight", false, {c}},
      {"ln_f.bias", false, {c}},
  };
  if (!config.isTied)
    specs.push_back({"lm_head.weight", false, {config.vocab, c}});
  return specs;
}

std::string_view logitsMatrix(const Config &config) {
  return config.isTied ? "wte.weight" : "lm_head.weight";
}

std::string formatShape(std::span<const int64_t> shape) {
  std::ostringstream text;
  text << "(";
  for (size_t i = 0; i < shape.size(); ++i)
    text << (i ? ", " : "") << shape[i];
  text << ")";
  return text.str();
}

Weights::Weights(const Config &config)
    : sizes(config), tensors(weightSpecs(config)) {
  int64_t total = 0;
  for (const WeightSpec &spec : tensors) {
    offsets.push_back(total);
    total += (spec.elements() + 15) / 16 * 16;
  }
  size_t bytes = static_cast<size_t>(total) * sizeof(float);
  block.reset(static_cast<float *>(std::aligned_alloc(64, bytes)));
  if (!block)
    fail("the weights need ", bytes / 1000000,
         " MB of memory, and that much could not be had");
  useLargePages(block.get(), bytes);
}

Weights::Weights(const Config &config, Read given) : Weights(config) {
  read = std::move(given);
  for (size_t i = 0; i < tensors.size(); ++i) {
    int64_t unit = unitOf(i);
    isRead.emplace_back(
        static_cast<size_t>((tensors[i].shape[0] + unit - 1) / unit));
  }
}

int64_t Weights::unitOf(size_t i) const {
  if (tensors[i].perLayer)
    return 1;
  int64_t rowElements = tensors[i].elements() / tensors[i].shape[0];
  return std::max<int64_t>(1, (1 << 20) / rowElements); // 4 MB
}

void Weights::readAll() {
  for (size_t i = 0; i < tensors.size(); ++i)
    (void)tensor(i);
  read = nullptr;
}

std::span<float> Weights::tensor(size_t i) {
  return rows(i, 0, tensors[i].shape[0]);
}

std::span<float> Weights::rows(size_t i, int64_t first, int64_t count) {
  int64_t rowElements = tensors[i].elements() / tensors[i].shape[0];
  float *begin = block.get() + offsets[i];
  int64_t unit = unitOf(i);
  for (int64_t u = first / unit; read && u * unit < first + count; ++u) {
    std::vector<bool>::reference done = isRead[i][static_cast<size_t>(u)];
    if (done)
      continue;
    int64_t size = std::min(unit, tensors[i].shape[0] - u * unit) * rowElements;
    std::span<float> out(begin + u * unit * rowElements,
                         static_cast<size_t>(size));
    if (tensors[i].perLayer)
      read(i, u, 0, out);
    else
      read(i, 0, u * unit * rowElements, out);
    done = true;
  }
  return {begin + first * rowElements,
          static_cast<size_t>(count * rowElements)};
}

void Weights::release(size_t i, int64_t end) {
  if (!read)
    return;
  int64_t unit = unitOf(i);
  if (end < tensors[i].shape[0])
    end = end / unit * unit; // the last unit is still in use
  int64_t rowElements = tensors[i].elements() / tensors[i].shape[0];
  for (int64_t u = 0; u * unit < end; ++u)
    isRead[i][static_cast<size_t>(u)] = false;
  dropPages(block.get() + offsets[i],
            static_cast<size_t>(end * rowElements) * sizeof(float));
}

std::span<const float> Weights::tensor(size_t i) const {
  return const_cast<Weights *>(this)->tensor(i);
}

std::span<float> Weights::layer(size_t i, int64_t l) {
  return tensors[i].perLayer ? rows(i, l, 1) : tensor(i);
}

size_t Weights::indexOf(std::string_view name) const {
  for (size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].name == name)
      return i;
  fail("no weight is named ", name);
}

std::span<const float> Weights::tensor(std::string_view name) const {
  return tensor(indexOf(name));
}

std::span<float> Weights::tensor(std::string_view name) {
  return tensor(indexOf(name));
}

namespace {

/// Rounds each column of a matrix to 255 multiples of a scale of its own, the
/// largest of which is its largest magnitude. Columns start `between` elements
/// from each other, a column's elements are `step` apart.
void quantize(std::span<float> matrix, int64_t columns, int64_t between,
              int64_t step) {
  auto terms = static_cast<int64_t>(matrix.size()) / columns;
  for (int64_t n = 0; n < columns; ++n) {
    auto element = [&](int64_t k) -> float & {
      return matrix[static_cast<size_t>(n * between + k * step)];
    };
    float largest = 0;
    for (int64_t k = 0; k < terms; ++k)
      largest = std::max(largest, std::abs(element(k)));
    float scale = largest / 127;
    for (int64_t k = 0; k < terms && scale > 0; ++k)
      element(k) = scale * std::nearbyint(element(k) / scale);
  }
}

} // namespace

void roundMatrices(Weights &weights, ElementType type) {
  if (type == ElementType::F32)
    return;
  if (type != ElementType::BF16 && type != ElementType::I8)
    fail("matrices are kept in F32, BF16 or I8, not in ", nameOf(type));
  for (size_t i = 0; i < weights.specs().size(); ++i) {
    const WeightSpec &spec = weights.specs()[i];
    if (!spec.isMatrix())
      continue;
    if (type == ElementType::BF16) {
      for (float &value : weights.tensor(i))
        value = bfloatToFloat(floatToBfloat(value));
    } else if (spec.perLayer) { // (in, out)
      for (int64_t l = 0; l < spec.shape[0]; ++l)
        quantize(weights.layer(i, l), spec.shape[2], 1, spec.shape[2]);
    } else if (spec.name == logitsMatrix(weights.config())) { // (out, in)
      quantize(weights.tensor(i), spec.shape[0], spec.shape[1], 1);
    }
  }
}

} // namespace gpt2
