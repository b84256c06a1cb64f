//===- lld.cpp - LLVM's linker ------------------------------------------===//
#include "compiler/lld.h"
#include "model/error.h"
#include "model/files.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Program.h"

#include <deque>
#include <vector>

namespace gpt2 {
namespace {

/// A file that is gone when this is.
class TemporaryFile {
public:
  TemporaryFile() {
    if (std::error_code error =
            llvm::sys::fs::createTemporaryFile("gpt2", "o", path))
      fail("cannot make a temporary file: ", error.message());
    remover.setFile(path);
  }
  llvm::StringRef name() const { return path; }
  std::string read() const { return readFile(path.str().str()); }

private:
  llvm::SmallString<128> path;
  llvm::FileRemover remover;
};

} // namespace

std::string linkShared(std::span<const std::string> objects) {
  std::deque<TemporaryFile> inputs;
  TemporaryFile output, words;
  std::vector<llvm::StringRef> command = {GPT2_LLD, "-shared", "-o",
                                          output.name()};
  for (const std::string &object : objects) {
    inputs.emplace_back();
    writeFile(inputs.back().name().str(), {object});
    command.push_back(inputs.back().name());
  }
  std::optional<llvm::StringRef> streams[] = {std::nullopt, words.name(),
                                              words.name()};
  std::string problem;
  int code = llvm::sys::ExecuteAndWait(GPT2_LLD, command, std::nullopt, streams,
                                       /*SecondsToWait=*/60, 0, &problem);
  if (code != 0)
    fail(GPT2_LLD, ": ", problem.empty() ? words.read() : problem);
  return output.read();
}

} // namespace gpt2
