//===- mapped_file.cpp - A file as read-only memory ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/mapped_file.h"
#include "support/error.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gpt2 {

MappedFile::MappedFile(const std::filesystem::path &file) {
  // A pipe is refused at once, and not waited for.
  int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    fail(file.string(), ": cannot open: ", std::strerror(errno));
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(fd);
    fail(file.string(), ": ", S_ISDIR(status.st_mode) ? "is a folder; " : "",
         "expected a regular file");
  }
  length = static_cast<size_t>(status.st_size);
  if (length > 0) {
    void *address = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, fd, 0);
    int mapError = errno;
    close(fd);
    if (address == MAP_FAILED)
      fail(file.string(), ": cannot map: ", std::strerror(mapError));
    begin = static_cast<std::byte *>(address);
    madvise(address, length, MADV_SEQUENTIAL);
  } else {
    close(fd);
  }
}

MappedFile::~MappedFile() {
  if (begin)
    munmap(begin, length);
}

void MappedFile::release(std::span<const std::byte> range) const {
  if (range.empty())
    return;
  // Whole pages only; a page shared with a neighbour is read from disk again.
  auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  uintptr_t first = reinterpret_cast<uintptr_t>(range.data()) & ~(page - 1);
  uintptr_t last = reinterpret_cast<uintptr_t>(range.data()) + range.size();
  madvise(reinterpret_cast<void *>(first), last - first, MADV_DONTNEED);
}

} // namespace gpt2
