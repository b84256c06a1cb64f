//===- checkpoint.cpp - Which format is it? -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/model_cache.h"
#include "model/formats.h"
#include "support/error.h"
#include "support/foreign.h"

#include <algorithm>
#include <cmath>

namespace gpt2 {

void widenFromFile(const MappedFile &file, ElementType type,
                   std::span<const std::byte> in, std::span<float> out) {
  constexpr size_t chunk = 1 << 20; // elements: 4 MB of f32
  for (size_t at = 0; at < out.size(); at += chunk) {
    size_t count = std::min(chunk, out.size() - at);
    std::span<const std::byte> part =
        in.subspan(at * sizeOf(type), count * sizeOf(type));
    widen(type, part.data(), out.subspan(at, count));
    file.release(part);
  }
}

namespace {

/// Attention's scores are products of queries and keys, so what divides them
/// may as well divide the queries, which are the first C columns of c_attn. All
/// chapters divide by the square root of D.
void scaleQueries(const Config &config, const WeightSpec &spec, int64_t l,
                  std::span<float> out) {
  bool isQueries =
      spec.name == "attn.c_attn.weight" || spec.name == "attn.c_attn.bias";
  if (!isQueries || (config.scalesScores && !config.scalesByLayer))
    return;
  double scale = config.scalesByLayer ? 1 / static_cast<double>(l + 1) : 1;
  if (!config.scalesScores)
    scale *= std::sqrt(static_cast<double>(config.headDim()));
  auto columns = static_cast<size_t>(config.channels);
  for (size_t row = 0; row < out.size(); row += 3 * columns)
    for (float &value : out.subspan(row, columns))
      value = static_cast<float>(value * scale);
}

} // namespace

Weights Checkpoint::stream(LoadProgress progress) const {
  return Weights(sizes, [this, specs = weightSpecs(sizes),
                         progress = std::move(progress),
                         done = int64_t{0}](size_t i, int64_t l, int64_t first,
                                            std::span<float> out) mutable {
    read(i, specs[i], l, first, out);
    scaleQueries(sizes, specs[i], l, out);
    done += static_cast<int64_t>(out.size());
    if (progress)
      progress(std::min(done, sizes.parameters()), sizes.parameters());
  });
}

Weights Checkpoint::load(const LoadProgress &progress) const {
  Weights weights = stream(progress);
  weights.readAll();
  return weights;
}

std::unique_ptr<Checkpoint> Checkpoint::open(const std::string &model) {
  std::filesystem::path path(model);
  if (model == "random-124m")
    return openRandom(Config{});
  if (!std::filesystem::exists(path))
    path = findPublicModel(model).value_or("");
  if (path.empty())
    fail(model,
         ": no such model; expected a directory with config.json and "
         "model.safetensors, a .safetensors or llm.c .bin file, random-124m, "
         "or a public model's name: ",
         publicModelNames());
  if (std::filesystem::is_directory(path)) {
    auto whole = path / "model.safetensors",
         index = path / "model.safetensors.index.json";
    bool isWhole = std::filesystem::exists(whole);
    bool isSharded = !isWhole && std::filesystem::exists(index);
    if (std::string what = describeForeign(path);
        !isWhole && !isSharded && !what.empty())
      fail(model, ": no model.safetensors here; ", what);
    return openSafetensors(isSharded ? index : whole);
  }
  if (path.extension() == ".safetensors" ||
      path.string().ends_with(".safetensors.index.json"))
    return openSafetensors(path);
  if (path.extension() == ".bin")
    return openLlmc(path);
  fail(model, ": expected a directory, a .safetensors or an llm.c .bin file");
}

} // namespace gpt2
