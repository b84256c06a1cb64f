//===- sequence.h - A text that grows -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a service calls a session: the tokens so far, and what the program keeps
// of them. If it keeps keys and values, only what is new is computed; if not,
// everything is computed again, with the same results.
//
// Sequences of one Forward share its weights, and are used by one thread.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "run/forward.h"

#include <functional>

namespace gpt2 {

class Sequence {
public:
  /// An empty one; keeps a reference to `forward`. Throws an Error if there is
  /// no room for it.
  explicit Sequence(Forward &forward);
  ~Sequence();
  Sequence(Sequence &&other) noexcept;
  Sequence &operator=(Sequence &&other) noexcept;

  std::span<const int32_t> tokens() const { return seen; }
  const Config &config() const { return forward->config(); }

  /// Adds tokens, at least one, and writes the logits that follow each of the
  /// last N of them; `logits` has N * V elements, N may be 0. Throws an Error,
  /// and stays as it is, if an id is not in the vocabulary, the sequence gets
  /// longer than the context, or `logits` has another size.
  void extend(std::span<const int32_t> tokens, std::span<float> logits = {});

  /// The same, and returns the most likely token to follow.
  int32_t extendAndChoose(std::span<const int32_t> tokens);

  /// Forgets what is behind the first `length` tokens, at most as many as there
  /// are.
  void truncate(int64_t length);

  /// Makes these its tokens: forgets what differs, and adds what is missing, at
  /// least the last. Writes logits, and throws, as extend() does.
  void become(std::span<const int32_t> tokens, std::span<float> logits);
  int32_t becomeAndChoose(std::span<const int32_t> tokens);

  /// Another one that starts with the first `length` tokens. Throws an Error if
  /// there is no room for it.
  Sequence fork(int64_t length) const;

private:
  friend class Batch;

  /// Adds tokens behind its first `kept`, which alone it has if it throws while
  /// it computes.
  void compute(size_t kept, std::span<const int32_t> tokens, size_t rows,
               std::span<float> logits = {});
  /// With how many of `tokens`, but the last, it starts.
  size_t commonWith(std::span<const int32_t> tokens) const;

  Forward *forward;
  int32_t place = -1; ///< in the cache; -1 if there is none
  std::vector<int32_t> seen;
};

/// What a step adds to a sequence.
struct Growth {
  Sequence *sequence;
  std::span<const int32_t> tokens; ///< at least one
  size_t rows = 1; ///< of logits that are wanted: after the last so many
};

/// Sequences of one Forward that grow together, in steps in which all of them
/// pass through the weights at once. A program that keeps no keys and values
/// takes them one after another.
class Batch {
public:
  explicit Batch(Forward &forward) : forward(forward) {}

  /// Called when `count` rows of logits are computed, from `first` on: until it
  /// returns, Forward::argmax(0) is of the first of them.
  using Results = std::function<void(size_t first, size_t count)>;

  /// Adds to distinct sequences. Rows of logits that are wanted follow each
  /// other as `growths` and their tokens do; they are written to `logits`, if
  /// given: V elements for each. Tokens of a step are at most as many as the
  /// context. Throws as Sequence::extend() does; if what is given is wrong, no
  /// sequence has changed.
  void grow(std::span<const Growth> growths, std::span<float> logits,
            const Results &results);

  /// Adds tokens[i] to sequences[i], which are distinct, and writes the logits
  /// that follow, row by row: V elements for each. Throws as grow() does.
  void extend(std::span<Sequence *const> sequences,
              std::span<const int32_t> tokens, std::span<float> logits);

  /// The same, and returns the most likely token to follow each.
  std::vector<int32_t> extendAndChoose(std::span<Sequence *const> sequences,
                                       std::span<const int32_t> tokens);

private:
  void check(std::span<const Growth> growths) const;
  /// In one pass through the weights; returns how many rows of logits.
  size_t growAtOnce(std::span<const Growth> growths, std::span<float> logits);
  /// By a token each, in steps of as many as can be taken at once.
  void extend(std::span<Sequence *const> sequences,
              std::span<const int32_t> tokens, std::span<float> logits,
              const Results &results);

  Forward &forward;
};

} // namespace gpt2
