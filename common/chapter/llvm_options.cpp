//===- llvm_options.cpp - A table of options, beside LLVM's own ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/llvm_options.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/VirtualFileSystem.h"

#include <list>
#include <map>
#include <memory>

namespace gpt2 {
namespace {

namespace cl = llvm::cl;

/// A category, which LLVM keeps a pointer to and does not give back.
cl::OptionCategory &categoryOf(const std::string &name) {
  static std::map<std::string, std::unique_ptr<cl::OptionCategory>> all;
  auto [found, isNew] = all.try_emplace(name);
  if (isNew)
    found->second = std::make_unique<cl::OptionCategory>(found->first);
  return *found->second;
}

/// The options of a table as LLVM's parser knows them, while this lives.
class RegisteredOptions {
public:
  explicit RegisteredOptions(OptionTable &table) {
    for (Option &option : table.options)
      add(option);
    for (Option &option : table.positionals)
      texts.emplace_back(option, std::make_unique<cl::opt<std::string>>(
                                     cl::Positional, cl::desc(option.name)));
  }
  ~RegisteredOptions() {
    for (auto &[option, text] : texts)
      text->removeArgument();
    for (auto &[option, isOn] : switches)
      isOn->removeArgument();
  }
  RegisteredOptions(const RegisteredOptions &) = delete;

  /// Hands the table what was parsed.
  void take() {
    for (auto &[option, isOn] : switches)
      if (*isOn)
        option.take("true");
    for (auto &[option, text] : texts)
      if (text->getNumOccurrences() > 0)
        option.take(*text);
  }

private:
  void add(Option &option) {
    descriptions.push_back(option.describe());
    cl::desc description(descriptions.back());
    cl::cat category(categoryOf(option.category));
    if (option.isSwitch())
      switches.emplace_back(
          option, std::make_unique<cl::opt<bool>>(llvm::StringRef(option.name),
                                                  description, category));
    else
      texts.emplace_back(option, std::make_unique<cl::opt<std::string>>(
                                     llvm::StringRef(option.name), description,
                                     cl::value_desc(option.value), category));
  }

  std::list<std::string> descriptions; // LLVM keeps pointers to them
  std::list<std::pair<Option &, std::unique_ptr<cl::opt<bool>>>> switches;
  std::list<std::pair<Option &, std::unique_ptr<cl::opt<std::string>>>> texts;
};

/// LLVM's libraries register an option of their own for `--threads`, which
/// would collide with ours; it stays reachable as `--llvm-threads`.
void moveLlvmOptionAside() {
  auto found = cl::getRegisteredOptions().find("threads");
  if (found != cl::getRegisteredOptions().end())
    found->second->setArgStr("llvm-threads");
}

/// Those of MLIR's options that show passes at work.
std::vector<cl::Option *> mlirOptions() {
  std::vector<cl::Option *> options;
  for (const char *name :
       {"mlir-print-ir-before", "mlir-print-ir-after",
        "mlir-print-ir-before-all", "mlir-print-ir-after-all",
        "mlir-print-ir-after-change", "mlir-print-ir-tree-dir", "mlir-timing",
        "mlir-pass-statistics"})
    if (cl::Option *option = cl::getRegisteredOptions().lookup(name))
      options.push_back(option);
  return options;
}

} // namespace

bool parseWithLlvm(OptionTable &table, int argc, char **argv) {
  moveLlvmOptionAside();
  RegisteredOptions options(table);
  // Of the hundreds of options that LLVM and MLIR register, --help shows ours
  // and a few.
  cl::OptionCategory &mlirCategory = categoryOf("MLIR's own options");
  for (cl::Option *option : mlirOptions())
    option->addCategory(mlirCategory);
  std::vector<const cl::OptionCategory *> shown = {&mlirCategory};
  for (const Option &option : table.options)
    shown.push_back(&categoryOf(option.category));
  cl::HideUnrelatedOptions(shown);
  // A prompt may begin with "@": no file is there that could be one of options.
  llvm::vfs::InMemoryFileSystem none;
  cl::ParseCommandLineOptions(argc, argv, table.about, nullptr, &none);
  options.take();
  table.validate();
  return llvm::any_of(mlirOptions(), [](const cl::Option *option) {
    return option->getNumOccurrences() > 0;
  });
}

} // namespace gpt2
