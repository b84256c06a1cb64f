//===- pages.cpp - What the kernel is told about memory -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/pages.h"

#include <cstdint>

#include <sys/mman.h>
#include <unistd.h>

namespace gpt2 {
namespace {

void advise(void *data, size_t bytes, int advice) {
  auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto from = reinterpret_cast<uintptr_t>(data);
  uintptr_t to = (from + bytes) / page * page;
  from = (from + page - 1) / page * page;
  if (from < to) // a kernel that does not know the advice goes on as before
    (void)madvise(reinterpret_cast<void *>(from), to - from, advice);
}

} // namespace

void useLargePages(void *data, size_t bytes) {
  advise(data, bytes, MADV_HUGEPAGE);
}

void dropPages(void *data, size_t bytes) { advise(data, bytes, MADV_DONTNEED); }

} // namespace gpt2
