//===- divergence.cpp - Where two versions of GPT-2 part ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/divergence.h"
#include "compiler/codegen/loaded_archive.h"
#include "compiler/inspect/tap.h"
#include "compiler/pipeline/session.h"
#include "reference/reference.h"
#include "run/forward.h"
#include "support/error.h"
#include "support/paths.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gpt2 {
namespace {

/// The calls of the skeleton that all chapters share, or of a later one's.
std::vector<KernelCall> callsOf(const Build &build) {
  Session session(compileRequest(build.forSizes({})));
  std::vector<KernelCall> calls = kernelCalls(session.module());
  std::string root = paths::source().string() + "/";
  for (KernelCall &call : calls)
    if (call.where.starts_with(root))
      call.where.erase(0, root.size());
  return calls;
}

/// What a kernel returned: (T, width) values, by layer.
using Results = std::vector<reference::Vector>;

/// Calls and layers in the order in which they run.
std::vector<std::pair<size_t, size_t>>
inOrder(const std::vector<KernelCall> &calls, int64_t layers) {
  std::vector<std::pair<size_t, size_t>> order;
  for (size_t call = 0; call < calls.size();) {
    size_t end = call;
    while (end < calls.size() && calls[end].isInLayer)
      ++end;
    if (end == call) {
      order.emplace_back(call++, 0);
      continue;
    }
    for (int64_t l = 0; l < layers; ++l)
      for (size_t i = call; i < end; ++i)
        order.emplace_back(i, l);
    call = end;
  }
  return order;
}

/// The reference's results by kernel call.
std::vector<Results> referenceResults(const Weights &weights,
                                      std::span<const int32_t> tokens,
                                      const std::vector<KernelCall> &calls) {
  std::vector<reference::Vector> values;
  reference::forward(weights, tokens, 1, [&](const reference::Vector &value) {
    values.push_back(value);
  });
  std::vector<Results> results(calls.size());
  size_t next = 0;
  for (auto [call, layer] : inOrder(calls, weights.config().layers))
    results[call].push_back(values.at(next++));
  return results;
}

/// The results of the calls `indices`, shaped like `like`, from one program of
/// the chapter's with an output for each.
std::vector<Results> chapterResults(const Version &version,
                                    std::span<const size_t> indices,
                                    const std::vector<Results> &like,
                                    std::span<const int32_t> tokens) {
  const Config &config = version.weights->config();
  auto length = static_cast<int64_t>(tokens.size());
  Sizes sizes;
  std::vector<std::vector<float>> taps;
  std::vector<MemRef> outputs;
  for (size_t index : indices) {
    size_t size = like[index][0].size();
    int64_t width = static_cast<int64_t>(size) / length;
    sizes[tapWidth(index)] = width;
    taps.emplace_back(config.layers * size, NAN);
    outputs.emplace_back(taps.back().data(),
                         std::vector<int64_t>{config.layers, length, width});
  }
  CompileRequest request =
      compileRequest(version.build->forModel(config, sizes));
  request.llvmLevel = 1; // runs once
  request.editLinked = [indices](mlir::ModuleOp module) {
    tapKernelCalls(module, indices);
  };
  Executable program = load(compileToObject(request).bytes);
  std::vector<float> logits(config.vocab);
  Forward(program, *version.weights, 1, outputs)(tokens, logits);
  std::vector<Results> results(like.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    size_t size = like[indices[i]][0].size();
    for (size_t l = 0; l < like[indices[i]].size(); ++l)
      results[indices[i]].emplace_back(taps[i].begin() + l * size,
                                       taps[i].begin() + (l + 1) * size);
  }
  return results;
}

reference::Vector logitsOf(const Version &version,
                           std::span<const int32_t> tokens) {
  if (!version.build)
    return reference::forward(*version.weights, tokens, 1);
  const Config &config = version.weights->config();
  Executable program = load(
      compileToObject(compileRequest(version.build->forModel(config))).bytes);
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
  const Build *build = actual.build ? actual.build : expected.build;
  if (!build)
    fail("the reference does not differ from itself");
  const Config &config = actual.weights->config();
  auto length = static_cast<int64_t>(tokens.size());
  std::vector<KernelCall> calls = callsOf(*build);
  std::vector<Results> ofReference =
      referenceResults(*expected.weights, tokens, calls);
  // `together`: all from one program, otherwise each from its own.
  auto results = [&](const Version &version, bool together) {
    if (!version.build)
      return version.weights == expected.weights
                 ? ofReference
                 : referenceResults(*version.weights, tokens, calls);
    std::vector<size_t> all(calls.size());
    std::iota(all.begin(), all.end(), size_t{0});
    if (together)
      return chapterResults(version, all, ofReference, tokens);
    std::vector<Results> each;
    for (size_t i : all)
      each.push_back(std::move(
          chapterResults(version, std::span(&i, 1), ofReference, tokens)[i]));
    return each;
  };
  auto firstOf = [&](bool together) -> std::optional<Divergence> {
    std::vector<Results> a = results(actual, together),
                         b = results(expected, together);
    for (auto [call, layer] : inOrder(calls, config.layers)) {
      auto found =
          compareResults(a[call][layer], b[call][layer], config, length);
      if (!found)
        continue;
      found->kernel = calls[call].kernel;
      found->where = calls[call].where;
      if (calls[call].isInLayer)
        found->layer = static_cast<int64_t>(layer);
      return found;
    }
    return std::nullopt;
  };

  if (auto found = firstOf(true))
    return found;
  auto ofLogits = compareResults(logitsOf(actual, tokens),
                                 logitsOf(expected, tokens), config, 1);
  if (!ofLogits)
    return std::nullopt;
  // What is fused wrongly may be right where everybody wants to see it.
  if (auto found = firstOf(false))
    return found;
  ofLogits->kernel = "logits";
  ofLogits->where = "the end of @" + build->chapter->entry();
  return ofLogits;
}

} // namespace gpt2
