//===- files_test.cpp - Files appear whole or not at all ----------------===//
#include "model/files.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

TEST(Files, Npy) {
  TemporaryDirectory directory;
  const float data[] = {1, 2, 3, 4, 5, 6};
  writeNpy(directory / "a.npy", data, 2, 3);
  std::string bytes = readFile(directory / "a.npy");
  // NumPy's format, version 1.0: the data begin at a multiple of 64 bytes.
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  size_t header = 10 + static_cast<unsigned char>(bytes[8]) +
                  256 * static_cast<unsigned char>(bytes[9]);
  EXPECT_EQ(header % 64, 0u);
  EXPECT_THAT(bytes.substr(10, header - 10),
              HasSubstr("'descr': '<f4', 'fortran_order': False, "
                        "'shape': (2, 3), }"));
  EXPECT_EQ(bytes[header - 1], '\n');
  ASSERT_EQ(bytes.size(), header + sizeof data);
  EXPECT_EQ(
      bytes.substr(header),
      std::string_view(reinterpret_cast<const char *>(data), sizeof data));
}

TEST(Files, NpyOfDoubles) {
  TemporaryDirectory directory;
  std::vector<double> data = {1.5, -2};
  writeNpy(directory / "a.npy", data, 1, 2);
  std::string bytes = readFile(directory / "a.npy");
  EXPECT_NE(bytes.find("'descr': '<f8'"), std::string::npos);
  ASSERT_EQ(bytes.size() % 64, 16u);
  EXPECT_EQ(bytes.substr(bytes.size() - 16),
            std::string(reinterpret_cast<const char *>(data.data()), 16));
}

TEST(Files, NothingIsLeftOfAWriteThatFails) {
  TemporaryDirectory directory;
  EXPECT_THAT(errorOf([&] { writeFile(directory / "no/file", {"x"}); }),
              HasSubstr("cannot write: No such file"));
  // A folder of that name: the rename fails after all was written.
  std::filesystem::create_directory(directory / "taken");
  writeFile(directory / "taken/inside", {"x"});
  EXPECT_THAT(errorOf([&] { writeFile(directory / "taken", {"x"}); }),
              HasSubstr("cannot write"));
  int entries = 0;
  for ([[maybe_unused]] auto &entry :
       std::filesystem::directory_iterator(directory.path))
    ++entries;
  EXPECT_EQ(entries, 1);
}

TEST(Files, TokenIds) {
  TemporaryDirectory directory;
  auto read = [&](const char *text) {
    writeFile(directory / "ids", {text});
    return readTokenIds(directory / "ids");
  };
  EXPECT_THAT(read("5\n 17\t\r\n\n0"), ElementsAre(5, 17, 0));
  EXPECT_TRUE(read("").empty());
  for (const char *bad : {"1\ntwo\n", "1\n2 3\n", "1\n2.5", "1\n99999999999"})
    EXPECT_THAT(errorOf([&] { read(bad); }), HasSubstr("ids:2: \""));
}

} // namespace
