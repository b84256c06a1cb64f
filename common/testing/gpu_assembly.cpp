//===- gpu_assembly.cpp - Kernels in assembly, for tests ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "testing/gpu_assembly.h"
#include "support/error.h"
#include "support/files.h"
#include "testing/test_files.h"

#include <regex>
#include <sstream>

namespace gpt2::testing {

size_t count(const std::string &text, const std::string &expression) {
  std::regex pattern(expression);
  return static_cast<size_t>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), pattern),
                    std::sregex_iterator()));
}

std::map<std::string, std::string> kernelsIn(const std::string &assembly) {
  bool isPtx = assembly.find(".visible .entry") != std::string::npos;
  // In GCN a label, behind which there is the kernel's code and its descriptor.
  const std::regex begins(isPtx ? "\\.visible \\.entry (\\w+)\\("
                                : "([A-Za-z_]\\w*):.*"),
      ends(isPtx ? "\\}" : "\\s+\\.amdhsa_kernel.*");
  std::map<std::string, std::string> kernels;
  std::string *current = nullptr;
  std::istringstream lines(assembly);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, begins))
      current = &kernels[match[1]];
    else if (std::regex_match(line, ends))
      current = nullptr;
    else if (current)
      *current += line + "\n";
  }
  return kernels;
}

#ifdef PTXAS
std::vector<AssembledKernel> assembledBy(const std::string &ptx,
                                         const std::string &chip) {
  TemporaryDirectory directory;
  std::string file = directory / "kernels.ptx";
  writeFile(file, {ptx});
  ProgramResult result =
      runProgram(PTXAS, {"-arch=" + chip, "-v", file, "-o",
                         (directory / "kernels.cubin").string()});
  if (result.exitCode != 0)
    fail("ptxas: ", result.out, result.err);
  std::vector<AssembledKernel> kernels;
  const std::regex name("Compiling entry function '(\\w+)'"),
      memory("(\\d+) bytes stack frame, (\\d+) bytes spill stores, "
             "(\\d+) bytes spill loads"),
      registers("Used (\\d+) registers");
  std::istringstream lines(result.out + result.err);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_search(line, match, name))
      kernels.emplace_back().name = match[1];
    else if (kernels.empty())
      continue;
    else if (std::regex_search(line, match, memory)) {
      kernels.back().stack = std::stoi(match[1]);
      kernels.back().spillStores = std::stoi(match[2]);
      kernels.back().spillLoads = std::stoi(match[3]);
    } else if (std::regex_search(line, match, registers)) {
      kernels.back().registers = std::stoi(match[1]);
    }
  }
  return kernels;
}
#endif

} // namespace gpt2::testing
