//===- json_file.h - JSON with errors that name the file ----------------===//
#pragma once

#include <filesystem>
#include <string_view>

#include <nlohmann/json.hpp>

namespace gpt2 {

/// Parses `text` as a JSON object. Throws an Error that starts with `source` if
/// it is not one, or if a key of the outermost object stands twice.
nlohmann::json parseJsonObject(std::string_view text,
                               const std::string &source);

/// Reads and parses `file`; throws an Error if it cannot be read or parsed.
nlohmann::json readJsonObject(const std::filesystem::path &file);

} // namespace gpt2
