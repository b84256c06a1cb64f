//===- self_check_test.cpp - Kernels that are right, and wrong ones -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "reference/reference.h"
#include "reference/values.h"
#include "run/self_check.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <cmath>

using namespace gpt2;
using gpt2::testing::errorOf;
using ::testing::HasSubstr;

namespace {

/// A memref's descriptor as kernels are handed it: data is the second word.
float *dataOf(void *descriptor) { return static_cast<float **>(descriptor)[1]; }

double wrongBy = 0; // in one element

void copyOut(void *to, const reference::Vector &values) {
  std::copy(values.begin(), values.end(), dataOf(to));
  dataOf(to)[values.size() / 2] += static_cast<float>(wrongBy);
}

std::span<const float> spanOf(void *descriptor, int64_t count) {
  return {dataOf(descriptor), static_cast<size_t>(count)};
}

void linear(void *y, void *x, void *w, void *b) {
  auto size = [](char letter) { return selfCheckSizes().at({letter}); };
  copyOut(y, reference::linear(inDouble(spanOf(x, size('T') * size('K'))),
                               spanOf(w, size('K') * size('N')),
                               spanOf(b, size('N'))));
}

void layernorm(void *y, void *x, void *gain, void *bias) {
  auto size = [](char letter) { return selfCheckSizes().at({letter}); };
  copyOut(y, reference::layernorm(inDouble(spanOf(x, size('T') * size('C'))),
                                  spanOf(gain, size('C')),
                                  spanOf(bias, size('C'))));
}

TEST(SelfCheck, NoticesAWrongKernel) {
  Executable kernels([](const std::string &name) -> void * {
    if (name == std::string(program_abi::entryPrefix) + "test_linear")
      return reinterpret_cast<void *>(linear);
    if (name == std::string(program_abi::entryPrefix) + "test_layernorm")
      return reinterpret_cast<void *>(layernorm);
    return nullptr;
  });
  wrongBy = 0;
  EXPECT_NO_THROW(selfCheck(kernels));
  wrongBy = 1e-2;
  EXPECT_THAT(errorOf([&] { selfCheck(kernels); }),
              HasSubstr("CPU does not compute what it should: kernel @linear"));
  wrongBy = NAN;
  EXPECT_THAT(errorOf([&] { selfCheck(kernels); }), HasSubstr("nan"));
  wrongBy = 0;
  EXPECT_THAT(errorOf([&] { kernels.call("other", {}); }),
              HasSubstr("no entry @other"));
}

} // namespace
