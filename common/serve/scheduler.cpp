//===- scheduler.cpp - Which tokens the next step computes --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "serve/scheduler.h"
#include "run/times.h"
#include "serve/likelihoods.h"
#include "support/error.h"

#include <algorithm>
#include <map>
#include <utility>

namespace gpt2 {
namespace {

/// Fewer tokens than this are computed again sooner than copied.
constexpr size_t leastReused = 16;

size_t common(std::span<const int32_t> a, std::span<const int32_t> b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

} // namespace

/// A request on its way.
struct Scheduler::Text {
  Text(Id id, Request wanted)
      : id(id), request(std::move(wanted)), sampler(request.sampler) {}

  Id id;
  Request request;
  Sampler sampler;
  std::optional<Sequence> sequence;  ///< none while it waits
  std::vector<int32_t> next;         ///< what the next step adds to it
  int64_t made = 0;                  ///< new tokens
  std::map<int32_t, int64_t> chosen; ///< how often each of them
  std::vector<ScoredToken> prompt;   ///< scored so far
  int64_t reused = 0;
  bool isDone = false;

  size_t computed() const { return sequence->tokens().size(); }
  size_t promptLeft() const {
    return request.prompt.size() - std::min(request.prompt.size(), computed());
  }
  bool scoresPrompt() const {
    return request.scoresPrompt && request.logprobs.has_value();
  }
  bool needsLogits() const {
    return request.sampler.temperature != 0 || request.logprobs ||
           request.presencePenalty != 0 || request.frequencyPenalty != 0 ||
           !request.biases.empty();
  }
  /// Rows of logits that `next` is to have.
  size_t rows() const {
    if (promptLeft() == 0)
      return 1;
    if (scoresPrompt())
      return next.size();
    return next.size() == promptLeft() ? 1 : 0;
  }
};

Scheduler::Scheduler(Forward &forward, const SchedulerOptions &options)
    : forward(forward), options(options) {
  if (options.width < 1 || options.piece < 1 || options.largePiece < 1 ||
      options.block < 1)
    fail("a scheduler of ", options.width, " texts, ", options.piece, " and ",
         options.largePiece, " tokens of prompts, in blocks of ", options.block,
         "; expected 1 or more of each");
  if (!forward.keepsCache())
    this->options.kept = 0;
  forward.makeRoom(static_cast<int64_t>(options.width + this->options.kept));
}

Scheduler::~Scheduler() { cancelAll(); }

void Scheduler::add(Id id, Request request) {
  queue.push_back(std::make_unique<Text>(id, std::move(request)));
}

bool Scheduler::cancel(Id id) {
  auto isIt = [id](const std::unique_ptr<Text> &text) {
    return text->id == id && !text->isDone;
  };
  if (auto found = std::ranges::find_if(texts, isIt); found != texts.end()) {
    finish(**found, {.reason = EndReason::Cancelled});
    removeDone();
    return true;
  }
  auto found = std::ranges::find_if(queue, isIt);
  if (found == queue.end())
    return false;
  finish(**found, {.reason = EndReason::Cancelled});
  queue.erase(found);
  return true;
}

void Scheduler::cancelAll() {
  for (auto &text : queue)
    finish(*text, {.reason = EndReason::Cancelled});
  queue.clear();
  for (auto &text : texts)
    finish(*text, {.reason = EndReason::Cancelled});
  removeDone();
}

void Scheduler::finish(Text &text, Ending ending) {
  if (text.isDone)
    return;
  text.isDone = true;
  ending.reused = text.reused;
  if (text.request.onEnd)
    text.request.onEnd(ending);
}

void Scheduler::removeDone() {
  for (auto &text : texts) {
    if (!text->isDone || !text->sequence)
      continue;
    if (options.reusesPrefixes && text->computed() >= leastReused)
      ended.push_back(std::move(*text->sequence));
  }
  std::erase_if(texts, [](const auto &text) { return text->isDone; });
  while (ended.size() > options.kept)
    ended.pop_front();
}

/// A new sequence, for which an ended text may have to go.
Sequence Scheduler::open() {
  if (forward.keepsCache() && forward.freeSequences() == 0 && !ended.empty())
    ended.pop_front();
  return Sequence(forward);
}

/// Whether more of its beginning is about to be computed for another text than
/// is there: then it waits.
bool Scheduler::isComing(const Text &text) const {
  auto butLast =
      std::span(text.request.prompt).first(text.request.prompt.size() - 1);
  return std::ranges::any_of(texts, [&](const auto &other) {
    size_t shared = common(other->request.prompt, butLast);
    return other->promptLeft() > 0 && shared >= leastReused &&
           shared > other->computed();
  });
}

/// A sequence that begins like `text`; none if it has to wait for one.
std::optional<Sequence> Scheduler::startOf(Text &text) {
  if (!options.reusesPrefixes || !forward.keepsCache() || text.scoresPrompt())
    return open();
  if (isComing(text))
    return std::nullopt;
  auto butLast =
      std::span(text.request.prompt).first(text.request.prompt.size() - 1);
  const Sequence *longest = nullptr;
  size_t most = leastReused - 1;
  auto look = [&](const Sequence &other) {
    size_t shared = common(other.tokens(), butLast);
    if (shared > most) {
      most = shared;
      longest = &other;
    }
  };
  for (const auto &other : texts)
    look(*other->sequence);
  for (const Sequence &other : ended)
    look(other);
  if (!longest)
    return open();
  text.reused = static_cast<int64_t>(most);
  auto its = std::ranges::find_if(
      ended, [&](const Sequence &other) { return &other == longest; });
  // An ended text that goes on here, or would go anyway, gives all it has.
  if (its != ended.end() &&
      (most * 2 >= its->tokens().size() || forward.freeSequences() == 0)) {
    Sequence taken = std::move(*its);
    ended.erase(its);
    taken.truncate(text.reused);
    return taken;
  }
  if (its != ended.end())
    ended.splice(ended.end(), ended, its);
  else if (forward.freeSequences() == 0 && !ended.empty())
    ended.pop_front();
  return longest->fork(text.reused);
}

/// Whether the first that waits got under way.
bool Scheduler::admit() {
  Text &text = *queue.front();
  try {
    std::optional<Sequence> start = startOf(text);
    if (!start)
      return false;
    text.sequence.emplace(std::move(*start));
    texts.push_back(std::move(queue.front()));
  } catch (const std::exception &error) {
    finish(text, {EndReason::Failed, error.what()});
  }
  queue.pop_front();
  return true;
}

/// Shares `budget` tokens among `prompts`: who needs less than its share leaves
/// the rest to others.
void Scheduler::givePieces(std::vector<Text *> prompts, size_t budget,
                           std::vector<Text *> &chosen) {
  std::ranges::stable_sort(prompts, {}, &Text::promptLeft);
  for (size_t i = 0; i < prompts.size() && budget > 0; ++i) {
    Text &text = *prompts[i];
    size_t share = std::max<size_t>(1, budget / (prompts.size() - i));
    size_t count = std::min(text.promptLeft(), share);
    std::span<const int32_t> piece =
        std::span(text.request.prompt).subspan(text.computed(), count);
    text.next.assign(piece.begin(), piece.end());
    chosen.push_back(&text);
    budget -= count;
  }
}

std::vector<Scheduler::Text *> Scheduler::chooseTokens(StepShape &shape) {
  std::vector<Text *> chosen, prompts;
  for (auto &text : texts)
    (text->promptLeft() > 0 ? prompts : chosen).push_back(text.get());
  shape.texts = chosen.size();
  auto most = static_cast<size_t>(forward.config().context);
  if (!options.cutsPrompts && !prompts.empty()) {
    // The first prompt as a whole, and nobody else.
    chosen.clear();
    shape.texts = 0;
    givePieces({prompts.front()}, most, chosen);
  } else if (!prompts.empty() && chosen.size() < most) {
    size_t rows =
        chosen.size() + (chosen.empty() ? options.largePiece : options.piece);
    rows += options.block - 1 - (rows - 1) % options.block;
    givePieces(prompts, std::min(rows, most) - chosen.size(), chosen);
  }
  for (Text *text : chosen) {
    shape.context =
        std::max(shape.context,
                 static_cast<int64_t>(text->computed() + text->next.size()));
    if (text->promptLeft() > 0)
      shape.promptTokens += text->next.size();
  }
  return chosen;
}

/// The token that follows the text by `row` of its logits; empty `logits` if it
/// is on the device, in row `number`.
void Scheduler::takeToken(Text &text, std::span<float> row, size_t number) {
  ScoredToken token;
  if (row.empty()) {
    token.id = forward.argmax(number);
  } else {
    std::optional<Likelihoods> scores;
    if (text.request.logprobs)
      scores.emplace(row, *text.request.logprobs);
    barUnused(row, forward.config());
    for (auto [id, times] : text.chosen)
      row[id] -= static_cast<float>(text.request.presencePenalty +
                                    text.request.frequencyPenalty *
                                        static_cast<double>(times));
    for (auto [id, bias] : text.request.biases)
      row[id] += static_cast<float>(bias);
    token.id = text.sampler.sample(row);
    if (scores) {
      token.logprob = scores->of(token.id);
      token.top = scores->top();
    }
  }
  if (forward.config().endsText(token.id))
    return finish(text, {.reason = EndReason::EndOfText});
  ++text.made;
  ++text.chosen[token.id];
  text.next = {token.id};
  bool wantsMore = !text.request.onToken || text.request.onToken(token);
  if (!wantsMore)
    finish(text, {.reason = EndReason::Enough});
  else if (text.made >= text.request.maxNewTokens ||
           static_cast<int64_t>(text.computed()) >= forward.config().context)
    finish(text, {.reason = EndReason::TokenLimit});
}

/// What `rows` of logits, which are on the host unless empty, say of `text`.
void Scheduler::takeRows(Text &text, std::span<float> rows, size_t firstRow) {
  auto vocab = static_cast<size_t>(forward.config().vocab);
  const std::vector<int32_t> &prompt = text.request.prompt;
  size_t count = text.next.size(), first = text.computed() - count;
  if (text.scoresPrompt() && first < prompt.size()) {
    if (first == 0)
      text.prompt.push_back({.id = prompt[0]});
    for (size_t i = 0; i < count && first + i + 1 < prompt.size(); ++i) {
      Likelihoods scores(rows.subspan(i * vocab, vocab),
                         *text.request.logprobs);
      int32_t id = prompt[first + i + 1];
      text.prompt.push_back({id, scores.of(id), scores.top()});
    }
    firstRow += count - 1;
    rows = rows.last(vocab);
  }
  if (text.promptLeft() > 0)
    return;
  if (text.scoresPrompt() && !text.prompt.empty() && text.request.onPrompt)
    text.request.onPrompt(std::exchange(text.prompt, {}));
  if (text.request.maxNewTokens == 0)
    return finish(text, {.reason = EndReason::TokenLimit});
  takeToken(text, rows, firstRow);
}

StepShape Scheduler::step() {
  Stopwatch watch;
  StepShape shape;
  bool mayJoin = options.joinsBetween || texts.empty();
  while (mayJoin && !queue.empty() && texts.size() < options.width && admit())
    ;
  std::vector<Text *> chosen = chooseTokens(shape);
  if (chosen.empty())
    return shape;
  std::vector<Growth> growths;
  size_t rows = 0;
  bool onHost = !forward.config().unusedTokens.empty();
  for (Text *text : chosen) {
    growths.push_back({&*text->sequence, text->next, text->rows()});
    rows += growths.back().rows;
    onHost |= growths.back().rows > 0 && text->needsLogits();
  }
  auto vocab = static_cast<size_t>(forward.config().vocab);
  logits.resize(onHost ? rows * vocab : logits.size());
  std::span<float> here;
  if (onHost)
    here = logits;
  Stopwatch modelWatch;
  try {
    Batch(forward).grow(growths, here, [&](size_t first, size_t count) {
      std::span<float> some = here;
      if (onHost) {
        some = some.subspan(first * vocab, count * vocab);
        forward.readLogits(some);
      }
      shape.modelSeconds += modelWatch.seconds();
      size_t row = 0, at = 0;
      for (const Growth &growth : growths) {
        Text &text = *chosen[at++];
        if (row < first) { // of a pass before
          row += growth.rows;
          continue;
        }
        if (row == first + count)
          break;
        size_t number = row - first;
        row += growth.rows;
        if (growth.rows == 0)
          continue;
        int64_t before = text.made;
        try {
          takeRows(text,
                   onHost ? some.subspan(number * vocab, growth.rows * vocab)
                          : std::span<float>(),
                   number);
        } catch (const std::exception &error) {
          finish(text, {EndReason::Failed, error.what()});
        }
        shape.made += static_cast<size_t>(text.made - before);
      }
      modelWatch = Stopwatch();
    });
  } catch (const std::exception &error) {
    for (Text *text : chosen) {
      finish(*text, {EndReason::Failed, error.what()});
      text->sequence->truncate(0); // what is kept of it may be anything
    }
  }
  removeDone();
  shape.seconds = watch.seconds();
  return shape;
}

} // namespace gpt2
