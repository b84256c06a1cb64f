//===- module.cpp - Python's module lowering_gpt2._core -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the package lowering_gpt2 is built on: models, their sequences, and
// looks at their programs. Arguments are checked here as far as C++ must; what
// a user sees is in the package.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/object_cache.h"
#include "python/loaded_model.h"
#include "python/view.h"
#include "support/error.h"
#include "support/paths.h"

#include <pybind11/stl.h>

#include "llvm/Support/Signals.h"

#include <csignal>

namespace gpt2::python {
namespace {

/// MLIR has LLVM install handlers for signals when it first compiles, and LLVM
/// does so once. Ctrl-C, and what else Python handles, stays Python's.
void keepPythonsSignals() {
  struct sigaction before[NSIG] = {};
  for (int signal = 1; signal < NSIG; ++signal)
    sigaction(signal, nullptr, &before[signal]);
  llvm::sys::AddSignalHandler([](void *) {}, nullptr);
  for (int signal = 1; signal < NSIG; ++signal)
    sigaction(signal, &before[signal], nullptr);
}

/// Which of a chapter's programs is wanted. None of Python's is C++'s nothing.
ProgramOptions optionsOf(const std::optional<std::string> &device,
                         const std::optional<std::string> &chip,
                         const std::string &weights,
                         const std::optional<std::string> &kv, int threads,
                         const std::optional<std::string> &cacheDirectory,
                         bool noCache) {
  ProgramOptions options;
  options.device = device.value_or("");
  options.chip = chip;
  options.weights = weights;
  options.kv = kv;
  options.threads = threads;
  if (noCache && cacheDirectory)
    fail("give --cache-dir or --no-cache, not both");
  if (!noCache)
    options.cacheDirectory = cacheDirectory
                                 ? std::filesystem::path(*cacheDirectory)
                                 : ObjectCache::defaultDirectory();
  return options;
}

void bindConfig(py::module_ &module) {
  py::class_<Config>(module, "Config")
      .def_readonly("n_layer", &Config::layers)
      .def_readonly("n_head", &Config::heads)
      .def_readonly("n_embd", &Config::channels)
      .def_readonly("n_positions", &Config::context)
      .def_readonly("vocab_size", &Config::vocab)
      .def_property_readonly("eos_token_id",
                             [](const Config &self) -> py::object {
                               if (self.endOfText.empty())
                                 return py::none();
                               if (self.endOfText.size() > 1)
                                 return py::cast(self.endOfText);
                               return py::int_(self.endOfText.front());
                             })
      .def_readonly("bos_token_id", &Config::beginOfText)
      .def_property_readonly("parameters", &Config::parameters)
      .def("__repr__", &Config::describe);
}

/// The logits that follow each of `ids`.
void computeLogits(LoadedModel &self, py::handle ids, py::handle logits) {
  Ids in(ids);
  Logits out(logits);
  Use use(self);
  self.makeRoom(1);
  self.forward()(in.values(), out.values());
}

double lossOfText(LoadedModel &self, const std::string &text) {
  Use use(self);
  std::vector<int32_t> ids = self.tokenizer().encode(text);
  return self.loss(ids).mean;
}

void bindModel(py::module_ &module) {
  py::class_<LoadedModel, std::shared_ptr<LoadedModel>> model(module, "Model");
  model
      .def(py::init([](const std::string &name, const std::string &chapter,
                       const ProgramOptions &options,
                       std::map<std::string, std::string> sources,
                       std::optional<std::string> pipeline,
                       std::optional<std::string> schedule) {
        Changes changes{std::move(sources), std::move(pipeline),
                        std::move(schedule)};
        py::gil_scoped_release released;
        return std::make_shared<LoadedModel>(name, chapter, options, changes);
      }))
      .def_property_readonly("config", &LoadedModel::config)
      .def_property_readonly(
          "chapter",
          [](const LoadedModel &self) { return self.chapter().name; })
      .def_property_readonly(
          "weights",
          [](const LoadedModel &self) { return self.options().weights; })
      .def_property_readonly(
          "threads",
          [](const LoadedModel &self) { return self.options().threads; })
      .def_property_readonly("kv",
                             [](const LoadedModel &self) {
                               return self.chapter().keepsCache()
                                          ? self.options().kv.value_or("f32")
                                          : std::optional<std::string>();
                             })
      .def_property_readonly("device", &LoadedModel::device)
      .def_property_readonly("note", &LoadedModel::note)
      .def("times",
           [](const LoadedModel &self) {
             const Times &times = self.times();
             return std::tuple(times.compile, times.fromCache, times.load);
           })
      .def("logits", &computeLogits)
      .def("loss", &lossOfText)
      .def(
          "encode",
          [](LoadedModel &self, const std::string &text) {
            return self.tokenizer().encode(text);
          },
          py::call_guard<py::gil_scoped_release>())
      .def("decode", [](LoadedModel &self, const std::vector<int32_t> &ids) {
        return py::bytes(self.tokenizer().decode(ids));
      });
  bindLooks(model, module);
}

std::vector<std::pair<std::string, std::string>> chapterTitles() {
  std::vector<std::pair<std::string, std::string>> titles;
  for (const Chapter *chapter : chapters())
    titles.emplace_back(chapter->name, chapter->title);
  return titles;
}

} // namespace

PYBIND11_MODULE(_core, module) {
  keepPythonsSignals();
  auto error =
      py::register_exception<Error>(module, "Error", PyExc_RuntimeError);
  error.attr("__module__") = "lowering_gpt2";
  error.attr("__doc__") =
      "What could not be done, and what to do about it: the message that the "
      "book's programs print. Options are named as these name them, --threads "
      "for threads.";
  module.def("use_source",
             [](const std::string &folder) { paths::useSource(folder); });
  module.def("embedded_model", &paths::embeddedModel);
  module.def("chapters", &chapterTitles);
  py::class_<ProgramOptions>(module, "Options").def(py::init(&optionsOf));
  bindConfig(module);
  bindModel(module);
  bindSessions(module);
}

} // namespace gpt2::python
