//===- json_file.cpp - JSON with errors that name the file --------------===//
#include "model/json_file.h"
#include "model/error.h"
#include "model/mapped_file.h"

#include <set>

namespace gpt2 {

using nlohmann::json;

json parseJsonObject(std::string_view text, const std::string &source) {
  std::set<std::string> keys;
  auto onEvent = [&](int depth, json::parse_event_t event, json &parsed) {
    if (event == json::parse_event_t::key && depth == 1 &&
        !keys.insert(parsed.get<std::string>()).second)
      fail(source, ": the key ", parsed.dump(), " stands twice");
    return true;
  };
  try {
    json value = json::parse(text.begin(), text.end(), onEvent);
    if (!value.is_object())
      fail(source, ": expected a JSON object, found ", value.type_name());
    return value;
  } catch (const json::exception &error) {
    fail(source, ": not valid JSON: ", error.what());
  }
}

json readJsonObject(const std::filesystem::path &file) {
  MappedFile mapped(file);
  std::string_view text(reinterpret_cast<const char *>(mapped.data()),
                        mapped.size());
  return parseJsonObject(text, file.string());
}

} // namespace gpt2
