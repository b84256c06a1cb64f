//===- pretended_driver.h - A library of a GPU's vendor, without a GPU --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "testing/test_files.h"

#include <cstdint>
#include <map>
#include <string>

namespace gpt2::testing {

/// CUDA's driver or HIP's runtime, with one GPU. It counts what is alive, and
/// its functions fail if that GPU is not what is current on the thread that
/// calls.
struct PretendedLibrary {
  bool isCuda = true;
  int gpus = 1;
  std::string bus = "0000:03:00.0";
  std::map<std::string, int> alive;  ///< by kind
  std::map<std::string, int> result; ///< of functions that are to fail
  std::map<std::string, int> calls;  ///< of functions
  intptr_t handles = 0;
};
extern PretendedLibrary library;

/// CUDA's context, HIP's number of a device.
extern thread_local void *currentHere;
/// What others in the process may have made current.
void *currentOfOthers();

/// The library's function of that name. Throws an Error if there is none.
void *functionOfLibrary(const char *name);

/// What Linux' kfd driver tells of a CPU, an integrated GPU in front of a
/// discrete one, a part of one in another domain, and one on an older kernel.
class KfdFolder {
public:
  KfdFolder();
  std::filesystem::path path() const { return folder.path; }

private:
  void add(const std::string &node, const std::string &properties);

  TemporaryDirectory folder;
};

} // namespace gpt2::testing
