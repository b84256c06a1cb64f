//===- checkpoint.cpp - Which format is it? -----------------------------===//
#include "model/checkpoint.h"
#include "model/error.h"
#include "model/formats.h"
#include "model/model_cache.h"

#include <algorithm>

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

Weights Checkpoint::stream(LoadProgress progress) const {
  return Weights(sizes, [this, specs = weightSpecs(sizes), progress,
                         done = int64_t{0}](size_t i, int64_t l, int64_t first,
                                            std::span<float> out) mutable {
    read(i, specs[i], l, first, out);
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
  if (std::filesystem::is_directory(path))
    return openSafetensors(path / "model.safetensors");
  if (path.extension() == ".safetensors")
    return openSafetensors(path);
  if (path.extension() == ".bin")
    return openLlmc(path);
  fail(model, ": expected a directory, a .safetensors or an llm.c .bin file");
}

} // namespace gpt2
