//===- chapter.cpp - A chapter's program, compiled and bound ------------===//
#include "chapter/chapter.h"

namespace gpt2 {

Sizes sizesOf(const Config &config) {
  return {{"L", config.layers},
          {"H", config.heads},
          {"C", config.channels},
          {"V", config.vocab},
          {"P", config.context}};
}

CompileRequest compileRequest(const Chapter &chapter, const Sizes &sizes) {
  CompileRequest request;
  request.sources = chapter.sources;
  request.stages = chapter.stages(sizes);
  return request;
}

Forward::Forward(const Program &program, Weights &weights)
    : entry(program.entry("forward")), config(weights.config()) {
  for (int i = 0; i < 2; ++i) // logits and tokens, given with each call
    arguments.emplace_back(static_cast<float *>(nullptr),
                           std::vector<int64_t>{});
  for (size_t i = 0; i < weights.specs().size(); ++i)
    arguments.emplace_back(weights.tensor(i).data(), weights.specs()[i].shape);
}

void Forward::operator()(std::span<const int32_t> tokens,
                         std::span<float> logits) {
  auto rows = static_cast<int64_t>(logits.size()) / config.vocab;
  arguments[0] = MemRef(logits.data(), {rows, config.vocab});
  arguments[1] = MemRef(tokens.data(), {static_cast<int64_t>(tokens.size())});
  entry(arguments);
}

} // namespace gpt2
