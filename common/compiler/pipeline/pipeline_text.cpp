//===- pipeline_text.cpp - Stages as text, and back ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/pipeline_text.h"
#include "compiler/passes/passes.h"
#include "support/error.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace gpt2 {
namespace {

constexpr llvm::StringLiteral mark = "== ";

/// "builtin.module(cse,func.func(canonicalize{...}))"
std::string inlineTextOf(const Stage &stage) {
  OpPassManager pm(ModuleOp::getOperationName());
  stage.addPasses(pm);
  std::string text;
  llvm::raw_string_ostream stream(text);
  pm.printAsTextualPipeline(stream);
  return text;
}

} // namespace

std::string textOf(std::span<const Stage> stages) {
  std::string text;
  for (const Stage &stage : stages) {
    std::string line = inlineTextOf(stage);
    llvm::StringRef passes(line);
    passes.consume_front("builtin.module(");
    passes.consume_back(")");
    text += mark.str() + stage.name + "\n";
    int depth = 0; // of parentheses and braces
    for (char c : passes) {
      depth += (c == '(' || c == '{') - (c == ')' || c == '}');
      text += c;
      if (c == ',' && depth == 0)
        text += '\n';
    }
    text += '\n';
  }
  return text;
}

Pipeline stagesOf(const std::string &text, const std::string &origin) {
  static const bool registered = [] {
    registerAllPasses();
    registerPasses();
    return true;
  }();
  (void)registered;
  std::vector<std::pair<std::string, std::string>> sections;
  for (llvm::StringRef line : llvm::split(text, '\n')) {
    if (line.consume_front(mark))
      sections.emplace_back(line.trim().str(), "");
    else if (!sections.empty())
      sections.back().second += line.trim().str();
    else if (!line.trim().empty())
      fail(origin, ": expected \"", mark.str(), "NAME\" before the first pass");
  }
  Pipeline stages;
  for (const auto &[name, passes] : sections) {
    std::string errors;
    llvm::raw_string_ostream stream(errors);
    OpPassManager probe(ModuleOp::getOperationName());
    if (failed(parsePassPipeline(passes, probe, stream)))
      fail(origin, ": stage ", name, ": ", errors);
    stages.append({Stage::named(name, [passes = passes](OpPassManager &pm) {
      (void)parsePassPipeline(passes, pm);
    })});
  }
  return stages;
}

std::vector<std::string> passNamesOf(const Stage &stage) {
  std::string text = inlineTextOf(stage);
  std::vector<std::string> names;
  std::string name;
  int options = 0; // depth of braces
  for (char c : text) {
    options += (c == '{') - (c == '}');
    if (options > 0 || c == '}')
      continue;
    if (c != '(' && c != ')' && c != ',') {
      name += c;
      continue;
    }
    if (c != '(' && !name.empty()) // what a parenthesis follows is an operation
      names.push_back(name);
    name.clear();
  }
  return names;
}

} // namespace gpt2
