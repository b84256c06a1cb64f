//===- checkpoint_safetensors.cpp - Hugging Face's GPT-2 ----------------===//
//
// Tensors are named "h.0.ln_1.weight" or "transformer.h.0.ln_1.weight".
// "attn.bias" and "attn.masked_bias" are the causal mask, stored by old
// versions; "lm_head.weight" repeats wte. All three are passed over.
//
//===----------------------------------------------------------------------===//
#include "model/error.h"
#include "model/formats.h"
#include "model/safetensors.h"
#include "model/tokenizer.h"

#include <set>

namespace gpt2 {
namespace {

class SafetensorsCheckpoint : public Checkpoint {
public:
  explicit SafetensorsCheckpoint(const std::filesystem::path &path)
      : path(path) {
    std::filesystem::path configFile = path.parent_path() / "config.json";
    if (!std::filesystem::exists(configFile))
      fail(path.parent_path().string(), ": config.json is missing");
    sizes = Config::fromJson(configFile);
    if (!std::filesystem::exists(path))
      fail(path.string(), ": no such file");
    file = std::make_unique<MappedFile>(path);
    index();
  }

  std::string format() const override { return type; }

  Tokenizer loadTokenizer() const override {
    return Tokenizer::fromDirectory(path.parent_path(), sizes);
  }

private:
  void index();
  void check(const std::string &name, const WeightSpec &spec);
  void read(size_t i, const WeightSpec &spec, int64_t l, int64_t first,
            std::span<float> out) const override;

  std::filesystem::path path;
  std::unique_ptr<MappedFile> file;
  std::map<std::string, SafetensorsEntry> entries; ///< without "transformer."
  std::string type;
};

bool isPassedOver(const std::string &name) {
  return name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias") ||
         name == "lm_head.weight";
}

void SafetensorsCheckpoint::index() {
  constexpr std::string_view prefix = "transformer.";
  for (auto &[name, entry] : readSafetensorsIndex(*file, path.string())) {
    bool prefixed = name.starts_with(prefix);
    std::string bare = prefixed ? name.substr(prefix.size()) : name;
    if (isPassedOver(bare))
      continue;
    if (!entries.emplace(bare, entry).second)
      fail(path.string(), ": tensor ", bare,
           " stands twice, with and without \"transformer.\"");
  }
  std::set<std::string> wanted;
  for (const WeightSpec &spec : weightSpecs(sizes))
    for (int64_t l = 0; l < (spec.perLayer ? sizes.layers : 1); ++l) {
      check(spec.checkpointName(l), spec);
      wanted.insert(spec.checkpointName(l));
    }
  for (const auto &[name, entry] : entries)
    if (!wanted.contains(name))
      fail(path.string(), ": unexpected tensor ", name,
           "; a GPT-2 with config.json's sizes (", sizes.describe(),
           ") has none of that name");
}

void SafetensorsCheckpoint::check(const std::string &name,
                                  const WeightSpec &spec) {
  auto found = entries.find(name);
  std::string expected = formatShape(spec.layerShape());
  if (found == entries.end())
    fail(path.string(), ": tensor ", name, " is missing; expected shape ",
         expected, " for ", sizes.describe());
  const SafetensorsEntry &entry = found->second;
  if (!elementTypeFromName(entry.dtype))
    fail(path.string(), ": tensor ", name, " has type ", entry.dtype,
         "; expected F32, F16 or BF16");
  if (entry.shape != spec.layerShape())
    fail(path.string(), ": tensor ", name, " has shape ",
         formatShape(entry.shape), "; expected ", expected, " for ",
         sizes.describe());
  if (type.empty())
    type = entry.dtype;
}

void SafetensorsCheckpoint::read(size_t, const WeightSpec &spec, int64_t l,
                                 int64_t first, std::span<float> out) const {
  const SafetensorsEntry &entry = entries.at(spec.checkpointName(l));
  ElementType type = *elementTypeFromName(entry.dtype);
  widenFromFile(*file, type,
                entry.bytes.subspan(static_cast<size_t>(first) * sizeOf(type)),
                out);
}

} // namespace

std::unique_ptr<Checkpoint> openSafetensors(const std::filesystem::path &file) {
  return std::make_unique<SafetensorsCheckpoint>(file);
}

} // namespace gpt2
