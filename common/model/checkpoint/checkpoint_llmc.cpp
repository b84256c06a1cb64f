//===- checkpoint_llmc.cpp - llm.c's .bin files -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 256 int32 of header (magic, version, context, vocabulary, layers, heads,
// channels, padded vocabulary), then the sixteen tensors one after another,
// stacked by layer. Matrices are (out, in), the transpose of the public
// checkpoint's; wte has rows of padding behind the vocabulary.
//
//===----------------------------------------------------------------------===//
#include "model/formats.h"
#include "model/tokenizer/tokenizer.h"
#include "support/error.h"
#include "support/foreign.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace gpt2 {
namespace {

constexpr int32_t checkpointMagic = 20240326;
constexpr size_t headerBytes = 256 * sizeof(int32_t);

class LlmcCheckpoint : public Checkpoint {
public:
  explicit LlmcCheckpoint(const std::filesystem::path &path)
      : path(path), file(path) {
    std::string source = path.string();
    std::array<int32_t, 8> header;
    if (std::string what = describeForeign(
            std::string_view(reinterpret_cast<const char *>(file.data()),
                             std::min<size_t>(file.size(), 64)));
        !what.empty())
      fail(source, ": this is ", what);
    if (file.size() < headerBytes)
      fail(source, ": ", file.size(), " bytes are too few for llm.c's header (",
           headerBytes, ")");
    std::memcpy(header.data(), file.data(), sizeof header);
    if (header[0] != checkpointMagic)
      fail(source, ": begins with ", header[0],
           "; llm.c's checkpoints begin "
           "with ",
           checkpointMagic);
    if (header[1] != 3 && header[1] != 5)
      fail(
          source, ": has version ", header[1],
          "; expected 3 (f32) or 5 (bf16), which llm.c's train_gpt2.py writes");
    type = header[1] == 3 ? ElementType::F32 : ElementType::BF16;
    sizes.context = header[2];
    sizes.vocab = header[3];
    sizes.layers = header[4];
    sizes.heads = header[5];
    sizes.channels = header[6];
    sizes.endOfText = {header[3] - 1}; // GPT-2's vocabulary ends with it
    sizes.beginOfText = header[3] - 1;
    paddedVocab = header[7];
    sizes.validate(source);
    if (paddedVocab < sizes.vocab || paddedVocab > 2 * sizes.vocab + 1024)
      fail(source, ": a vocabulary of ", sizes.vocab, " is padded to ",
           paddedVocab, "; expected a little more than it");
    uint64_t elements = static_cast<uint64_t>(sizes.parameters()) +
                        (paddedVocab - sizes.vocab) * sizes.channels;
    uint64_t expected = headerBytes + elements * sizeOf(type);
    if (file.size() != expected)
      fail(source, ": has ", file.size(), " bytes; ", sizes.describe(), " in ",
           nameOf(type), " take ", expected);
    specs = weightSpecs(sizes);
  }

  std::string format() const override { return std::string(nameOf(type)); }
  Tokenizer loadTokenizer() const override {
    return Tokenizer::fromLlmc(path.parent_path() / "gpt2_tokenizer.bin",
                               sizes);
  }

private:
  void read(size_t i, const WeightSpec &spec, int64_t l, int64_t first,
            std::span<float> out) const override;

  std::filesystem::path path;
  MappedFile file;
  std::vector<WeightSpec> specs;
  ElementType type = ElementType::F32;
  int64_t paddedVocab = 0;
};

/// Reads a matrix that lies as (out, in) into `out` as (in, out), a band of
/// rows at a time.
void widenTransposed(ElementType type, const std::byte *in, int64_t nIn,
                     int64_t nOut, std::span<float> out) {
  constexpr int64_t band = 16; // floats of a cache line
  std::vector<float> rows(static_cast<size_t>(band * nIn));
  for (int64_t first = 0; first < nOut; first += band) {
    int64_t count = std::min(band, nOut - first);
    widen(type, in + first * nIn * sizeOf(type),
          std::span(rows).first(static_cast<size_t>(count * nIn)));
    for (int64_t k = 0; k < nIn; ++k)
      for (int64_t n = 0; n < count; ++n)
        out[k * nOut + first + n] = rows[n * nIn + k];
  }
}

void LlmcCheckpoint::read(size_t i, const WeightSpec &spec, int64_t l,
                          int64_t first, std::span<float> out) const {
  // Behind the tensors before it, and wte's padding.
  int64_t before = l * spec.layerElements() + first;
  for (const WeightSpec &other : std::span(specs).first(i)) {
    before += other.elements();
    if (other.name == "wte.weight")
      before += (paddedVocab - sizes.vocab) * sizes.channels;
  }
  const std::byte *at =
      file.data() + headerBytes + static_cast<size_t>(before) * sizeOf(type);
  size_t bytes = out.size() * sizeOf(type);
  std::vector<int64_t> shape = spec.layerShape();
  if (spec.perLayer && shape.size() == 2) {
    widenTransposed(type, at, shape[0], shape[1], out);
    file.release({at, bytes});
  } else {
    widenFromFile(file, type, {at, bytes}, out);
  }
}

} // namespace

std::unique_ptr<Checkpoint> openLlmc(const std::filesystem::path &file) {
  return std::make_unique<LlmcCheckpoint>(file);
}

} // namespace gpt2
