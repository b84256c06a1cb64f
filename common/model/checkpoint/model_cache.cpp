//===- model_cache.cpp - Public models by their names -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/checkpoint/model_cache.h"
#include "model/checkpoint/public_models.h"
#include "support/error.h"
#include "support/json_file.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <vector>

namespace gpt2 {
namespace {

namespace fs = std::filesystem;

struct PublicModel {
  std::string name, repository, revision;
};

const std::vector<PublicModel> &table() {
  static const std::vector<PublicModel> models = [] {
    std::vector<PublicModel> read;
    const nlohmann::json json =
        parseJsonObject(publicModels, "public_models.json");
    for (const auto &[name, entry] : json.items())
      read.push_back({name, entry["repository"], entry["revision"]});
    return read;
  }();
  return models;
}

/// An environment variable, unless it is empty.
std::optional<fs::path> variable(const char *name) {
  const char *value = std::getenv(name);
  return value && *value ? std::optional<fs::path>(value) : std::nullopt;
}

/// $XDG_CACHE_HOME, or ~/.cache.
std::optional<fs::path> cacheRoot() {
  if (auto root = variable("XDG_CACHE_HOME"))
    return root;
  if (auto home = variable("HOME"))
    return *home / ".cache";
  return std::nullopt;
}

/// Where the hub's own library keeps models.
std::optional<fs::path> hubCache() {
  for (const char *name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (auto cache = variable(name))
      return cache;
  if (auto home = variable("HF_HOME"))
    return *home / "hub";
  if (auto root = cacheRoot())
    return *root / "huggingface" / "hub";
  return std::nullopt;
}

/// The model's folders in the hub's cache, the best first: of the table's
/// revision, of the one that was newest when the hub was asked, others.
std::vector<fs::path> snapshots(const PublicModel &model) {
  std::vector<fs::path> found;
  std::optional<fs::path> cache = hubCache();
  if (!cache)
    return found;
  for (std::string name : {model.repository, model.name}) {
    if (size_t slash = name.find('/'); slash != std::string::npos)
      name.replace(slash, 1, "--");
    fs::path folder = *cache / ("models--" + name);
    found.push_back(folder / "snapshots" / model.revision);
    std::string newest;
    if (std::ifstream(folder / "refs" / "main") >> newest)
      found.push_back(folder / "snapshots" / newest);
    std::vector<fs::path> others;
    std::error_code ignored;
    for (fs::directory_iterator entry(folder / "snapshots", ignored), end;
         !ignored && entry != end; entry.increment(ignored))
      others.push_back(entry->path());
    std::sort(others.begin(), others.end());
    found.insert(found.end(), others.begin(), others.end());
  }
  return found;
}

/// Whether a folder has weights, sizes and a tokenizer.
bool isModel(const fs::path &folder) {
  auto has = [&](const char *file) {
    std::error_code ignored;
    return fs::is_regular_file(folder / file, ignored);
  };
  return has("config.json") && has("model.safetensors") &&
         (has("tokenizer.json") || (has("vocab.json") && has("merges.txt")));
}

[[noreturn]] void failWithoutModel(const PublicModel &model,
                                   const fs::path &own) {
  std::error_code ignored;
  bool begun = fs::exists(own / "model.safetensors.part", ignored);
  fail(
      model.name, ": ",
      begun ? "its download is not finished" : "this model is not here yet",
      "; ./tutorial fetch ", model.name,
      begun ? " goes on with it" : " downloads it",
      ". Without a network, put config.json, model.safetensors, vocab.json and "
      "merges.txt of https://huggingface.co/",
      model.repository, "/tree/", model.revision, " into ",
      own.empty() ? "a folder and give --model FOLDER" : own.string());
}

} // namespace

std::string publicModelNames() {
  std::string names;
  for (const PublicModel &model : table())
    names += (names.empty() ? "" : ", ") + model.name;
  return names;
}

std::optional<fs::path> findPublicModel(const std::string &name) {
  auto model = std::find_if(table().begin(), table().end(), [&](auto &model) {
    return name == model.name || name == model.repository;
  });
  if (model == table().end())
    return std::nullopt;
  std::vector<fs::path> folders = snapshots(*model);
  fs::path own;
  if (auto root = cacheRoot()) {
    own = *root / "lowering-gpt2" / "models" / model->name;
    folders.insert(folders.begin(), own);
  }
  auto found = std::find_if(folders.begin(), folders.end(), isModel);
  if (found == folders.end())
    failWithoutModel(*model, own);
  return *found;
}

} // namespace gpt2
