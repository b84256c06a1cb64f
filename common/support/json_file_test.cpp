//===- json_file_test.cpp - JSON, written and read ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/files.h"
#include "support/json_file.h"
#include "testing/messages.h"
#include "testing/test_files.h"

#include <cmath>

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;

namespace {

TEST(JsonFile, IsReadAsWritten) {
  TemporaryDirectory directory;
  std::filesystem::path file = directory / "a.json";
  nlohmann::json value = {
      {"b", 0.1},       {"a", {1, -2}},    {"large", int64_t{1} << 62},
      {"tiny", 5e-324}, {"none", nullptr}, {"text", "\u00e9\n\"\x01"}};
  writeJson(file, value);
  EXPECT_EQ(readJsonObject(file), value);
  EXPECT_EQ(readFile(file), toText(value));
  EXPECT_EQ(toText({{"b", 0.1}, {"a", {1, 2}}}),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": 0.1\n}\n");
}

TEST(JsonFile, SaysWhatJsonCan) {
  EXPECT_EQ(toText({{"a", NAN}, {"b", INFINITY}}),
            "{\n  \"a\": null,\n  \"b\": null\n}\n");
  // The name of a file may be any bytes.
  EXPECT_EQ(toText({{"a", "x\xff"}}), "{\n  \"a\": \"x\uFFFD\"\n}\n");
}

TEST(JsonFile, NamesTheFileThatCannotBeWritten) {
  TemporaryDirectory directory;
  std::filesystem::path file = directory / "no/a.json";
  EXPECT_THAT(messageOf([&] {
                writeJson(file, {{"a", 1}});
              }),
              ::testing::StartsWith(file.string() + ": cannot write"));
  EXPECT_FALSE(std::filesystem::exists(file));
}

} // namespace
