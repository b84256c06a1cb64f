//===- chapter_test.h - What the tests of every chapter share -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tests in this folder are compiled once, and linked with each chapter.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "chapter/build.h"
#include "chapter/conformance/tested.h"
#include "compiler/codegen/loaded_archive.h"
#include "reference/comparison.h"
#include "reference/reference.h"
#include "run/forward.h"
#include "testing/test_files.h"
#include "testing/test_models.h"

#include <cmath>

namespace gpt2::testing {

/// A program, without the cache.
inline Executable compiled(const Build &build) {
  return load(compileToObject(compileRequest(build)).bytes);
}
/// The same of kernels alone.
inline Executable compiledKernels(const Build &build,
                                  const std::string &kernel = "") {
  return load(compileToObject(kernelRequest(build, kernel)).bytes);
}
/// The chapter's program for a model.
inline Executable compileFor(const Config &config) {
  return compiled({tested().chapter, config});
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
