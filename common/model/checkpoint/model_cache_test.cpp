//===- model_cache_test.cpp - Public models are found where they lie ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/model_cache.h"
#include "support/files.h"
#include "testing/test_files.h"
#include "testing/test_models.h"

#include <gmock/gmock.h>

#include <cstdlib>

using namespace gpt2;
using namespace gpt2::testing;
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Optional;

namespace {

/// An empty home, and none of the variables that lead elsewhere.
class ModelCache : public ::testing::Test {
protected:
  ModelCache() {
    for (const char *name : {"XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE",
                             "HUGGINGFACE_HUB_CACHE", "HOME"}) {
      const char *value = std::getenv(name);
      before.emplace_back(name, value ? std::optional<std::string>(value)
                                      : std::nullopt);
      unsetenv(name);
    }
    set("HOME", directory.path);
  }

  ~ModelCache() override {
    for (const auto &[name, value] : before)
      value ? setenv(name, value->c_str(), 1) : unsetenv(name);
  }

  void set(const char *name, const fs::path &value) {
    setenv(name, value.c_str(), 1);
  }

  /// Makes `folder` one with a model, or with these files.
  fs::path put(const std::string &folder,
               std::vector<const char *> files = {"config.json",
                                                  "model.safetensors",
                                                  "vocab.json", "merges.txt"}) {
    fs::create_directories(directory / folder);
    for (const char *file : files)
      writeFile(directory / folder / file, {"x"});
    return directory / folder;
  }

  TemporaryDirectory directory;

private:
  std::vector<std::pair<const char *, std::optional<std::string>>> before;
};

const std::string hub = ".cache/huggingface/hub/models--openai-community--gpt2";
const std::string own = ".cache/lowering-gpt2/models/gpt2";
const std::string revision = "607a30d783dfa663caf39e06633721c8d4cfcd7e";

TEST_F(ModelCache, BestFolderFirst) {
  fs::path old = put(".cache/huggingface/hub/models--gpt2/snapshots/z");
  EXPECT_THAT(findPublicModel("gpt2"), Optional(old));
  fs::path other = put(hub + "/snapshots/a");
  fs::path newest = put(hub + "/snapshots/b");
  EXPECT_THAT(findPublicModel("gpt2"), Optional(other));
  fs::create_directories(directory / hub / "refs");
  writeFile(directory / hub / "refs/main", {"b\n"});
  EXPECT_THAT(findPublicModel("gpt2"), Optional(newest));
  fs::path pinned = put(hub + "/snapshots/" + revision);
  EXPECT_THAT(findPublicModel("gpt2"), Optional(pinned));
  put(own, {"config.json", "vocab.json", "merges.txt"}); // a download begun
  EXPECT_THAT(findPublicModel("gpt2"), Optional(pinned));
  fs::path fetched = put(own);
  EXPECT_THAT(findPublicModel("gpt2"), Optional(fetched));
  EXPECT_THAT(findPublicModel("openai-community/gpt2"), Optional(fetched));
}

TEST_F(ModelCache, FilesMayBeLinksAndTheTokenizerOneFile) {
  // The hub's library keeps contents by their checksums, and links to them.
  fs::path blobs = put(hub + "/blobs");
  fs::path snapshot = directory / hub / "snapshots/c";
  fs::create_directories(snapshot);
  for (const char *file : {"config.json", "model.safetensors"})
    fs::create_symlink(blobs / file, snapshot / file);
  EXPECT_THAT(errorOf([] { findPublicModel("gpt2"); }), HasSubstr("not here"));
  fs::create_symlink(blobs / "vocab.json", snapshot / "tokenizer.json");
  EXPECT_THAT(findPublicModel("gpt2"), Optional(snapshot));
  fs::remove(blobs / "model.safetensors"); // the link leads nowhere
  EXPECT_THAT(errorOf([] { findPublicModel("gpt2"); }), HasSubstr("not here"));
}

TEST_F(ModelCache, VariablesSayWhere) {
  const std::string snapshot = "models--openai-community--gpt2/snapshots/x";
  struct {
    const char *variable, *value, *hub;
  } places[] = {{"XDG_CACHE_HOME", "xdg", "xdg/huggingface/hub/"},
                {"HF_HOME", "hf", "hf/hub/"},
                {"HUGGINGFACE_HUB_CACHE", "older", "older/"},
                {"HF_HUB_CACHE", "hub", "hub/"}};
  for (auto [variable, value, hub] : places) {
    fs::path expected = put(hub + snapshot);
    set(variable, directory / value);
    EXPECT_THAT(findPublicModel("gpt2"), Optional(expected));
  }
  fs::path fetched = put("xdg/lowering-gpt2/models/gpt2");
  EXPECT_THAT(findPublicModel("gpt2"), Optional(fetched));
}

TEST_F(ModelCache, SaysHowToGetAModel) {
  EXPECT_EQ(findPublicModel("gpt3"), std::nullopt);
  EXPECT_EQ(publicModelNames(),
            "distilgpt2, gpt2, gpt2-large, gpt2-medium, gpt2-xl");
  auto distilled = [] { Checkpoint::open("distilgpt2"); };
  EXPECT_THAT(
      errorOf(distilled),
      AllOf(HasSubstr("distilgpt2: this model is not here yet; "
                      "./tutorial fetch distilgpt2 downloads it"),
            HasSubstr("https://huggingface.co/distilbert/distilgpt2/tree/2290"),
            HasSubstr("into " + (directory / ".cache/lowering-gpt2/models/"
                                             "distilgpt2")
                                    .string())));
  put(".cache/lowering-gpt2/models/distilgpt2", {"model.safetensors.part"});
  EXPECT_THAT(errorOf(distilled),
              HasSubstr("its download is not finished; ./tutorial fetch "
                        "distilgpt2 goes on with it"));
  unsetenv("HOME");
  EXPECT_THAT(errorOf(distilled), HasSubstr("into a folder and give --model"));
  EXPECT_THAT(errorOf([] { Checkpoint::open("gpt3"); }),
              HasSubstr("gpt3: no such model; expected"));
}

TEST_F(ModelCache, CheckpointOpensWhatIsThere) {
  Config config = makeConfig(1, 2, 16, 8, 11);
  put(own);
  writeConfig(directory / own / "config.json", config);
  SafetensorsFile::of(randomWeights(config), ElementType::F32)
      .write(directory / own / "model.safetensors");
  EXPECT_EQ(Checkpoint::open("gpt2")->config(), config);
}

} // namespace
