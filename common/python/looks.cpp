//===- looks.cpp - Programs shown, counted and explained, from Python ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/report.h"
#include "python/loaded_model.h"
#include "support/files.h"

#include <pybind11/stl.h>

namespace gpt2::python {
namespace {

using Kernel = std::optional<std::string>;

/// The texts that a reader may change, by the names of their files: those for a
/// GPT-2.
std::map<std::string, std::string> sourcesOf(const LoadedModel &model) {
  std::map<std::string, std::string> texts;
  for (const std::filesystem::path &file :
       model.build().forModel(Config()).sources())
    texts[file.filename().string()] = readFile(file);
  return texts;
}

std::optional<std::string> scheduleOf(const LoadedModel &model) {
  std::vector<std::filesystem::path> files = model.build().scheduleFiles();
  if (files.empty())
    return std::nullopt;
  return readFile(files.front());
}

void bindScores(py::module_ &module) {
  py::class_<Score>(module, "Score")
      .def_readonly("flops", &Score::flops)
      .def_readonly("calls", &Score::calls)
      .def_readonly("bytes_read", &Score::bytesRead)
      .def_readonly("bytes_written", &Score::bytesWritten)
      .def_readonly("temporaries", &Score::temporaries)
      .def_readonly("temporary_bytes", &Score::temporaryBytes)
      .def_readonly("allocations", &Score::allocations)
      .def_readonly("loops", &Score::loops)
      .def_readonly("launches", &Score::launches)
      .def_readonly("blocks", &Score::blocks)
      .def_readonly("threads", &Score::threads);
  py::class_<Scores>(module, "Scores")
      .def_readonly("tokens", &Scores::tokens)
      .def_readonly("cache_bytes", &Scores::cacheBytes)
      .def_readonly("prompt", &Scores::prompt)
      .def_readonly("next", &Scores::next)
      .def("__str__", [](const Scores &scores) { return describe(scores); })
      .def("__repr__", [](const Scores &scores) { return describe(scores); });
}

} // namespace

void bindLooks(py::class_<LoadedModel, std::shared_ptr<LoadedModel>> &model,
               py::module_ &module) {
  using Released = py::call_guard<py::gil_scoped_release>;
  bindScores(module);
  model
      .def("states",
           [](const LoadedModel &self) {
             return emitNames(self.request(std::nullopt));
           })
      .def(
          "ir",
          [](const LoadedModel &self, const std::string &state,
             const Kernel &kernel) {
            return emit(self.request(kernel), state);
          },
          Released())
      .def(
          "explain",
          [](const LoadedModel &self, const std::string &kernel) {
            return explain(self.build(), kernel);
          },
          Released())
      .def(
          "score",
          [](const LoadedModel &self, int64_t tokens, double cacheBytes) {
            return scoresOf(self.build(), tokens, cacheBytes);
          },
          Released())
      .def("sources", &sourcesOf)
      .def("schedule", &scheduleOf);
}

} // namespace gpt2::python
