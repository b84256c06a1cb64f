//===- sessions.cpp - Texts that grow, from Python ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "python/loaded_model.h"
#include "python/view.h"
#include "run/batch.h"
#include "run/run.h"
#include "support/error.h"

#include <pybind11/stl.h>

namespace gpt2::python {
namespace {

/// A sequence and its model, which lives as long. Ends when nobody computes.
class OwnSequence {
public:
  explicit OwnSequence(std::shared_ptr<LoadedModel> of) : model(std::move(of)) {
    Use use(*model);
    sequence.emplace(model->newSequence());
  }
  /// A copy of the first `length` tokens of another.
  OwnSequence(const OwnSequence &other, std::optional<int64_t> length)
      : model(other.model) {
    Use use(*model);
    const Sequence &its = other.get();
    model->makeRoom(1);
    sequence.emplace(
        its.fork(length.value_or(static_cast<int64_t>(its.tokens().size()))));
  }
  OwnSequence(const OwnSequence &) = delete;
  ~OwnSequence() { close(); }

  void close() {
    Use use(*model);
    sequence.reset();
  }

  /// For who has a Use.
  Sequence &get() { return *opened(sequence); }
  const Sequence &get() const { return *opened(sequence); }

  const std::shared_ptr<LoadedModel> model;

private:
  template <typename T> static T &opened(T &sequence) {
    if (!sequence)
      fail("the session was closed");
    return sequence;
  }

  std::optional<Sequence> sequence;
};

class Session {
public:
  explicit Session(std::shared_ptr<LoadedModel> model)
      : sequence(std::move(model)) {}
  Session(const Session &other, std::optional<int64_t> length)
      : sequence(other.sequence, length) {}

  void extend(py::handle ids, py::handle logits) {
    Ids in(ids);
    Logits out(logits);
    Use use(model());
    get().extend(in.values(), out.values());
  }

  int32_t choose(py::handle ids) {
    Ids in(ids);
    Use use(model());
    return get().extendAndChoose(in.values());
  }

  void truncate(int64_t length) {
    Use use(model());
    get().truncate(length);
  }

  std::vector<int32_t> tokens() {
    Use use(model());
    return {get().tokens().begin(), get().tokens().end()};
  }

  int64_t size() {
    Use use(model());
    return static_cast<int64_t>(get().tokens().size());
  }

  void close() { sequence.close(); }

  LoadedModel &model() { return *sequence.model; }
  /// For who has a Use.
  Sequence &get() { return sequence.get(); }

private:
  OwnSequence sequence;
};

using Sessions = std::vector<std::shared_ptr<Session>>;

/// Adds ids[i] to sessions[i], in one step.
void extendTogether(LoadedModel &model, const Sessions &sessions,
                    py::handle ids, py::handle logits) {
  Ids in(ids);
  Logits out(logits);
  Use use(model);
  std::vector<Sequence *> sequences;
  for (const std::shared_ptr<Session> &session : sessions) {
    if (&session->model() != &model)
      fail("a session in the batch is of another model");
    sequences.push_back(&session->get());
  }
  size_t vocab = static_cast<size_t>(model.config().vocab);
  if (out.values().size() != sessions.size() * vocab)
    fail("the logits of ", sessions.size(), " sessions are ",
         sessions.size() * vocab, " numbers; there is room for ",
         out.values().size());
  Batch(model.forward()).extend(sequences, in.values(), out.values());
}

/// A text that is being continued: an iterator over its new tokens.
class Stream {
public:
  Stream(std::shared_ptr<LoadedModel> model, std::vector<int32_t> prompt,
         const RunOptions &given,
         const std::optional<std::vector<int32_t>> &ends, bool isText)
      : options(given), config(model->configFor(isText, ends)),
        sampler(options.sampler), sequence(std::move(model)) {
    Use use(*sequence.model);
    tokens.emplace(config, std::move(prompt), options.maxNewTokens,
                   nextToken(sequence.get(), sampler, config, options),
                   options.context);
  }

  int32_t next() {
    if (PyErr_CheckSignals() != 0)
      throw py::error_already_set();
    std::optional<int32_t> token;
    {
      Use use(*sequence.model);
      token = tokens->next();
    }
    if (token)
      return *token;
    sequence.close(); // its place is free for others
    throw py::stop_iteration();
  }

  /// What came of it so far.
  Generation generation() {
    Use use(*sequence.model);
    return tokens->generation();
  }

private:
  RunOptions options;
  Config config;
  Sampler sampler;
  OwnSequence sequence;
  std::optional<TokenStream> tokens;
};

/// Continues prompts side by side; the texts' new tokens, and nothing of those
/// that had ended.
std::vector<std::vector<int32_t>>
continueTogether(LoadedModel &model, std::vector<std::vector<int32_t>> prompts,
                 const RunOptions &run,
                 const std::optional<std::vector<int32_t>> &ends) {
  Config config = model.configFor(/*isText=*/true, ends);
  for (std::vector<int32_t> &prompt : prompts)
    (void)preparePrompt(prompt, config, run.context);
  BatchOptions options{prompts.size(), run.maxNewTokens, run.context,
                       run.sampler, checkSignals};
  std::vector<std::vector<int32_t>> made(prompts.size());
  Use use(model);
  model.makeRoom(static_cast<int64_t>(prompts.size()));
  continueAll(model.forward(), config, prompts, options,
              [&](size_t i, const Generation &done) { made[i] = done.tokens; });
  return made;
}

/// How a text is continued.
RunOptions runOptions(int64_t maxNewTokens, double temperature, int64_t topK,
                      double topP, uint64_t seed, const std::string &context) {
  RunOptions options;
  options.maxNewTokens = maxNewTokens;
  options.sampler = {temperature, topK, topP, seed};
  options.context = contextPolicy(context);
  options.validate();
  return options;
}

} // namespace

void bindSessions(py::module_ &module) {
  py::class_<Session, std::shared_ptr<Session>>(module, "Session")
      .def(py::init<std::shared_ptr<LoadedModel>>())
      .def(py::init<const Session &, std::optional<int64_t>>())
      .def("extend", &Session::extend)
      .def("choose", &Session::choose)
      .def("truncate", &Session::truncate)
      .def("tokens", &Session::tokens)
      .def("__len__", &Session::size)
      .def("close", &Session::close);
  module.def("extend_together", &extendTogether);
  module.def("continue_together", &continueTogether);
  py::class_<RunOptions>(module, "Generating").def(py::init(&runOptions));
  py::class_<Stream>(module, "Stream")
      .def(py::init<std::shared_ptr<LoadedModel>, std::vector<int32_t>,
                    const RunOptions &, std::optional<std::vector<int32_t>>,
                    bool>())
      .def("__iter__", [](py::object self) { return self; })
      .def("__next__", &Stream::next)
      .def_property_readonly(
          "step_seconds",
          [](Stream &self) { return self.generation().stepSeconds; })
      .def_property_readonly("model_seconds", [](Stream &self) {
        return self.generation().modelSeconds;
      });
}

} // namespace gpt2::python
