//===- loaded_model.cpp - A model as Python has it ----------------------===//
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

/// Puts `file` into the place of the source of that name; whether there is one.
bool replaceSource(Chapter &chapter, const std::filesystem::path &file) {
  auto found =
      llvm::find_if(chapter.sources, [&](const std::filesystem::path &source) {
        return source.filename() == file.filename();
      });
  if (found == chapter.sources.end())
    return false;
  *found = file;
  return true;
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
    : wanted(std::move(options)), changed(chapterNamed(chapter)) {
  if (changed.onGpu) {
    changedOnGpu = *changed.onGpu;
    changed.onGpu = &changedOnGpu;
  }
  for (const auto &[file, text] : changes.sources) {
    if (std::filesystem::path(file).filename() != file)
      failForSource(changed, file);
    std::filesystem::path own = texts.add(file, text);
    bool isOfCpu = replaceSource(changed, own);
    if (!replaceSource(changedOnGpu, own) && !isOfCpu)
      failForSource(changed, file);
  }
  if (changes.pipeline)
    wanted.pipeline = texts.add("pipeline", *changes.pipeline);
  if (changes.schedule)
    wanted.schedule = texts.add("schedule.mlir", *changes.schedule);

  useThreadsHere(wanted.threads);
  checkpoint = Checkpoint::open(name);
  Sizes sizes = sizesOf(config());
  PlacedChapter found = onDevice(
      withTunedSchedule(programsOf(changed, wanted), sizes, wanted), wanted);
  placed = std::move(found.chapter);
  whyNoGpu = std::move(found.note);
  CompileRequest request = compileRequest(placed, config());
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
  return kernel
             ? kernelRequest(placed, kernelSizes(config()), *kernel, config())
             : compileRequest(placed, config());
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
