//===- forward.h - GPT-2's forward pass, compiled and bound -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "model/weights.h"
#include "run/dispatcher.h"

#include <map>
#include <span>
#include <vector>

namespace gpt2 {

/// Tokens and their places, one of each for a token.
struct PlacedTokens {
  std::span<const int32_t> ids;
  std::span<const int32_t> sequences; ///< as Forward::open() gave them
  std::span<const int32_t> positions; ///< 0 to P - 1
};

/// GPT-2 as a chapter compiled it, bound to weights, which are brought to its
/// device once. Keeps references to both.
///
/// If the program keeps keys and values, they are on the device too: room for
/// as many sequences as are asked for. How sequences grow: see sequence.h.
class Forward {
public:
  /// `extra` arguments, tensors of the host, follow the skeleton's. Throws an
  /// Error that states the bytes if there is not enough memory.
  Forward(Executable &executable, Weights &weights, int64_t sequences = 1,
          std::vector<MemRef> extra = {});

  const Config &config() const { return sizes; }
  /// Whether the program keeps keys and values.
  bool keepsCache() const { return cacheElements > 0; }
  /// For how many sequences; 0 if the program keeps nothing.
  int64_t sequences() const { return static_cast<int64_t>(isOpen.size()); }

  /// Writes the logits that follow each of the last N tokens of a sequence of
  /// its own, row by row; `logits` has N * V elements, 1 <= N <= number of
  /// tokens <= P.
  void operator()(std::span<const int32_t> tokens, std::span<float> logits);

  /// Computes the logits that follow the last `rows` of 1 to P tokens. What a
  /// token sees, the tokens before it in its sequence, has been computed before
  /// or is among these. They stay on the device until the next call; a program
  /// that uses the host's memory writes them to `logits` at once, if given,
  /// which has rows * V elements. Throws an Error if these numbers are others.
  void compute(const PlacedTokens &tokens, size_t rows,
               std::span<float> logits = {});
  /// What compute() computed: rows * V elements. Throws an Error if there is
  /// room for another number.
  void readLogits(std::span<float> logits);
  /// The most likely token by row `row` of it; of equally likely ones the
  /// lowest. If the program has an entry for that, logits stay on the device.
  /// Throws an Error as checkLogits() does, or if there is no such row.
  int32_t argmax(size_t row);

  /// Has `dispatcher`, which lives longer, choose the program for each step
  /// from now on: its general one is this one's.
  void dispatchBy(Dispatcher &chooser) { dispatcher = &chooser; }
  /// How many arguments the entries have, the weights among them.
  size_t argumentCount() const { return arguments.size(); }

  /// For how many open() would find room.
  int64_t freeSequences() const;
  /// Makes room for `count` sequences, if there is less and the program keeps
  /// keys and values; those that are kept stay. Throws an Error, and changes
  /// nothing, if there is not enough memory.
  void makeRoom(int64_t count);
  /// A sequence in the cache that nobody uses. Throws an Error if there is
  /// none.
  int32_t open();
  /// Gives back what open() gave.
  void close(int32_t sequence);
  /// Copies what is kept of the first `length` tokens of one sequence to
  /// another. Throws an Error if one of them is not open.
  void copy(int32_t from, int32_t to, int64_t length);

private:
  /// Gives weights, and then `extra`, to the device.
  void bindWeights(Weights &weights);
  /// Adds tensor `i`, laid out as the program wants it.
  void addPrepacked(Weights &weights, size_t i, const PackedLayout &layout);
  /// Adds what prepacked tensors brought with them, behind all others.
  void addVectors();
  void bindCache(int64_t count);
  void addArgument(const MemRef &tensor, DeviceMemory memory);
  /// Throws an Error if compute() cannot be called so.
  void check(const PlacedTokens &tokens, size_t rows,
             std::span<const float> logits) const;
  void requireOpen(int32_t sequence) const;
  /// Makes sure that there is room for `rows` rows of logits.
  void reserveLogits(size_t rows);
  void call(const char *entry, int64_t tokens, int64_t rows);

  Executable &executable;
  const Config &sizes;
  bool choosesOnDevice; ///< the program has an entry for the most likely token
  DeviceMemory tokensOnDevice; ///< ids, then sequences, then positions
  std::vector<int32_t> staged; ///< the same on the host
  DeviceMemory tokenOnDevice;  ///< the most likely
  DeviceMemory logitsOnDevice;
  size_t logitsCapacity = 0; ///< elements
  size_t computed = 0;       ///< rows that compute() computed last
  /// Keys and values of all sequences, elements of each; 0 if none are kept.
  int64_t cacheElements = 0;
  DeviceMemory keys, values;
  std::vector<bool> isOpen;
  /// Of the weights, and of `extra`.
  std::vector<DeviceMemory> shared;
  std::vector<MemRef> arguments; ///< of the program's entries, in their order
  /// Of matrices' columns: arguments by their numbers, until they are added.
  std::map<int64_t, std::pair<MemRef, DeviceMemory>> vectors;
  Dispatcher *dispatcher = nullptr; ///< none: one program computes all
  std::vector<MemRef> extra;
  size_t extraAt = 0; ///< the first of them, in `arguments`
};

/// The bytes that keys and values of `sequences` sequences take.
int64_t cacheBytes(const Config &config, int64_t sequences, ElementType type);

} // namespace gpt2
