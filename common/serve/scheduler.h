//===- scheduler.h - Which tokens the next step computes ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Continuous batching (Yu et al. 2022, Orca): requests join and leave between
// steps. In each step every text that is under way gets its next token, and
// what remains of the step goes to prompts, in pieces, in equal shares (Agrawal
// et al. 2023, Sarathi): nobody's next token waits for somebody's long prompt,
// and no short prompt for a long one that came before.
//
// A prompt that begins like a text that is still kept takes over its keys and
// values. Ended texts are kept, the least recently used of them goes first.
//
// Computes nothing itself but samples; not for several threads, see engine.h.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "run/sequence.h"
#include "serve/request.h"

#include <deque>
#include <list>
#include <memory>

namespace gpt2 {

struct SchedulerOptions {
  size_t width = 16; ///< texts that are under way at once
  /// Tokens of prompts in a step beside texts that wait for their next, and
  /// with nobody waiting.
  size_t piece = 32, largePiece = 128;
  /// In whose multiples the program computes tokens: a step that has prompts in
  /// it is filled up.
  size_t block = 1;
  size_t kept = 8;          ///< ended texts whose keys and values are kept
  bool joinsBetween = true; ///< false: a batch ends before the next begins
  bool cutsPrompts = true;  ///< false: a prompt is computed at once, alone
  bool reusesPrefixes = true;
};

/// What a step computed.
struct StepShape {
  size_t texts = 0;        ///< behind their prompts: a token each
  size_t promptTokens = 0; ///< beside them
  size_t made = 0;         ///< new tokens, those behind prompts included
  int64_t context = 0;     ///< of the longest sequence, after it
  double seconds = 0, modelSeconds = 0;

  size_t rows() const { return texts + promptTokens; }
};

class Scheduler {
public:
  using Id = uint64_t;

  /// Makes room in `forward`, of which it keeps a reference, for all that it
  /// keeps at once. Throws an Error if there is not enough memory.
  Scheduler(Forward &forward, const SchedulerOptions &options);
  ~Scheduler();

  /// Puts a request behind those that wait; its prompt has 1 to P known ids.
  void add(Id id, Request request);
  /// Ends one that is under way or waits; false if there is none such.
  bool cancel(Id id);
  void cancelAll();

  size_t waiting() const { return queue.size(); }
  size_t underWay() const { return texts.size(); }
  bool isIdle() const { return queue.empty() && texts.empty(); }
  size_t keptTexts() const { return ended.size(); }

  /// Computes a step, if there is something to do. What goes wrong in it ends
  /// the requests that were in it.
  StepShape step();

private:
  struct Text;
  using Texts = std::list<std::unique_ptr<Text>>;

  bool admit();
  std::optional<Sequence> startOf(Text &text);
  bool isComing(const Text &text) const;
  Sequence open();
  std::vector<Text *> chooseTokens(StepShape &shape);
  void givePieces(std::vector<Text *> prompts, size_t budget,
                  std::vector<Text *> &chosen);
  void takeRows(Text &text, std::span<float> rows, size_t firstRow);
  void takeToken(Text &text, std::span<float> logits, size_t row);
  void finish(Text &text, Ending ending);
  void removeDone();

  Forward &forward;
  SchedulerOptions options;
  std::deque<std::unique_ptr<Text>> queue;
  Texts texts;               ///< under way, in the order in which they came
  std::list<Sequence> ended; ///< the least recently used first
  std::vector<float> logits; ///< of a step's rows
};

} // namespace gpt2
