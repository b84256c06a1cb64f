//===- test_files.cpp - Temporary folders, and programs run in them -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "testing/test_files.h"
#include "support/files.h"

#include <cstdlib>
#include <fstream>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace gpt2::testing {
namespace fs = std::filesystem;

static fs::path makeDirectory() {
  std::string name = fs::temp_directory_path() / "gpt2-test-XXXXXX";
  if (!mkdtemp(name.data()))
    fail("cannot make a temporary folder ", name);
  return name;
}

TemporaryDirectory::TemporaryDirectory() : path(makeDirectory()) {}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

ProgramResult runProgram(const std::string &program,
                         const std::vector<std::string> &arguments) {
  TemporaryDirectory directory;
  std::string out = directory / "out", err = directory / "err";
  std::vector<char *> argv = {const_cast<char *>(program.c_str())};
  for (const std::string &argument : arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                   O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(),
                                   O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(),
                                   O_WRONLY | O_CREAT, 0600);
  pid_t child;
  int error = posix_spawnp(&child, program.c_str(), &actions, nullptr,
                           argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error)
    fail("cannot run ", program);
  int status = 0;
  waitpid(child, &status, 0);
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return {code, readFile(out), readFile(err)};
}

fs::path externalData() {
  const char *path = std::getenv("GPT2_TEST_DATA");
  return path ? path : "";
}

} // namespace gpt2::testing
