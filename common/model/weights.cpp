//===- weights.cpp - The sixteen weight tensors in f32 ------------------===//
#include "model/weights.h"
#include "model/error.h"

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
  int64_t l = config.layers, c = config.channels;
  return {
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
      {"mlp.c_fc.weight", true, {l, c, 4 * c}},
      {"mlp.c_fc.bias", true, {l, 4 * c}},
      {"mlp.c_proj.weight", true, {l, 4 * c, c}},
      {"mlp.c_proj.bias", true, {l, c}},
      {"ln_f.weight", false, {c}},
      {"ln_f.bias", false, {c}},
  };
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
}

std::span<float> Weights::tensor(size_t i) {
  return {block.get() + offsets[i], static_cast<size_t>(tensors[i].elements())};
}

std::span<const float> Weights::tensor(size_t i) const {
  return const_cast<Weights *>(this)->tensor(i);
}

std::span<float> Weights::layer(size_t i, int64_t l) {
  auto count = static_cast<size_t>(tensors[i].layerElements());
  return tensor(i).subspan(static_cast<size_t>(l) * count, count);
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

void roundMatrices(Weights &weights, ElementType type) {
  if (type == ElementType::F32)
    return;
  if (type != ElementType::BF16)
    fail("matrices are kept in F32 or BF16, not in ", nameOf(type));
  for (size_t i = 0; i < weights.specs().size(); ++i)
    if (weights.specs()[i].isMatrix())
      for (float &value : weights.tensor(i))
        value = bfloatToFloat(floatToBfloat(value));
}

} // namespace gpt2
