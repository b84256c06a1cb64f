//===- sequence.cpp - A text that grows ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/sequence.h"
#include "model/generate.h"
#include "support/error.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace gpt2 {
namespace {

/// Throws an Error if `sequence` cannot have `count` tokens more.
void checkRoom(size_t length, size_t count, const Config &config) {
  if (length + count > static_cast<size_t>(config.context))
    fail("a sequence of ", length, " tokens cannot have ", count,
         " more: the model's context is ", config.context);
}

/// For how many rows of logits there is room; throws an Error if a part of one
/// is left.
size_t rowsOf(std::span<const float> logits, const Config &config) {
  auto vocab = static_cast<size_t>(config.vocab);
  if (logits.size() % vocab != 0)
    fail("there is room for ", logits.size(), " logits; a row of them has ",
         vocab);
  return logits.size() / vocab;
}

} // namespace

Sequence::Sequence(Forward &forward) : forward(&forward) {
  if (forward.keepsCache())
    place = forward.open();
}

Sequence::~Sequence() {
  if (place >= 0)
    forward->close(place);
}

Sequence::Sequence(Sequence &&other) noexcept
    : forward(other.forward), place(std::exchange(other.place, -1)),
      seen(std::move(other.seen)) {}

Sequence &Sequence::operator=(Sequence &&other) noexcept {
  std::swap(forward, other.forward);
  std::swap(place, other.place);
  std::swap(seen, other.seen);
  return *this;
}

void Sequence::compute(size_t kept, std::span<const int32_t> tokens,
                       size_t rows, std::span<float> logits) {
  if (tokens.empty())
    fail("a sequence is extended by at least one token");
  if (rows > tokens.size())
    fail("logits after ", rows, " of ", tokens.size(), " tokens");
  checkIds(tokens, forward->config());
  checkRoom(kept, tokens.size(), forward->config());
  seen.resize(kept); // what follows in the cache is overwritten
  seen.insert(seen.end(), tokens.begin(), tokens.end());
  try {
    if (forward->keepsCache()) {
      std::vector<int32_t> sequences(tokens.size(), place);
      std::vector<int32_t> positions(tokens.size());
      std::iota(positions.begin(), positions.end(), static_cast<int32_t>(kept));
      forward->compute({tokens, sequences, positions}, rows, logits);
    } else {
      forward->compute({seen, {}, {}}, rows, logits);
    }
  } catch (...) {
    seen.resize(kept);
    throw;
  }
}

void Sequence::extend(std::span<const int32_t> tokens,
                      std::span<float> logits) {
  compute(seen.size(), tokens, rowsOf(logits, config()), logits);
  forward->readLogits(logits);
}

int32_t Sequence::extendAndChoose(std::span<const int32_t> tokens) {
  compute(seen.size(), tokens, 1);
  return forward->argmax(0);
}

void Sequence::truncate(int64_t length) {
  if (length < 0 || static_cast<size_t>(length) > seen.size())
    fail("a sequence of ", seen.size(), " tokens has no first ", length);
  // What lies behind in the cache is overwritten before it is read.
  seen.resize(static_cast<size_t>(length));
}

size_t Sequence::commonWith(std::span<const int32_t> tokens) const {
  if (tokens.empty())
    return 0;
  auto butLast = tokens.first(tokens.size() - 1);
  return static_cast<size_t>(std::ranges::mismatch(seen, butLast).in1 -
                             seen.begin());
}

void Sequence::become(std::span<const int32_t> tokens,
                      std::span<float> logits) {
  size_t kept = commonWith(tokens);
  compute(kept, tokens.subspan(kept), rowsOf(logits, config()), logits);
  forward->readLogits(logits);
}

int32_t Sequence::becomeAndChoose(std::span<const int32_t> tokens) {
  size_t kept = commonWith(tokens);
  compute(kept, tokens.subspan(kept), 1);
  return forward->argmax(0);
}

Sequence Sequence::fork(int64_t length) const {
  Sequence copy(*forward);
  copy.seen = seen;
  copy.truncate(length);
  if (length > 0 && place >= 0)
    forward->copy(place, copy.place, length);
  return copy;
}

