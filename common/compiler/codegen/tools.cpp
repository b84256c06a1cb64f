//===- tools.cpp - Programs that a compilation calls --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/tools.h"
#include "support/error.h"
#include "support/files.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Program.h"

#include <cstdlib>
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

/// Runs `program` and returns what it wrote into `output`. Throws an Error with
/// what it printed if it fails.
std::string run(const std::string &program,
                const std::vector<llvm::StringRef> &arguments,
                const TemporaryFile &output) {
  TemporaryFile words;
  std::vector<llvm::StringRef> command = {program};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::optional<llvm::StringRef> streams[] = {std::nullopt, words.name(),
                                              words.name()};
  std::string problem;
  int code = llvm::sys::ExecuteAndWait(program, command, std::nullopt, streams,
                                       /*SecondsToWait=*/60, 0, &problem);
  if (code != 0)
    fail(program, ": ", problem.empty() ? words.read() : problem);
  return output.read();
}

} // namespace

std::string linkShared(std::span<const std::string> objects) {
  std::deque<TemporaryFile> inputs;
  TemporaryFile output;
  std::vector<llvm::StringRef> arguments = {"-shared", "-o", output.name()};
  for (const std::string &object : objects) {
    inputs.emplace_back();
    writeFile(inputs.back().name().str(), {object});
    arguments.push_back(inputs.back().name());
  }
  return run(GPT2_LLD, arguments, output);
}

std::optional<std::string> assembleCubin(const std::string &ptx,
                                         const std::string &chip) {
  auto ptxas = llvm::sys::findProgramByName("ptxas");
  if (!ptxas) {
    const char *cuda = std::getenv("CUDA_PATH");
    std::string own = (cuda ? cuda : "") + std::string("/bin");
    ptxas = llvm::sys::findProgramByName("ptxas", {own, "/usr/local/cuda/bin"});
  }
  if (!ptxas)
    return std::nullopt;
  TemporaryFile input, output;
  writeFile(input.name().str(), {ptx});
  std::string architecture = "-arch=" + chip;
  return run(*ptxas, {architecture, input.name(), "-o", output.name()}, output);
}

} // namespace gpt2
