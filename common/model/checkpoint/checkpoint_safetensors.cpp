//===- checkpoint_safetensors.cpp - Hugging Face's GPT-2 ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors are named "h.0.ln_1.weight", or with what model classes and tools put
// before it: "transformer.", "module.", "_orig_mod.". No tensor is dropped
// unread: it is used, or it equals what is used, or it is known not to matter.
//
//===----------------------------------------------------------------------===//
#include "model/checkpoint/safetensors.h"
#include "model/formats.h"
#include "model/tokenizer/tokenizer.h"
#include "support/error.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace gpt2 {
namespace {

namespace fs = std::filesystem;
using Tensor = SafetensorsModel::Tensor;

constexpr const char *head = "lm_head.weight", *embedding = "wte.weight";

class SafetensorsCheckpoint : public Checkpoint {
public:
  explicit SafetensorsCheckpoint(const fs::path &path) : path(path) {
    fs::path configFile = path.parent_path() / "config.json";
    if (!fs::exists(configFile))
      fail(path.parent_path().string(), ": config.json is missing");
    sizes = Config::fromJson(configFile);
    if (!fs::exists(path))
      fail(path.string(), ": no such file");
    SafetensorsModel model(path);
    collect(model);
    chooseHead();
    checkAll();
  }

  std::string format() const override { return type; }

  Tokenizer loadTokenizer() const override {
    return Tokenizer::fromDirectory(path.parent_path(), sizes);
  }

private:
  void collect(const SafetensorsModel &model);
  void chooseHead();
  void checkAll();
  void check(const std::string &name, const std::vector<int64_t> &shape);
  void read(size_t i, const WeightSpec &spec, int64_t l, int64_t first,
            std::span<float> out) const override;

