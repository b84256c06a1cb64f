//===- session.cpp - A compilation as it goes on ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/session.h"
#include "compiler/dialect/dialect.h"
#include "compiler/pipeline/link.h"
#include "compiler/support/diagnostics.h"
#include "support/error.h"

#include "mlir/Pass/PassManager.h"

#include <atomic>

#include <unistd.h>

using namespace mlir;

namespace gpt2 {
namespace {

/// Where the program is kept if a pass fails: another file for each session,
/// as several threads may compile.
std::string reproducerPath() {
  static std::atomic<int> sessions = 0;
  std::string name = "lowering-gpt2-failed-" + std::to_string(getpid()) + "-" +
                     std::to_string(++sessions) + ".mlir";
  return std::filesystem::temp_directory_path() / name;
}

} // namespace

Session::Session(const CompileRequest &request)
    : context(dialectRegistry(), MLIRContext::Threading::DISABLED),
      linked(link(context, request.sources)) {
  if (request.editLinked)
    request.editLinked(*linked);
}

void Session::run(std::span<const Stage> stages,
                  const std::function<void(PassManager &)> &configure) {
  Diagnostics diagnostics(context);
  PassManager pm(&context);
  if (configure)
    configure(pm);
  for (const Stage &stage : stages)
    stage.addPasses(pm);
  pm.enableCrashReproducerGeneration(reproducerPath());
  if (failed(pm.run(*linked)))
    fail("a pass failed:\n", diagnostics.text());
}

std::string Session::print() {
  std::string text;
  llvm::raw_string_ostream stream(text);
  linked->print(stream);
  return text;
}

} // namespace gpt2
