//===- safetensors.cpp - The index of a safetensors file ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/checkpoint/safetensors.h"
#include "model/element_type.h"
#include "support/error.h"
#include "support/foreign.h"
#include "support/json_file.h"

#include <algorithm>
#include <cstring>

namespace gpt2 {
namespace {

using nlohmann::json;

/// The format's own bound on the header (100 MB), which no honest file nears.
constexpr uint64_t maxHeaderBytes = 100'000'000;

std::vector<uint64_t> readNumbers(const json &entry, const char *field,
                                  const std::string &where) {
  if (!entry.is_object() || !entry.contains(field) || !entry[field].is_array())
    fail(where, ": \"", field, "\" is missing or not a list");
  std::vector<uint64_t> numbers;
  for (const json &value : entry[field]) {
    if (!value.is_number_unsigned())
      fail(where, ": \"", field, "\" holds ", value.dump(),
           "; expected whole numbers from 0");
    numbers.push_back(value.get<uint64_t>());
  }
  return numbers;
}

/// The bytes that the shape takes, for a dtype we know; refuses overflow.
void checkSize(const SafetensorsEntry &entry, const std::string &where) {
  std::optional<ElementType> type = elementTypeFromName(entry.dtype);
  if (!type)
    return;
  uint64_t expected = sizeOf(*type);
  for (int64_t dim : entry.shape)
    if (__builtin_mul_overflow(expected, static_cast<uint64_t>(dim), &expected))
      fail(where, ": the shape's size overflows");
  if (expected != entry.bytes.size())
    fail(where, ": ", entry.dtype, " of its shape takes ", expected,
         " bytes, its data_offsets span ", entry.bytes.size());
}

} // namespace

std::map<std::string, SafetensorsEntry>
readSafetensorsIndex(const MappedFile &file, const std::string &source) {
  uint64_t headerBytes = 0;
  if (file.size() < sizeof headerBytes)
    fail(source, ": ", file.size(),
         " bytes are too few for a safetensors file; is the download whole?");
  std::memcpy(&headerBytes, file.data(), sizeof headerBytes);
  if (std::string what = describeForeign(
          std::string_view(reinterpret_cast<const char *>(file.data()),
                           std::min<size_t>(file.size(), 64)));
      !what.empty())
    fail(source, ": this is ", what);
  if (headerBytes > maxHeaderBytes || headerBytes > file.size() - 8)
    fail(source, ": the header claims ", headerBytes, " bytes, the file has ",
         file.size(), "; not a safetensors file, or cut short");
  std::string_view header(reinterpret_cast<const char *>(file.data()) + 8,
                          headerBytes);
  json index = parseJsonObject(header, source + ": header");
  std::span<const std::byte> data = file.bytes().subspan(8 + headerBytes);

  std::map<std::string, SafetensorsEntry> entries;
  struct Range {
    uint64_t begin, end;
    std::string name;
  };
  std::vector<Range> ranges;
  for (const auto &[name, fields] : index.items()) {
    if (name == "__metadata__")
      continue;
    std::string where = source + ": tensor " + name;
    std::vector<uint64_t> shape = readNumbers(fields, "shape", where);
    std::vector<uint64_t> offsets = readNumbers(fields, "data_offsets", where);
    if (!fields.contains("dtype") || !fields["dtype"].is_string())
      fail(where, ": \"dtype\" is missing or not a string");
    if (offsets.size() != 2 || offsets[0] > offsets[1])
      fail(where, ": data_offsets must be [begin, end]");
    if (offsets[1] > data.size())
      fail(where, ": its data ends at byte ", offsets[1], " of ", data.size(),
           "; the file is cut short, or its header lies");
    SafetensorsEntry entry;
    entry.dtype = fields["dtype"].get<std::string>();
    for (uint64_t dim : shape) {
      if (dim > INT64_MAX)
        fail(where, ": dimension ", dim, " is absurd");
      entry.shape.push_back(static_cast<int64_t>(dim));
    }
    entry.bytes = data.subspan(offsets[0], offsets[1] - offsets[0]);
    checkSize(entry, where);
    ranges.push_back({offsets[0], offsets[1], name});
    entries.emplace(name, std::move(entry));
  }

  std::sort(ranges.begin(), ranges.end(), [](const Range &a, const Range &b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  uint64_t end = 0;
  for (const Range &range : ranges) {
    if (range.begin != end)
      fail(source, ": tensor ", range.name, ": its data begins at byte ",
           range.begin, ", where ", end, " is expected: tensors ",
           range.begin < end ? "overlap" : "leave a hole");
    end = range.end;
  }
  if (end != data.size())
    fail(source, ": ", data.size() - end,
         " bytes follow the last tensor; the header does not describe them");
  return entries;
}

} // namespace gpt2
