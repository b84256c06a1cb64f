//===- chapter_test.h - What the tests of every chapter share -----------===//
//
// The tests in this folder are compiled once, and linked with each chapter.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "chapter/conformance/tested.h"
#include "reference/compare.h"
#include "reference/reference.h"
#include "testing/test_files.h"
#include "testing/test_models.h"

#include <cmath>

namespace gpt2::testing {

/// The chapter's program for a model, without the cache.
inline Executable compileFor(const Config &config) {
  return load(compileToObject(compileRequest(tested().chapter, config)).bytes);
}

/// Logits (N, V) after each of the last `rows` tokens.
inline std::vector<float> logitsOf(Executable &program, Weights &weights,
                                   std::span<const int32_t> tokens,
                                   int64_t rows) {
  std::vector<float> logits(rows * weights.config().vocab, NAN);
  Forward(program, weights)(tokens, logits);
  return logits;
}

/// How the chapter's logits compare with the reference's.
inline Comparison compareLogits(std::span<const float> actual,
                                const reference::Vector &expected,
                                const Config &config) {
  return compare(actual, expected,
                 logitsTolerance(config, largestOf(expected)));
}

} // namespace gpt2::testing
