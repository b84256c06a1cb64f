//===- loaded_model.h - A model as Python has it ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "chapter/model.h"
#include "model/tokenizer/tokenizer.h"
#include "run/loss.h"
#include "run/sequence.h"

#include <pybind11/pybind11.h>

#include <map>
#include <memory>
#include <mutex>

namespace gpt2::python {

namespace py = pybind11;

/// The chapters, in the book's order.
const std::vector<const Chapter *> &chapters();

/// Runs what Python's signal handlers do, from code that holds no lock of
/// Python's. Throws what they raise: for Ctrl-C, KeyboardInterrupt.
void checkSignals();

/// A reader's own texts, in files, for as long as this lives.
class OwnTexts {
public:
  OwnTexts() = default;
  OwnTexts(const OwnTexts &) = delete;
  ~OwnTexts();

  /// Writes `text` to a file called `name`.
  std::filesystem::path add(const std::string &name, const std::string &text);

private:
  std::filesystem::path folder; ///< made by the first
};

/// What a reader wants other than a chapter has it, as texts.
struct Changes {
  std::map<std::string, std::string> sources; ///< by the name of the file
  std::optional<std::string> pipeline, schedule;
};

/// A chapter's program with a model's weights. Threads may share it: each waits
/// until it is its turn, see Use.
class LoadedModel {
public:
  /// `chapter` is a name; empty: the last one that runs on the CPU. Throws the
  /// Errors of what is missing, contradictory or does not compile.
  LoadedModel(const std::string &model, const std::string &chapter,
              ProgramOptions options, const Changes &changes);

  const Config &config() const { return checkpoint->config(); }
  const Chapter &chapter() const { return *build().chapter; }
  const Build &build() const { return placed->build; }
  const ProgramOptions &options() const { return wanted; }
  std::string device() { return model->loaded().device().describe(); }
  /// Why no GPU was found, if one was looked for.
  const std::string &note() const { return placed->note; }
  const Times &times() const { return model->times(); }
  /// Read when it is first asked for. Throws an Error if there is none.
  const Tokenizer &tokenizer();
  /// With `ends`, if there are any, as the tokens that end a text; for text,
  /// with what the tokenizer says of tokens.
  Config configFor(bool isText,
                   const std::optional<std::vector<int32_t>> &ends);

  /// What there is to compile, for the whole program or for one kernel alone.
  CompileRequest request(const std::optional<std::string> &kernel) const;

  /// An empty sequence; the cache grows if it has no room for one. This and
  /// what follows is for who has a Use.
  Sequence newSequence();
  Forward &forward() { return model->forward(); }
  /// Sees to it that the cache has room for `count` sequences more.
  void makeRoom(int64_t count);
  /// As lossOf(); stops at Ctrl-C.
  Loss loss(std::span<const int32_t> ids);

private:
  friend class Use;

  OwnTexts texts;
  ProgramOptions wanted;
  std::unique_ptr<Checkpoint> checkpoint;
  std::optional<PlacedBuild> placed; ///< that which runs
  std::optional<Model> model;
  std::mutex computing, reading;
  std::optional<Tokenizer> words;
};

/// While it lives, its thread is the one that computes with a model, and other
/// threads may run Python. Made by who holds Python's lock.
class Use {
public:
  explicit Use(LoadedModel &model);

private:
  py::gil_scoped_release released;
  std::unique_lock<std::mutex> lock;
};

/// Adds sessions, batches and generations to `module`.
void bindSessions(py::module_ &module);
/// Adds what shows a program without running it.
void bindLooks(py::class_<LoadedModel, std::shared_ptr<LoadedModel>> &model,
               py::module_ &module);

} // namespace gpt2::python
