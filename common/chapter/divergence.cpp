//===- divergence.cpp - Where two versions of GPT-2 part ----------------===//
#include "chapter/divergence.h"
#include "compiler/session.h"
#include "compiler/tap.h"
#include "model/error.h"
#include "model/paths.h"
#include "reference/reference.h"

#include <algorithm>
#include <cmath>

namespace gpt2 {
namespace {

/// The calls of the skeleton that all chapters share, or of a later one's.
std::vector<KernelCall> callsOf(const Chapter &chapter) {
  Session session(compileRequest(chapter, Sizes()));
  std::vector<KernelCall> calls = kernelCalls(session.module());
  std::string root = std::string(paths::source) + "/";
  for (KernelCall &call : calls)
    if (call.where.starts_with(root))
      call.where.erase(0, root.size());
  return calls;
}

/// What a kernel returned: (T, width) values, by layer.
using Results = std::vector<reference::Vector>;

/// The reference's results by kernel call.
std::vector<Results> referenceResults(const Weights &weights,
                                      std::span<const int32_t> tokens,
                                      const std::vector<KernelCall> &calls) {
  std::vector<reference::Vector> inOrder;
  reference::forward(weights, tokens, 1, [&](const reference::Vector &value) {
    inOrder.push_back(value);
  });
  std::vector<Results> results(calls.size());
  auto inLayer = std::count_if(calls.begin(), calls.end(),
                               [](const KernelCall &c) { return c.isInLayer; });
  size_t next = 0;
  for (size_t call = 0; call < calls.size();) {
    if (!calls[call].isInLayer) {
      results[call++].push_back(inOrder.at(next++));
      continue;
    }
    for (int64_t l = 0; l < weights.config().layers; ++l)
      for (long i = 0; i < inLayer; ++i)
        results[call + i].push_back(inOrder.at(next++));
    call += inLayer;
  }
  return results;
}

/// The results of call `index`, shaped like `like`.
Results chapterResults(const Version &version, size_t index,
                       const Results &like, std::span<const int32_t> tokens) {
  const Config &config = version.weights->config();
  size_t size = like[0].size();
  auto length = static_cast<int64_t>(tokens.size());
  int64_t width = static_cast<int64_t>(size) / length;
  Sizes sizes = sizesOf(config);
  sizes["W"] = width;
  CompileRequest request = compileRequest(*version.chapter, sizes);
  request.llvmLevel = 1; // a dozen programs that run once
  request.prepare = [index](mlir::ModuleOp module) {
    tapKernelCall(module, index);
  };
  Executable program = load(compileToObject(request).bytes);
  std::vector<float> tap(config.layers * size, NAN);
  MemRef shaped(tap.data(), {config.layers, length, width});
  std::vector<float> logits(config.vocab);
  Forward(program, *version.weights, 1, {shaped})(tokens, logits);
  Results results;
  for (size_t l = 0; l < like.size(); ++l)
    results.emplace_back(tap.begin() + l * size, tap.begin() + (l + 1) * size);
  return results;
}

reference::Vector logitsOf(const Version &version,
                           std::span<const int32_t> tokens) {
  if (!version.chapter)
    return reference::forward(*version.weights, tokens, 1);
  const Config &config = version.weights->config();
  Executable program = load(
      compileToObject(compileRequest(*version.chapter, sizesOf(config))).bytes);
  std::vector<float> logits(config.vocab);
  Forward(program, *version.weights)(tokens, logits);
  return {logits.begin(), logits.end()};
}

/// The comparison of one kernel's results, if they differ.
std::optional<Divergence> compareResults(const reference::Vector &actual,
                                         const reference::Vector &expected,
                                         const Config &config, int64_t rows) {
  double largest = 0;
  for (double value : expected)
    largest = std::max(largest, std::abs(value));
  Divergence divergence;
  // The bound for logits holds for what leads to them; both may err.
  divergence.tolerance = 2 * logitsTolerance(config, largest);
  std::vector<float> rounded(actual.begin(), actual.end());
  divergence.comparison = compare(rounded, expected, divergence.tolerance);
  if (divergence.comparison.within)
    return std::nullopt;
  auto where = static_cast<int64_t>(divergence.comparison.where);
  int64_t width = static_cast<int64_t>(expected.size()) / rows;
  divergence.index = {where / width, where % width};
  return divergence;
}

} // namespace

std::string Divergence::describe() const {
  std::ostringstream text;
  if (layer)
    text << "layer " << *layer << ", ";
  text << "@" << kernel << ", called at " << where << ": row " << index[0]
       << ", column " << index[1] << ": " << comparison.describe(tolerance);
  return text.str();
}

std::optional<Divergence> firstDivergence(const Version &actual,
                                          const Version &expected,
                                          std::span<const int32_t> tokens) {
  const Chapter *chapter = actual.chapter ? actual.chapter : expected.chapter;
  if (!chapter)
    fail("the reference does not differ from itself");
  const Config &config = actual.weights->config();
  auto length = static_cast<int64_t>(tokens.size());
  std::vector<KernelCall> calls = callsOf(*chapter);
  std::vector<Results> shapes =
      referenceResults(*expected.weights, tokens, calls);
  auto results = [&](const Version &version, size_t index) {
    if (version.chapter)
      return chapterResults(version, index, shapes[index], tokens);
    return referenceResults(*version.weights, tokens, calls)[index];
  };

  std::optional<Divergence> first;
  for (size_t i = 0; i < calls.size(); ++i) {
    // Behind the layers, or in no earlier one.
    if (first && (!calls[i].isInLayer || !first->layer || first->layer == 0))
      break;
    Results a = results(actual, i), b = results(expected, i);
    for (size_t l = 0; l < a.size(); ++l) {
      // A later kernel counts only if it is of an earlier layer.
      if (first && (!first->layer || static_cast<int64_t>(l) >= *first->layer))
        break;
      auto divergence = compareResults(a[l], b[l], config, length);
      if (!divergence)
        continue;
      first = divergence;
      first->kernel = calls[i].kernel;
      first->where = calls[i].where;
      if (calls[i].isInLayer)
        first->layer = static_cast<int64_t>(l);
    }
  }
  if (first)
    return first;
  first = compareResults(logitsOf(actual, tokens), logitsOf(expected, tokens),
                         config, 1);
  if (first) {
    first->kernel = "logits";
    first->where = "the end of @" + chapter->entry();
  }
  return first;
}

} // namespace gpt2
