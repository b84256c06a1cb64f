//===- json_file.cpp - JSON with errors that name the file --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/json_file.h"
#include "support/error.h"
#include "support/files.h"
#include "support/foreign.h"
#include "support/mapped_file.h"

#include <set>

namespace gpt2 {

using nlohmann::json;

json parseJsonObject(std::string_view text, const std::string &source,
                     const JsonFilter &keep) {
  constexpr int deepest = 100; // what copies and prints values recurses
  std::set<std::string> keys;
  auto onEvent = [&](int depth, json::parse_event_t event, json &parsed) {
    if (event == json::parse_event_t::key && depth == 1 &&
        !keys.insert(parsed.get<std::string>()).second)
      fail(source, ": the key ", parsed.dump(), " stands twice");
    if (depth > deepest)
      fail(source, ": nested more than ", deepest, " deep");
    return !keep || keep(depth, event, parsed);
  };
  try {
    json value = json::parse(text.begin(), text.end(), onEvent);
    if (!value.is_object())
      fail(source, ": expected a JSON object, found ", value.type_name());
    return value;
  } catch (const json::exception &error) {
    if (std::string what = describeForeign(text); !what.empty())
      fail(source, ": this is ", what);
    fail(source, ": not valid JSON: ", error.what());
  }
}

json readJsonObject(const std::filesystem::path &file, const JsonFilter &keep) {
  MappedFile mapped(file);
  std::string_view text(reinterpret_cast<const char *>(mapped.data()),
                        mapped.size());
  return parseJsonObject(text, file.string(), keep);
}

const json &field(const json &object, const std::string &name) {
  static const json null;
  if (!object.is_object())
    return null;
  auto found = object.find(name);
  return found == object.end() ? null : *found;
}

bool flag(const json &object, const std::string &name, bool otherwise,
          const std::string &source) {
  const json &value = field(object, name);
  if (value.is_null())
    return otherwise;
  if (!value.is_boolean())
    fail(source, ": \"", name, "\" is ", value.dump(),
         "; expected true or false");
  return value.get<bool>();
}

std::string toText(const json &value) {
  return value.dump(/*indent=*/2, ' ', /*ensure_ascii=*/false,
                    json::error_handler_t::replace) +
         "\n";
}

void writeJson(const std::filesystem::path &file, const json &value) {
  writeFile(file, {toText(value)});
}

} // namespace gpt2
