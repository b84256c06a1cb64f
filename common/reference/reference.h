//===- reference.h - GPT-2 in plain C++ and double precision ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The judge: what every chapter's logits are compared with. Written to be read
// beside the paper, not to be fast. Matrices are row major; shapes stand at
// each function, with the letters of common/gpt2.mlir.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "model/weights.h"

#include <functional>
#include <span>
#include <vector>

namespace gpt2::reference {

using Vector = std::vector<double>;

/// tokens (T), wte (V, C), wpe (P, C) -> (T, C).
Vector embedding(std::span<const int32_t> tokens, std::span<const float> wte,
                 std::span<const float> wpe, int64_t channels);

/// x (T, C), gain (C), bias (C) -> (T, C). Ba et al. 2016.
Vector layernorm(const Vector &x, std::span<const float> gain,
                 std::span<const float> bias, double epsilon = 1e-5);

/// x (T, K), w (K, N), b (N) -> x w + b (T, N).
Vector linear(const Vector &x, std::span<const float> w,
              std::span<const float> b);

/// qkv (T, 3, H, D) -> (T, H, D), causal. Vaswani et al. 2017, section 3.2.
Vector attention(const Vector &qkv, int64_t heads, int64_t headDim);

/// x (T, C) -> (T, C), the tanh form. Hendrycks & Gimpel 2016.
Vector gelu(Vector x);

/// The same with what stands in a model in the place of the tanh form.
Vector activate(Vector x, Activation activation);

/// x (T, C), y (T, C) -> x + y (T, C).
Vector residual(Vector x, const Vector &y);

/// x (C), wte (V, C) -> (V).
Vector logits(std::span<const double> x, std::span<const float> wte);

/// Told of what each kernel before the logits returns, as they run.
using Observer = std::function<void(const Vector &)>;

/// The whole model: logits (N, V) that follow each of the last `rows` tokens.
Vector forward(
    const Weights &weights, std::span<const int32_t> tokens, int64_t rows,
    const Observer &observe = [](const Vector &) {});

} // namespace gpt2::reference
