//===- object_cache_test.cpp - Whole entries or none --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/object_cache.h"
#include "support/files.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

TEST(ObjectCache, FindsWhatWasStored) {
  TemporaryDirectory directory;
  ObjectCache cache(directory / "a/b"); // made as needed
  EXPECT_EQ(cache.find("k"), std::nullopt);
  cache.store("k", "object");
  EXPECT_EQ(cache.find("k"), "object");
  EXPECT_EQ(cache.find("l"), std::nullopt);
}

TEST(ObjectCache, KeysDependOnEveryPart) {
  EXPECT_EQ(ObjectCache::keyOf({"ab", "c"}), ObjectCache::keyOf({"ab", "c"}));
  EXPECT_NE(ObjectCache::keyOf({"ab", "c"}), ObjectCache::keyOf({"a", "bc"}));
  EXPECT_NE(ObjectCache::keyOf({"ab", "c"}), ObjectCache::keyOf({"c", "ab"}));
  EXPECT_NE(ObjectCache::keyOf({"ab", ""}), ObjectCache::keyOf({"ab"}));
}

TEST(ObjectCache, ADamagedEntryIsNone) {
  TemporaryDirectory directory;
  ObjectCache cache(directory.path);
  cache.store("k", std::string(1000, 'x'));
  std::filesystem::path file = directory / "llvmcache-k";
  std::string good = readFile(file);
  for (size_t size : {size_t{0}, size_t{10}, size_t{32}, good.size() - 1}) {
    writeFile(file, {std::string_view(good).substr(0, size)});
    EXPECT_EQ(cache.find("k"), std::nullopt);
  }
  std::string flipped = good;
  flipped[500] ^= 1;
  writeFile(file, {flipped});
  EXPECT_EQ(cache.find("k"), std::nullopt);
}

/// Models lie there, too.
TEST(ObjectCache, PrunesWhatIsItsOwn) {
  TemporaryDirectory directory;
  std::filesystem::path models = directory / "models/gpt2",
                        model = models / "model.safetensors",
                        old = directory / "llvmcache-old";
  std::filesystem::create_directories(models);
  writeFile(model, {"x"});
  writeFile(old, {"x"});
  const timespec longAgo[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  for (const std::filesystem::path &path : {old, model, models})
    utimensat(AT_FDCWD, path.c_str(), longAgo, 0); // read, written
  ObjectCache(directory.path).store("key", "object");
  EXPECT_FALSE(std::filesystem::exists(old));
  EXPECT_TRUE(std::filesystem::exists(model));
}

TEST(ObjectCache, SeveralProcessesWriteAtOnce) {
  TemporaryDirectory directory;
  ObjectCache cache(directory.path);
  cache.store("k", std::string(100000, '0'));
  std::vector<pid_t> writers;
  for (char fill : {'1', '2', '3'}) {
    pid_t child = fork();
    if (child == 0) {
      for (int i = 0; i < 200; ++i)
        cache.store("k", std::string(100000, fill));
      _exit(0);
    }
    writers.push_back(child);
  }
  // Whoever wrote last, an entry is there at every moment, and is of one piece.
  for (int i = 0; i < 500; ++i) {
    std::optional<std::string> object = cache.find("k");
    ASSERT_TRUE(object.has_value());
    ASSERT_EQ(*object, std::string(100000, object->front()));
  }
  for (pid_t writer : writers) {
    int status;
    waitpid(writer, &status, 0);
    EXPECT_EQ(status, 0);
  }
}

TEST(ObjectCache, SaysWhereItCannotWrite) {
  TemporaryDirectory directory;
  writeFile(directory / "file", {"not a folder"});
  for (const char *name : {"file", "file/cache"}) {
    ObjectCache cache(directory / name);
    EXPECT_EQ(cache.find("k"), std::nullopt);
    EXPECT_THAT(errorOf([&] { cache.store("k", "object"); }),
                HasSubstr(std::string(name) +
                          ": cannot make this folder: Not a directory"));
  }
}

// Root may read everything, so a folder in the entry's place stands for what
// cannot be read or written.
TEST(ObjectCache, WhatCannotBeReadIsNone) {
  TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "llvmcache-k");
  ObjectCache cache(directory.path);
  EXPECT_EQ(cache.find("k"), std::nullopt);
  EXPECT_THAT(errorOf([&] { cache.store("k", "object"); }),
              HasSubstr("cannot write"));
}

TEST(ObjectCache, IsInTheUsersCacheFolder) {
  auto before = [](const char *name) -> std::optional<std::string> {
    const char *value = std::getenv(name);
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
  auto xdg = before("XDG_CACHE_HOME"), home = before("HOME");
  setenv("HOME", "/home/me", 1);
  setenv("XDG_CACHE_HOME", "/caches", 1);
  EXPECT_EQ(ObjectCache::defaultDirectory(), "/caches/lowering-gpt2");
  setenv("XDG_CACHE_HOME", "", 1);
  EXPECT_EQ(ObjectCache::defaultDirectory(), "/home/me/.cache/lowering-gpt2");
  setenv("HOME", "", 1);
  EXPECT_EQ(ObjectCache::defaultDirectory(), std::nullopt);
  auto restore = [](const char *name, const std::optional<std::string> &value) {
    value ? setenv(name, value->c_str(), 1) : unsetenv(name);
  };
  restore("XDG_CACHE_HOME", xdg);
  restore("HOME", home);
}

} // namespace
