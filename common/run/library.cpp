//===- library.cpp - What a chapter's --aot wrote -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "run/library.h"
#include "device/program_abi.h"
#include "support/error.h"
#include "support/json_file.h"
#include "support/mapped_file.h"
#include "support/numbers.h"

#include <cstring>

#include <elf.h>

namespace gpt2 {
namespace {

#if defined(__x86_64__)
constexpr uint16_t machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t machine = EM_AARCH64;
#else
constexpr uint16_t machine = EM_NONE; // dlopen() says whether it fits
#endif

/// The path of a whole library, with which dlopen() does not look elsewhere.
std::string checked(const std::filesystem::path &file) {
  requireWholeLibrary(file);
  return std::filesystem::absolute(file).string();
}

} // namespace

// As elf(5) has it; a linker writes the sections' headers last.
void requireWholeLibrary(const std::filesystem::path &path) {
  MappedFile file(path);
  auto name = path.string();
  Elf64_Ehdr header;
  if (file.size() < SELFMAG || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0)
    fail("no library: ", name,
         ": expected what a chapter's program writes with --aot");
  auto requireBytes = [&](uint64_t offset, uint64_t bytes) {
    if (offset > file.size() || bytes > file.size() - offset)
      fail("no library: ", name, ": has ", file.size(),
           " bytes, and its headers speak of more: it was cut short; copy it "
           "again, or write it again with --aot");
  };
  requireBytes(0, sizeof header);
  std::memcpy(&header, file.data(), sizeof header);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_DYN ||
      (machine != EM_NONE && header.e_machine != machine))
    fail("no library: ", name,
         ": is a program or library of another kind, or for other machines");
  requireBytes(header.e_phoff, uint64_t{header.e_phnum} * sizeof(Elf64_Phdr));
  requireBytes(header.e_shoff, uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, file.data() + header.e_phoff + i * sizeof segment,
                sizeof segment);
    requireBytes(segment.p_offset, segment.p_filesz);
  }
}

Library::Library(const std::filesystem::path &file)
    : library("library", {checked(file).c_str()}) {
  auto *text =
      static_cast<const char *>(library.findIfAny(program_abi::programs.name));
  if (!text)
    fail(file.string(), ": a library without ", program_abi::programs.name,
         "; expected what a "
         "chapter's program writes with --aot");
  about =
      parseJsonObject(text, file.string() + ": " + program_abi::programs.name);
  if (about.value("abi", 0) != program_abi::version)
    fail(file.string(), ": written for version ", about.value("abi", 0),
         " of what programs and gpt2-run agree on, and this is version ",
         program_abi::version, "; write it again with --aot");
}

void Library::requireModel(const Config &config) const {
  const nlohmann::json &compiled = about.at("model");
  for (const auto &[name, value] : config.traits())
    if (compiled.value(name, "none") != value)
      fail("the library was compiled for a model with ", name, " ",
           compiled.value(name, "none"), ", and this one has ", value,
           "; compile it for this model: --aot with --model");
}

std::string Library::suffixFor(const std::string &device,
                               const std::string &chip) const {
  std::string best;
  int newest = 0;
  for (const auto &program : about.at("programs")) {
    if (program.at("device") != device)
      continue;
    std::string its = program.value("chip", ""), suffix = program.at("suffix");
    if (device != "gpu" || its == chip)
      return suffix;
    auto version = [](const std::string &name) {
      return numberFrom<int>(name.substr(3)).value_or(0);
    };
    if (its.starts_with("sm_") && chip.starts_with("sm_") &&
        version(its) <= version(chip) && version(its) > newest) {
      newest = version(its);
      best = suffix;
    }
  }
  return best;
}

Executable Library::load(const std::string &suffix) const {
  return Executable([library = library, suffix](const std::string &name) {
    return library.findIfAny(name + suffix);
  });
}

std::string Library::chips() const {
  std::string list;
  for (const auto &program : about.at("programs"))
    if (program.at("device") == "gpu")
      list += (list.empty() ? "" : ", ") + program.value("chip", "");
  return list;
}

} // namespace gpt2
