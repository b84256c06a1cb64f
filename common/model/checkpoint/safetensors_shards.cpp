//===- safetensors_shards.cpp - A model in one file or in several -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/checkpoint/safetensors.h"
#include "support/error.h"
#include "support/json_file.h"

namespace gpt2 {
namespace {

namespace fs = std::filesystem;

/// The file that an index names for `tensor`: one beside it.
std::string shardOf(const nlohmann::json &value, const std::string &tensor,
                    const std::string &source) {
  if (!value.is_string())
    fail(source, ": tensor ", tensor, " is in ", value.dump(),
         "; expected the name of a file");
  auto name = value.get<std::string>();
  if (name.empty() || name == "." || name == ".." ||
      name.find('/') != std::string::npos)
    fail(source, ": tensor ", tensor, " is in \"", name,
         "\"; expected the name of a file in the same folder");
  return name;
}

} // namespace

SafetensorsModel::SafetensorsModel(const fs::path &path) {
  if (!path.filename().string().ends_with(".index.json")) {
    add(path);
    return;
  }
  std::string source = path.string();
  nlohmann::json index = readJsonObject(path);
  if (!index.contains("weight_map") || !index["weight_map"].is_object())
    fail(source, ": \"weight_map\" is missing or not an object");
  std::map<std::string, std::string> shards; // by tensor
  for (const auto &[tensor, value] : index["weight_map"].items())
    shards[tensor] = shardOf(value, tensor, source);
  std::map<std::string, fs::path> files; // by name
  for (const auto &[tensor, shard] : shards)
    files[shard] = path.parent_path() / shard;
  for (const auto &[shard, file] : files) {
    if (!fs::exists(file))
      fail(file.string(), ": no such file; ", source,
           " says that tensors are in it");
    add(file);
  }
  for (const auto &[tensor, shard] : shards) {
    auto found = all.find(tensor);
    if (found == all.end() || found->second.source != files[shard].string())
      fail(source, ": tensor ", tensor, " is not in ", shard,
           ", where it should be");
  }
  for (const auto &[name, tensor] : all)
    if (!shards.contains(name))
      fail(tensor.source, ": tensor ", name, " is not in ", source);
}

void SafetensorsModel::add(const fs::path &path) {
  auto file = std::make_shared<MappedFile>(path);
  std::string source = path.string();
  for (auto &[name, entry] : readSafetensorsIndex(*file, source)) {
    auto [other, isNew] = all.emplace(name, Tensor{entry, file, source});
    if (!isNew)
      fail(source, ": tensor ", name, " is in ", other->second.source, ", too");
  }
}

} // namespace gpt2