void Batch::check(std::span<const Growth> growths) const {
  for (size_t i = 0; i < growths.size(); ++i) {
    const Growth &growth = growths[i];
    if (growth.sequence->forward != &forward)
      fail("a sequence in the batch is of another model");
    if (growth.tokens.empty())
      fail("a sequence is extended by at least one token");
    if (growth.rows > growth.tokens.size())
      fail("logits after ", growth.rows, " of ", growth.tokens.size(),
           " tokens");
    checkIds(growth.tokens, forward.config());
    checkRoom(growth.sequence->seen.size(), growth.tokens.size(),
              forward.config());
    auto earlier = growths.first(i);
    if (std::ranges::find(earlier, growth.sequence, &Growth::sequence) !=
        earlier.end())
      fail("a sequence is in the batch twice");
  }
}

size_t Batch::growAtOnce(std::span<const Growth> growths,
                         std::span<float> logits) {
  // Tokens whose logits are wanted come last.
  std::vector<int32_t> ids, places, positions;
  size_t rows = 0;
  auto add = [&](const Growth &growth, size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) {
      ids.push_back(growth.tokens[i]);
      places.push_back(growth.sequence->place);
      positions.push_back(
          static_cast<int32_t>(growth.sequence->seen.size() + i));
    }
  };
  for (const Growth &growth : growths)
    add(growth, 0, growth.tokens.size() - growth.rows);
  for (const Growth &growth : growths) {
    add(growth, growth.tokens.size() - growth.rows, growth.tokens.size());
    rows += growth.rows;
  }
  forward.compute({ids, places, positions}, rows, logits);
  for (const Growth &growth : growths)
    growth.sequence->seen.insert(growth.sequence->seen.end(),
                                 growth.tokens.begin(), growth.tokens.end());
  return rows;
}

void Batch::grow(std::span<const Growth> growths, std::span<float> logits,
                 const Results &results) {
  if (growths.empty())
    return;
  check(growths);
  size_t count = 0;
  for (const Growth &growth : growths)
    count += growth.tokens.size();
  if (forward.keepsCache() &&
      count > static_cast<size_t>(forward.config().context))
    fail("a step of ", count, " tokens: at most ", forward.config().context,
         " are taken at once");
  if (forward.keepsCache()) {
    results(0, growAtOnce(growths, logits));
    return;
  }
  auto vocab = static_cast<size_t>(forward.config().vocab);
  size_t row = 0;
  for (const Growth &growth : growths) {
    Sequence &only = *growth.sequence;
    only.compute(only.seen.size(), growth.tokens, growth.rows,
                 logits.empty()
                     ? logits
                     : logits.subspan(row * vocab, growth.rows * vocab));
    results(row, growth.rows);
    row += growth.rows;
  }
}

void Batch::extend(std::span<Sequence *const> sequences,
                   std::span<const int32_t> tokens, std::span<float> logits,
                   const Results &results) {
  if (sequences.size() != tokens.size())
    fail(tokens.size(), " tokens for ", sequences.size(), " sequences");
  std::vector<Growth> growths;
  for (size_t i = 0; i < sequences.size(); ++i)
    growths.push_back({sequences[i], tokens.subspan(i, 1)});
  check(growths);
  auto vocab = static_cast<size_t>(forward.config().vocab);
  auto most = static_cast<size_t>(forward.config().context);
  for (size_t first = 0; first < growths.size(); first += most) {
    size_t count = std::min(most, growths.size() - first);
    grow(std::span(growths).subspan(first, count),
         logits.empty() ? logits : logits.subspan(first * vocab, count * vocab),
         [&](size_t row, size_t rows) { results(first + row, rows); });
  }
}

void Batch::extend(std::span<Sequence *const> sequences,
                   std::span<const int32_t> tokens, std::span<float> logits) {
  auto vocab = static_cast<size_t>(forward.config().vocab);
  if (rowsOf(logits, forward.config()) != sequences.size())
    fail("there is room for ", logits.size(), " logits; those of ",
         sequences.size(), " sequences are ", sequences.size() * vocab);
  extend(sequences, tokens, logits, [&](size_t first, size_t count) {
    forward.readLogits(logits.subspan(first * vocab, count * vocab));
  });
}

std::vector<int32_t>
Batch::extendAndChoose(std::span<Sequence *const> sequences,
                       std::span<const int32_t> tokens) {
  std::vector<int32_t> chosen(sequences.size());
  extend(sequences, tokens, {}, [&](size_t first, size_t count) {
    for (size_t row = 0; row < count; ++row)
      chosen[first + row] = forward.argmax(row);
  });
  return chosen;
}

} // namespace gpt2
