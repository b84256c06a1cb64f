//===- weights.h - The sixteen weight tensors in f32 --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the compiled program takes: the public checkpoint's tensors under their
// own names, those of the layers stacked along a first dimension L, matrices as
// (in, out), all in one block of f32. A model that does not make logits with
// its input embedding has a seventeenth, lm_head.weight. They may be read when
// they are asked for, and given back: a program that keeps them in another way
// needs few at a time.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "model/config.h"
#include "model/element_type.h"

#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace gpt2 {

/// One of the sixteen: its name, without "h.<layer>." for those in layers, and
/// its shape. `perLayer` says that the shape's first dimension is L.
struct WeightSpec {
  std::string_view name;
  bool perLayer;
  std::vector<int64_t> shape;

  int64_t elements() const;
  /// Not a gain or a bias.
  bool isMatrix() const { return shape.size() == (perLayer ? 3u : 2u); }

  /// Shape and element count of one layer's part (the whole, if not perLayer).
  std::vector<int64_t> layerShape() const;
  int64_t layerElements() const;

  /// The name of layer `l`'s part in the public checkpoint: "h.3.ln_1.weight".
  std::string checkpointName(int64_t l) const;
};

/// The tensors of a model, in the order of the arguments of the entry
/// `forward`: sixteen or, if the embeddings are not tied, seventeen.
std::vector<WeightSpec> weightSpecs(const Config &config);

/// The name of the one that logits are made with, (V, C).
std::string_view logitsMatrix(const Config &config);

/// "(768, 2304)".
std::string formatShape(std::span<const int64_t> shape);

/// Owns a model's weights: one 64-byte aligned block of f32, no second copy.
class Weights {
public:
  /// Allocates, uninitialised. Throws an Error that states the size if there is
  /// not enough memory.
  explicit Weights(const Config &config);

  /// Reads elements from `first` of the part of tensor `i` that belongs to
  /// layer `l` (0 if it is not of layers). A layer's part is read whole.
  using Read = std::function<void(size_t i, int64_t l, int64_t first,
                                  std::span<float> out)>;
  /// Of which `read` gets what is asked for, when it is. Memory is taken then.
  Weights(const Config &config, Read read);
  /// Reads what has not been read; from now on nothing is given back.
  void readAll();

  const Config &config() const { return sizes; }
  const std::vector<WeightSpec> &specs() const { return tensors; }

  /// All of tensor `i` (i indexes `specs()`).
  std::span<float> tensor(size_t i);
  std::span<const float> tensor(size_t i) const;

  /// The part of tensor `i` that belongs to layer `l`.
  std::span<float> layer(size_t i, int64_t l);

  /// `count` rows of tensor `i`, from `first`: along its first dimension.
  std::span<float> rows(size_t i, int64_t first, int64_t count);
  /// Gives the memory of the rows before `end` of tensor `i` back, if they can
  /// be read again.
  void release(size_t i, int64_t end);

  /// Tensor by its name in `specs()`; throws an Error if there is none.
  std::span<const float> tensor(std::string_view name) const;
  std::span<float> tensor(std::string_view name);

private:
  struct Free {
    void operator()(float *block) const { std::free(block); }
  };

  size_t indexOf(std::string_view name) const;
  /// How many rows of tensor `i` are read at a time.
  int64_t unitOf(size_t i) const;

  Config sizes;
  std::vector<WeightSpec> tensors;
  std::vector<int64_t> offsets; ///< in floats; each a multiple of 16
  std::unique_ptr<float[], Free> block;
  Read read;                             ///< empty: all is there
  std::vector<std::vector<bool>> isRead; ///< by tensor and unit of rows
};

/// Rounds every matrix to what `type` can hold. I8 is for those that are
/// multiplied, with a scale for each column; positions stay F32.
void roundMatrices(Weights &weights, ElementType type);

} // namespace gpt2
