//===- files_test.cpp - Files appear whole or not at all ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/files.h"
#include "support/mapped_file.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

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

int modeOf(const std::filesystem::path &file) {
  struct stat status;
  return stat(file.c_str(), &status) == 0 ? status.st_mode & 07777 : -1;
}

TEST(Files, NewOnesHaveTheRightsOfTheUmask) {
  TemporaryDirectory directory;
  mode_t before = umask(027);
  writeFile(directory / "new", {"x"});
  umask(before);
  EXPECT_EQ(modeOf(directory / "new"), 0640);
}

TEST(Files, ReplacedOnesKeepTheirRights) {
  TemporaryDirectory directory;
  std::filesystem::path file = directory / "old";
  writeFile(file, {"x"});
  for (mode_t mode : {0600, 0755, 0664}) {
    chmod(file.c_str(), mode);
    writeFile(file, {"y"});
    EXPECT_EQ(modeOf(file), static_cast<int>(mode));
  }
  EXPECT_EQ(readFile(file), "y");
}

TEST(Files, LinksStayAndWhatTheyLeadToIsReplaced) {
  TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "a");
  std::filesystem::create_symlink("a/b", directory / "link");
  std::filesystem::create_symlink("c", directory / "a/b");
  for (const char *text : {"made", "replaced"}) {
    writeFile(directory / "link", {text});
    EXPECT_TRUE(std::filesystem::is_symlink(directory / "link"));
    EXPECT_TRUE(std::filesystem::is_symlink(directory / "a/b"));
    EXPECT_EQ(readFile(directory / "a/c"), text);
  }
  std::filesystem::create_symlink("circle", directory / "circle");
  EXPECT_THAT(errorOf([&] { writeFile(directory / "circle", {"x"}); }),
              HasSubstr("circle: cannot write: Too many levels"));
}

TEST(Files, APipeIsWrittenToAndReadFrom) {
  TemporaryDirectory directory;
  std::filesystem::path pipe = directory / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::string long_(300000, 'x'), read; // longer than what a pipe holds
  std::thread reader([&] { read = readFile(pipe); });
  writeFile(pipe, {"5\n", long_});
  reader.join();
  EXPECT_EQ(read, "5\n" + long_);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
  // What is mapped cannot be a pipe; nobody waits for a writer.
  EXPECT_THAT(errorOf([&] { MappedFile file(pipe); }),
              HasSubstr("expected a regular file"));
}

// As /dev/stdout does, the link leads to an open file, which stays the same.
TEST(Files, AnOpenFileIsWrittenTo) {
  TemporaryDirectory directory;
  std::FILE *open = std::fopen((directory / "out").c_str(), "w");
  std::fputs("before ", open);
  std::fflush(open);
  std::string name = "/proc/self/fd/" + std::to_string(fileno(open));
  std::filesystem::create_symlink(name, directory / "link");
  writeFile(directory / "link", {"report "});
  std::fputs("behind", open);
  std::fclose(open);
  EXPECT_EQ(readFile(directory / "out"), "before report behind");
}

TEST(Files, SayWhatCannotBeRead) {
  TemporaryDirectory directory;
  EXPECT_THAT(errorOf([&] { readFile(directory / "none"); }),
              HasSubstr("none: cannot open: No such file"));
  EXPECT_THAT(errorOf([&] { readFile(directory.path); }),
              HasSubstr("is a folder; expected a file"));
  EXPECT_THAT(errorOf([&] { MappedFile file(directory.path); }),
              HasSubstr("is a folder; expected a regular file"));
}

TEST(Files, InputsMayComeFromStdin) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "7\n8", 3), 3);
  close(ends[1]);
  int before = dup(STDIN_FILENO);
  dup2(ends[0], STDIN_FILENO);
  std::vector<int32_t> ids = readTokenIds("-");
  dup2(before, STDIN_FILENO);
  close(before);
  close(ends[0]);
  EXPECT_THAT(ids, ElementsAre(7, 8));
  EXPECT_EQ(nameOfInput("-"), "standard input");
}

TEST(Files, LinesEndAsTheirSystemHasThem) {
  EXPECT_THAT(linesOf("\xEF\xBB\xBF"
                      "a\r\n\n b\rc \r\nd"),
              ElementsAre("a", "", " b\rc ", "d"));
  EXPECT_THAT(linesOf("a\n"), ElementsAre("a"));
  EXPECT_TRUE(linesOf("").empty());
}

TEST(Files, TokenIds) {
  TemporaryDirectory directory;
  auto read = [&](const char *text) {
    writeFile(directory / "ids", {text});
    return readTokenIds(directory / "ids");
  };
  EXPECT_THAT(read("5\n 17\t\r\n\n0"), ElementsAre(5, 17, 0));
  EXPECT_TRUE(read("").empty());
  for (const char *bad : {"1\ntwo\n", "1\n2 3\n", "1\n2.5", "1\n99999999999",
                          "1\n0x2", "1\n+2", "1\n2x"})
    EXPECT_THAT(errorOf([&] { read(bad); }), HasSubstr("ids:2: \""));
}

} // namespace
