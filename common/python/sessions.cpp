//===- sessions.cpp - Texts that grow, from Python ----------------------===//
#include "model/error.h"
#include "python/loaded_model.h"
#include "python/view.h"
#include "run/batch.h"
#include "run/run.h"

#include <pybind11/stl.h>

namespace gpt2::python {
namespace {

/// A sequence and the model that it is of, which lives as long.
class Session {
public:
  explicit Session(std::shared_ptr<LoadedModel> of) : model(std::move(of)) {
    Use use(*model);
    sequence.emplace(model->newSequence());
  }
  ~Session() { close(); }

  void extend(py::handle ids, py::handle logits) {
    Ids in(ids);
    Logits out(logits);
    Use use(*model);
    opened().extend(in.values(), out.values());
  }

  int32_t choose(py::handle ids) {
    Ids in(ids);
    Use use(*model);
    return opened().extendAndChoose(in.values());
  }

  void truncate(int64_t length) {
    Use use(*model);
    opened().truncate(length);
  }

  std::shared_ptr<Session> fork(std::optional<int64_t> length) {
    auto copy = std::make_shared<Session>(model);
    Use use(*model);
    Sequence &own = opened();
    copy->sequence.reset(); // its place is taken again
    copy->sequence.emplace(
        own.fork(length.value_or(static_cast<int64_t>(own.tokens().size()))));
    return copy;
  }

  std::vector<int32_t> tokens() {
    Use use(*model);
    std::span<const int32_t> seen = opened().tokens();
    return {seen.begin(), seen.end()};
  }

  int64_t size() {
    Use use(*model);
    return static_cast<int64_t>(opened().tokens().size());
  }

  void close() {
    Use use(*model);
    sequence.reset();
  }

  /// For who has a Use.
  Sequence &opened() {
    if (!sequence)
      fail("the session was closed");
    return *sequence;
  }

  const std::shared_ptr<LoadedModel> model;

private:
  std::optional<Sequence> sequence;
};

using Sessions = std::vector<std::shared_ptr<Session>>;

/// Adds ids[i] to sessions[i], in one step.
void extendTogether(const std::shared_ptr<LoadedModel> &model,
                    const Sessions &sessions, py::handle ids,
                    py::handle logits) {
  Ids in(ids);
  Logits out(logits);
  Use use(*model);
  std::vector<Sequence *> sequences;
  for (const std::shared_ptr<Session> &session : sessions) {
    if (session->model != model)
      fail("a session in the batch is of another model");
    sequences.push_back(&session->opened());
  }
  Batch(model->forward()).extend(sequences, in.values(), out.values());
}

/// `config` with other tokens that end a text; none if `ends` is empty.
Config withEnds(Config config,
                const std::optional<std::vector<int32_t>> &ends) {
  if (ends) {
    config.endOfText = ends->empty() ? -1 : ends->front();
  }
  return config;
}

/// A text that is being continued: an iterator over its new tokens.
class Stream {
public:
  Stream(std::shared_ptr<LoadedModel> of, std::vector<int32_t> prompt,
         int64_t maxNewTokens, const SamplerOptions &sampling,
         std::optional<std::vector<int32_t>> others,
         const std::string &context)
      : model(std::move(of)), ends(std::move(others)),
        config(withEnds(model->config(), ends)), sampler(sampling) {
    options.sampler = sampling;
    if (prompt.empty())
      prompt.push_back(model->config().endOfText);
    ContextPolicy policy = contextPolicy(context);
    Use use(*model);
    sequence.emplace(model->newSequence());
    NextToken next = nextToken(*sequence, sampler, options);
    tokens.emplace(
        config, std::move(prompt), maxNewTokens,
        [this, next](std::span<const int32_t> seen, double &seconds) {
          int32_t token = next(seen, seconds);
          bool isEnd = ends && std::find(ends->begin(), ends->end(), token) !=
                                   ends->end();
          return isEnd ? config.endOfText : token;
        },
        policy);
  }
  ~Stream() {
    Use use(*model);
    sequence.reset();
  }

  int32_t next() {
    if (PyErr_CheckSignals() != 0)
      throw py::error_already_set();
    std::optional<int32_t> token;
    {
      Use use(*model);
      token = tokens->next();
      if (!token)
        sequence.reset(); // its place is free for others
    }
    if (!token)
      throw py::stop_iteration();
    return *token;
  }

  const Generation &generation() const { return tokens->generation(); }

private:
  std::shared_ptr<LoadedModel> model;
  std::optional<std::vector<int32_t>> ends;
  Config config;
  Sampler sampler;
  RunOptions options;
  std::optional<Sequence> sequence;
  std::optional<TokenStream> tokens;
};

/// Continues prompts side by side; the texts' new tokens, and nothing of those
/// that had ended.
std::vector<std::vector<int32_t>>
continueTogether(LoadedModel &model, std::vector<std::vector<int32_t>> prompts,
                 int64_t maxNewTokens, const SamplerOptions &sampling,
                 const std::optional<std::vector<int32_t>> &ends,
                 const std::string &context) {
  if (ends && ends->size() > 1)
    fail("eos_token_id: several prompts are continued with one id or with "
         "none");
  Config config = withEnds(model.config(), ends);
  for (std::vector<int32_t> &prompt : prompts)
    if (prompt.empty())
      prompt.push_back(model.config().endOfText);
  BatchOptions options{prompts.size(), maxNewTokens, contextPolicy(context),
                       sampling, checkSignals};
  std::vector<std::vector<int32_t>> made(prompts.size());
  Use use(model);
  model.makeRoom(static_cast<int64_t>(prompts.size()));
  continueAll(model.forward(), config, prompts, options,
              [&](size_t i, const Generation &done) { made[i] = done.tokens; });
  return made;
}

} // namespace

void bindSessions(py::module_ &module) {
  py::class_<Session, std::shared_ptr<Session>>(module, "Session")
      .def(py::init<std::shared_ptr<LoadedModel>>())
      .def("extend", &Session::extend)
      .def("choose", &Session::choose)
      .def("truncate", &Session::truncate)
      .def("fork", &Session::fork)
      .def("tokens", &Session::tokens)
      .def("__len__", &Session::size)
      .def("close", &Session::close);
  module.def("extend_together", &extendTogether);
  module.def("continue_together", &continueTogether);
  py::class_<SamplerOptions>(module, "Sampling")
      .def(py::init([](double temperature, int64_t topK, double topP,
                       uint64_t seed) {
        SamplerOptions options{temperature, topK, topP, seed};
        options.validate();
        return options;
      }))
      .def_readonly("temperature", &SamplerOptions::temperature)
      .def_readonly("top_k", &SamplerOptions::topK)
      .def_readonly("top_p", &SamplerOptions::topP)
      .def_readonly("seed", &SamplerOptions::seed);
  py::class_<Stream>(module, "Stream")
      .def(py::init<std::shared_ptr<LoadedModel>, std::vector<int32_t>, int64_t,
                    const SamplerOptions &, std::optional<std::vector<int32_t>>,
                    const std::string &>())
      .def("__iter__", [](py::object self) { return self; })
      .def("__next__", &Stream::next)
      .def_property_readonly(
          "step_seconds",
          [](const Stream &self) { return self.generation().stepSeconds; })
      .def_property_readonly("model_seconds", [](const Stream &self) {
        return self.generation().modelSeconds;
      });
}

} // namespace gpt2::python
