//===- reference.cpp - GPT-2 in plain C++ and double precision ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "reference/reference.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gpt2::reference {

Vector embedding(std::span<const int32_t> tokens, std::span<const float> wte,
                 std::span<const float> wpe, int64_t channels) {
  Vector x;
  for (size_t t = 0; t < tokens.size(); ++t)
    for (int64_t c = 0; c < channels; ++c)
      x.push_back(double{wte[tokens[t] * channels + c]} +
                  double{wpe[t * channels + c]});
  return x;
}

Vector layernorm(const Vector &x, std::span<const float> gain,
                 std::span<const float> bias, double epsilon) {
  size_t channels = gain.size();
  auto count = static_cast<double>(channels);
  Vector y(x.size());
  for (size_t row = 0; row < x.size(); row += channels) {
    double mean = 0, variance = 0;
    for (size_t c = 0; c < channels; ++c)
      mean += x[row + c] / count;
    for (size_t c = 0; c < channels; ++c)
      variance += (x[row + c] - mean) * (x[row + c] - mean) / count;
    for (size_t c = 0; c < channels; ++c)
      y[row + c] =
          (x[row + c] - mean) / std::sqrt(variance + epsilon) * gain[c] +
          bias[c];
  }
  return y;
}

Vector linear(const Vector &x, std::span<const float> w,
              std::span<const float> b) {
  size_t n = b.size(), k = w.size() / n, rows = x.size() / k;
  Vector y(rows * n);
  for (size_t t = 0; t < rows; ++t) {
    double *out = &y[t * n];
    std::copy(b.begin(), b.end(), out);
    for (size_t i = 0; i < k; ++i)
      for (size_t j = 0; j < n; ++j)
        out[j] += x[t * k + i] * w[i * n + j];
  }
  return y;
}

Vector attention(const Vector &qkv, int64_t heads, int64_t headDim) {
  int64_t channels = heads * headDim;
  auto length = static_cast<int64_t>(qkv.size()) / (3 * channels);
  auto at = [&](int64_t t, int64_t which, int64_t h, int64_t d) {
    return qkv[((t * 3 + which) * heads + h) * headDim + d];
  };
  Vector y(length * channels);
  for (int64_t h = 0; h < heads; ++h)
    for (int64_t i = 0; i < length; ++i) {
      Vector p(i + 1);
      for (int64_t j = 0; j <= i; ++j) {
        for (int64_t d = 0; d < headDim; ++d)
          p[j] += at(i, 0, h, d) * at(j, 1, h, d);
        p[j] /= std::sqrt(static_cast<double>(headDim));
      }
      double max = *std::max_element(p.begin(), p.end()), sum = 0;
      for (double &score : p)
        sum += score = std::exp(score - max);
      for (int64_t j = 0; j <= i; ++j)
        for (int64_t d = 0; d < headDim; ++d)
          y[(i * heads + h) * headDim + d] += p[j] / sum * at(j, 2, h, d);
    }
  return y;
}

Vector gelu(Vector x) {
  double k = std::sqrt(2 / std::numbers::pi);
  for (double &v : x)
    v = 0.5 * v * (1 + std::tanh(k * (v + 0.044715 * v * v * v)));
  return x;
}

Vector activate(Vector x, Activation activation) {
  if (activation == Activation::GeluTanh)
    return gelu(std::move(x));
  for (double &v : x)
    v = activation == Activation::Relu
            ? std::max(v, 0.0)
            : 0.5 * v * (1 + std::erf(v / std::numbers::sqrt2));
  return x;
}

Vector residual(Vector x, const Vector &y) {
  for (size_t i = 0; i < x.size(); ++i)
    x[i] += y[i];
  return x;
}

Vector logits(std::span<const double> x, std::span<const float> wte) {
  Vector l(wte.size() / x.size());
  for (size_t v = 0; v < l.size(); ++v)
    for (size_t c = 0; c < x.size(); ++c)
      l[v] += wte[v * x.size() + c] * x[c];
  return l;
}

Vector forward(const Weights &weights, std::span<const int32_t> tokens,
               int64_t rows, const Observer &observe) {
  const Config &config = weights.config();
  int64_t channels = config.channels;
  auto whole = [&](const char *name) { return weights.tensor(name); };
  auto normalize = [&](const Vector &x, auto gain, auto bias) {
    return layernorm(x, gain, bias, config.epsilon);
  };
  auto seen = [&](Vector value) {
    observe(value);
    return value;
  };
  Vector x = seen(
      embedding(tokens, whole("wte.weight"), whole("wpe.weight"), channels));
  for (int64_t l = 0; l < config.layers; ++l) {
    auto layer = [&](const char *name) {
      std::span<const float> stack = weights.tensor(name);
      size_t size = stack.size() / config.layers;
      return stack.subspan(l * size, size);
    };
    Vector n = seen(normalize(x, layer("ln_1.weight"), layer("ln_1.bias")));
    Vector qkv =
        seen(linear(n, layer("attn.c_attn.weight"), layer("attn.c_attn.bias")));
    Vector mixed = seen(attention(qkv, config.heads, config.headDim()));
    Vector o = seen(
        linear(mixed, layer("attn.c_proj.weight"), layer("attn.c_proj.bias")));
    x = seen(residual(x, o));
    n = seen(normalize(x, layer("ln_2.weight"), layer("ln_2.bias")));
    Vector fc =
        seen(linear(n, layer("mlp.c_fc.weight"), layer("mlp.c_fc.bias")));
    Vector active = seen(activate(fc, config.activation));
    Vector proj = seen(
        linear(active, layer("mlp.c_proj.weight"), layer("mlp.c_proj.bias")));
    x = seen(residual(x, proj));
  }
  x = seen(normalize(x, whole("ln_f.weight"), whole("ln_f.bias")));

  Vector result;
  auto length = static_cast<int64_t>(tokens.size());
  for (int64_t t = length - rows; t < length; ++t) {
    Vector row =
        logits(std::span(x).subspan(t * channels, channels),
               weights.tensor(config.isTied ? "wte.weight" : "lm_head.weight"));
    result.insert(result.end(), row.begin(), row.end());
  }
  return result;
}

} // namespace gpt2::reference