  fs::path path;
  std::map<std::string, Tensor> tensors; ///< by names without prefixes
  bool hasBiases = true;
  std::string type;
};

/// `name` without what wrappers put before it: torch.compile "_orig_mod.",
/// DataParallel "module.", a model with a head "transformer.".
std::string bareName(std::string_view name) {
  for (bool found = true; found;) {
    found = false;
    for (std::string_view prefix : {"_orig_mod.", "module.", "transformer."})
      if (name.starts_with(prefix)) {
        name.remove_prefix(prefix.size());
        found = true;
      }
  }
  return std::string(name);
}

/// The causal mask, which old versions stored with each layer.
bool isMask(const std::string &name) {
  return name.starts_with("h.") &&
         (name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias"));
}

/// Of a head that does something else than predict tokens: sequence and token
/// classes, answers, choices, values of reinforcement learning.
bool isOfOtherHead(const std::string &name) {
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{
          "score.", "classifier.", "qa_outputs.", "multiple_choice_head.",
          "v_head."},
      [&](std::string_view head) { return name.starts_with(head); });
}

bool isBias(std::string_view name) { return name.ends_with(".bias"); }

/// Whether two tensors of a shape hold the same numbers.
bool areEqual(const Tensor &a, const Tensor &b) {
  if (a.dtype == b.dtype)
    return std::ranges::equal(a.bytes, b.bytes);
  ElementType typeOfA = *elementTypeFromName(a.dtype),
              typeOfB = *elementTypeFromName(b.dtype);
  size_t count = a.bytes.size() / sizeOf(typeOfA), chunk = 1 << 16;
  std::vector<float> ofA(chunk), ofB(chunk);
  for (size_t at = 0; at < count; at += chunk) {
    size_t size = std::min(chunk, count - at);
    ofA.resize(size);
    ofB.resize(size);
    widen(typeOfA, a.bytes.data() + at * sizeOf(typeOfA), ofA);
    widen(typeOfB, b.bytes.data() + at * sizeOf(typeOfB), ofB);
    if (ofA != ofB)
      return false;
  }
  return true;
}

void SafetensorsCheckpoint::collect(const SafetensorsModel &model) {
  std::string others;
  for (const auto &[name, tensor] : model.tensors()) {
    std::string bare = bareName(name);
    if (isMask(bare))
      continue;
    if (isOfOtherHead(bare)) {
      others += (others.empty() ? "" : ", ") + name;
      continue;
    }
    if (!tensors.emplace(bare, tensor).second)
      fail(tensor.source, ": tensor ", bare,
           " stands twice, with and without a prefix as \"transformer.\"");
  }
  if (!others.empty())
    remarks.push_back(path.string() +
                      ": not of the language model, and not "
                      "used: " +
                      others);
}

/// Whether logits are made with a matrix of their own: if the file has one that
/// is not the input embedding again, as transformers does.
void SafetensorsCheckpoint::chooseHead() {
  auto ofHead = tensors.find(head), ofTokens = tensors.find(embedding);
  if (ofHead == tensors.end()) {
    if (!sizes.isTied)
      fail(path.string(), ": tensor ", head,
           " is missing; config.json says that it is not ", embedding,
           " (tie_word_embeddings is false)");
    return;
  }
  std::vector<int64_t> shape{sizes.vocab, sizes.channels};
  check(head, shape);
  if (ofTokens == tensors.end() && sizes.isTied) { // one of two names is stored
    tensors[embedding] = ofHead->second;
    tensors.erase(ofHead);
    return;
  }
  check(embedding, shape);
  const Tensor &logits = ofHead->second, &tokens = ofTokens->second;
  bool same = areEqual(logits, tokens);
  logits.file->release(logits.bytes);
  tokens.file->release(tokens.bytes);
  if (!same && sizes.isTied)
    remarks.push_back(path.string() + ": " + head + " differs from " +
                      embedding +
                      ", so logits are made with it, though config.json does "
                      "not say that embeddings are not tied");
  sizes.isTied = same;
  if (same)
    tensors.erase(ofHead);
}

void SafetensorsCheckpoint::checkAll() {
  hasBiases = std::ranges::any_of(
      tensors, [](const auto &tensor) { return isBias(tensor.first); });
  if (!hasBiases)
    remarks.push_back(path.string() + ": has no biases; they are zeros");
  std::set<std::string> wanted;
  for (const WeightSpec &spec : weightSpecs(sizes))
    for (int64_t l = 0; l < (spec.perLayer ? sizes.layers : 1); ++l) {
      if (!hasBiases && isBias(spec.name))
        continue;
      check(spec.checkpointName(l), spec.layerShape());
      wanted.insert(spec.checkpointName(l));
    }
  for (const auto &[name, tensor] : tensors)
    if (!wanted.contains(name))
      fail(tensor.source, ": unexpected tensor ", name,
           "; a GPT-2 with config.json's sizes (", sizes.describe(),
           ") has none of that name");
  type = tensors.at(embedding).dtype;
}

void SafetensorsCheckpoint::check(const std::string &name,
                                  const std::vector<int64_t> &shape) {
  auto found = tensors.find(name);
  std::string expected = formatShape(shape);
  if (found == tensors.end())
    fail(path.string(), ": tensor ", name, " is missing; expected shape ",
         expected, " for ", sizes.describe());
  const Tensor &tensor = found->second;
  if (!elementTypeFromName(tensor.dtype))
    fail(tensor.source, ": tensor ", name, " has type ", tensor.dtype,
         "; expected F64, F32, F16 or BF16");
  if (tensor.shape != shape)
    fail(tensor.source, ": tensor ", name, " has shape ",
         formatShape(tensor.shape), "; expected ", expected, " for ",
         sizes.describe());
}

void SafetensorsCheckpoint::read(size_t, const WeightSpec &spec, int64_t l,
                                 int64_t first, std::span<float> out) const {
  if (!hasBiases && isBias(spec.name)) {
    std::ranges::fill(out, 0.0f);
    return;
  }
  const Tensor &tensor = tensors.at(spec.checkpointName(l));
  ElementType type = *elementTypeFromName(tensor.dtype);
  widenFromFile(*tensor.file, type,
                tensor.bytes.subspan(static_cast<size_t>(first) * sizeOf(type)),
                out);
}

} // namespace

std::unique_ptr<Checkpoint> openSafetensors(const fs::path &file) {
  return std::make_unique<SafetensorsCheckpoint>(file);
}

} // namespace gpt2
