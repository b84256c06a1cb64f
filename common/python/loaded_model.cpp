//===- loaded_model.cpp - A model as Python has it ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "python/loaded_model.h"
#include "device/host_device.h"
#include "run/prompts.h"
#include "support/error.h"
#include "support/files.h"

#include "llvm/ADT/STLExtras.h"

namespace gpt2::python {

void checkSignals() {
  py::gil_scoped_acquire acquired;
  if (PyErr_CheckSignals() != 0)
    throw py::error_already_set();
}

OwnTexts::~OwnTexts() {
  std::error_code ignored;
  if (!folder.empty())
    std::filesystem::remove_all(folder, ignored);
}

std::filesystem::path OwnTexts::add(const std::string &name,
                                    const std::string &text) {
  if (folder.empty()) {
    std::string made =
        (std::filesystem::temp_directory_path() / "lowering-gpt2-XXXXXX")
            .string();
    if (!mkdtemp(made.data()))
      fail(made, ": no folder for texts can be made: ", std::strerror(errno));
    folder = made;
  }
  writeFile(folder / name, {text});
  return folder / name;
}

namespace {

const Chapter &chapterNamed(const std::string &name) {
  const Chapter *last = nullptr;
  std::string names;
  for (const Chapter *chapter : chapters()) {
    names += (names.empty() ? "" : " ") + chapter->name;
    if (name.empty() ? llvm::is_contained(chapter->devices, "cpu")
                     : chapter->name == name)
      last = chapter;
  }
  if (!last)
    fail("there is no chapter '", name, "'; there are: ", names);
  return *last;
}

/// Whether one of the chapter's texts has this name.
bool hasSource(const Chapter &chapter, const std::string &name) {
  return llvm::any_of(chapter.sources,
                      [&](const std::filesystem::path &source) {
                        return source.filename() == name;
                      });
}

[[noreturn]] void failForSource(const Chapter &chapter,
                                const std::string &name) {
  std::string names;
  for (const std::filesystem::path &source : chapter.sources)
    names += " " + source.filename().string();
  fail("sources: ", chapter.name, " has no text '", name, "'; it has:", names);
}

/// Progress on a terminal, and an end to it by Ctrl-C.
LoadProgress loadProgress() {
  return [show = showLoading()](int64_t done, int64_t total) {
    checkSignals();
    if (show)
      show(done, total);
  };
}

} // namespace

LoadedModel::LoadedModel(const std::string &name, const std::string &chapter,
                         ProgramOptions options, const Changes &changes)
    : wanted(std::move(options)) {
  const Chapter &whole = chapterNamed(chapter);
  std::vector<std::filesystem::path> own;
  for (const auto &[file, text] : changes.sources) {
    if (!hasSource(whole, file) &&
        !(whole.onGpu && hasSource(*whole.onGpu, file)))
      failForSource(whole, file);
    own.push_back(texts.add(file, text));
  }
  if (changes.pipeline)
    wanted.pipeline = texts.add("pipeline", *changes.pipeline);
  if (changes.schedule)
    wanted.schedule = texts.add("schedule.mlir", *changes.schedule);

  useThreadsHere(wanted.threads);
  checkpoint = Checkpoint::open(name);
  Build build = buildFor(whole, wanted).forModel(config());
  build.texts = std::move(own);
  placed = onDevice(withTunedSchedule(build, wanted), wanted);
  CompileRequest request = compileRequest(placed->build);
  request.cacheDirectory = wanted.cacheDirectory;
  model.emplace(request, *checkpoint, loadProgress());
}

const Tokenizer &LoadedModel::tokenizer() {
  std::lock_guard lock(reading);
  if (!words)
    words.emplace(checkpoint->loadTokenizer());
  return *words;
}

Config LoadedModel::configFor(bool isText,
                              const std::optional<std::vector<int32_t>> &ends) {
  Config changed = config();
  if (isText)
    takeTokens(changed, tokenizer());
  if (ends)
    changed.endOfText = *ends;
  return changed;
}

CompileRequest
LoadedModel::request(const std::optional<std::string> &kernel) const {
  if (!kernel)
    return compileRequest(build());
  return kernelRequest(build().forModel(config(), kernelSizes(config())),
                       *kernel);
}

void LoadedModel::makeRoom(int64_t count) {
  int64_t lacking = count - forward().freeSequences();
  if (lacking > 0)
    forward().makeRoom(forward().sequences() +
                       std::max(lacking, forward().sequences()));
}

Sequence LoadedModel::newSequence() {
  makeRoom(1);
  return Sequence(forward());
}

Loss LoadedModel::loss(std::span<const int32_t> ids) {
  makeRoom(1);
  return lossOf(forward(), nullptr, ids, [](int64_t) { checkSignals(); });
}

Use::Use(LoadedModel &model) : lock(model.computing) {
  useThreadsHere(model.wanted.threads);
}

} // namespace gpt2::python
