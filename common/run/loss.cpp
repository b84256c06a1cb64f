//===- loss.cpp - How well a model predicts a text ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/loss.h"
#include "model/generate.h"
#include "model/sampler.h"
#include "support/error.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace gpt2 {
namespace {

/// -ln of the probability that `logits` give to `token`.
double surprise(std::span<const float> logits, int32_t token) {
  checkLogits(logits);
  double largest = *std::max_element(logits.begin(), logits.end()), sum = 0;
  for (float logit : logits)
    sum += std::exp(logit - largest);
  return largest + std::log(sum) - logits[static_cast<size_t>(token)];
}

} // namespace

Loss lossOf(Forward &forward, Forward *other, std::span<const int32_t> tokens,
            const std::function<void(int64_t)> &progress) {
  if (tokens.size() < 2)
    fail("a loss is of two tokens or more: the text has ", tokens.size());
  checkIds(tokens, forward.config()); // the last is in no window
  auto vocab = static_cast<size_t>(forward.config().vocab);
  auto window = static_cast<size_t>(forward.config().context);
  Loss loss;
  loss.compared = other != nullptr;
  double squares = 0;
  std::vector<float> logits, others;
  for (size_t at = 0; at + 1 < tokens.size(); at += window) {
    size_t count = std::min(window, tokens.size() - 1 - at);
    std::span<const int32_t> input = tokens.subspan(at, count);
    logits.resize(count * vocab);
    forward(input, logits);
    if (other) {
      others.resize(count * vocab);
      (*other)(input, others);
    }
    for (size_t i = 0; i < count; ++i) {
      int32_t next = tokens[at + i + 1];
      std::span<const float> row = std::span(logits).subspan(i * vocab, vocab);
      loss.mean += surprise(row, next);
      if (!other)
        continue;
      std::span<const float> otherRow =
          std::span(others).subspan(i * vocab, vocab);
      loss.other += surprise(otherRow, next);
      for (size_t v = 0; v < vocab; ++v) {
        if (std::isinf(row[v]) && row[v] == otherRow[v])
          continue; // a token that neither chooses
        double difference = std::abs(double{row[v]} - otherRow[v]);
        squares += difference * difference;
        loss.largestDifference = std::max(loss.largestDifference, difference);
        loss.largestLogit =
            std::max(loss.largestLogit, std::abs(double{otherRow[v]}));
      }
    }
    loss.tokens += static_cast<int64_t>(count);
    if (progress)
      progress(loss.tokens);
  }
  auto total = static_cast<double>(loss.tokens);
  loss.mean /= total;
  loss.other /= total;
  loss.rootMeanSquare =
      std::sqrt(squares / (total * static_cast<double>(vocab)));
  return loss;
}

std::string Loss::describe() const {
  char text[400];
  int length = std::snprintf(text, sizeof text,
                             "loss %.4f nats a token, of %lld tokens\n", mean,
                             static_cast<long long>(tokens));
  if (compared)
    std::snprintf(text + length, sizeof text - static_cast<size_t>(length),
                  "in f32 %.4f: %+.3f %%; logits of up to %.1f differ by %.4f "
                  "(root mean square), at most %.3f\n",
                  other, 100 * (mean / other - 1), largestLogit, rootMeanSquare,
                  largestDifference);
  return text;
}

} // namespace gpt2
