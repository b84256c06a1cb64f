//===- output.cpp - What a program prints -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/output.h"
#include "support/error.h"

#include <cerrno>
#include <cstring>
#include <iostream>

#include <fcntl.h>
#include <unistd.h>

namespace gpt2 {

void print(std::string_view text) {
  errno = 0;
  if (std::cout << text << std::flush)
    return;
  int error = errno;
  fail("the output could not be written",
       error ? std::string(": ") + std::strerror(error) : "");
}

void occupyStandardStreams() {
  for (int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(number, F_GETFD) < 0 && errno == EBADF)
      // The least number that is free. Neither reading nor writing works, as
      // before.
      (void)!open("/dev/null", O_PATH);
}

} // namespace gpt2
