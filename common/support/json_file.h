//===- json_file.h - JSON with errors that name the file ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include <nlohmann/json.hpp>

namespace gpt2 {

/// Called with each key and value that parsing comes by, and how many objects
/// and arrays it is in; if it answers false, that is left out of the result.
using JsonFilter = std::function<bool(
    int depth, nlohmann::json::parse_event_t event, nlohmann::json &parsed)>;

/// Parses `text` as a JSON object. Throws an Error that starts with `source` if
/// it is not one, if a key of the outermost object stands twice, or if it is
/// nested absurdly deep.
nlohmann::json parseJsonObject(std::string_view text, const std::string &source,
                               const JsonFilter &keep = {});

/// Reads and parses `file`; throws an Error if it cannot be read or parsed.
nlohmann::json readJsonObject(const std::filesystem::path &file,
                              const JsonFilter &keep = {});

/// The field `name` of `object`; null if it is not there, or `object` is none.
const nlohmann::json &field(const nlohmann::json &object,
                            const std::string &name);

/// The same, which must be true or false; `otherwise` if it is not there.
/// Throws an Error that starts with `source`.
bool flag(const nlohmann::json &object, const std::string &name, bool otherwise,
          const std::string &source);

/// `value` as text for people, too, with a newline at its end. Of what JSON
/// cannot say, a number that is not finite is null, and bytes that are not
/// UTF-8 are U+FFFD.
std::string toText(const nlohmann::json &value);

/// Writes that to `file`, as writeFile() does.
void writeJson(const std::filesystem::path &file, const nlohmann::json &value);

} // namespace gpt2
