//===- pass_trace.cpp - What each pass did ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/inspect/pass_trace.h"
#include "compiler/pipeline/pipeline_text.h"
#include "compiler/pipeline/session.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/PrintPasses.h"

#include <mutex>

using namespace mlir;

namespace gpt2 {
namespace {

/// Notes the program's text around each pass of a pipeline.
class Tracer : public PassInstrumentation {
public:
  Tracer(Session &session, std::string stage, std::vector<PassRun> &runs)
      : session(session), stage(std::move(stage)), runs(runs) {}

  void runBeforePass(Pass *pass, Operation *) override {
    if (isAdaptor(pass) || depth++ > 0)
      return;
    // A pass that runs on each function runs several times, as one entry.
    auto [entry, isNew] = entries.try_emplace(pass, runs.size());
    if (isNew)
      runs.push_back({stage, pass->getArgument().str(), session.print(), ""});
    current = entry->second;
  }
  void runAfterPass(Pass *pass, Operation *) override {
    if (!isAdaptor(pass) && --depth == 0)
      runs[current].after = session.print();
  }
  void runAfterPassFailed(Pass *pass, Operation *op) override {
    runAfterPass(pass, op);
  }

private:
  /// MLIR's own pass that runs others on nested operations has no name.
  static bool isAdaptor(Pass *pass) { return pass->getArgument().empty(); }

  Session &session;
  std::string stage;
  std::vector<PassRun> &runs;
  llvm::DenseMap<Pass *, size_t> entries; ///< by index in `runs`
  size_t current = 0;
  int depth = 0; ///< passes that run passes, such as the inliner
};

/// Adds the passes of `stage` that met no operation to run on.
void addThoseThatNeverRan(const Stage &stage, std::vector<PassRun> &runs) {
  std::vector<std::string> names = passNamesOf(stage);
  for (const PassRun &run : runs)
    if (run.stage == stage.name)
      if (auto found = llvm::find(names, run.pass); found != names.end())
        names.erase(found);
  for (const std::string &name : names)
    runs.push_back({stage.name, name, "", ""});
}

} // namespace

std::vector<PassRun> tracePasses(const CompileRequest &request) {
  Session session(request);
  std::vector<PassRun> runs;
  for (const Stage &stage : request.stages) {
    session.run({&stage, 1}, [&](PassManager &pm) {
      pm.addInstrumentation(
          std::make_unique<Tracer>(session, stage.name, runs));
    });
    addThoseThatNeverRan(stage, runs);
  }
  return runs;
}

std::string differenceOf(const std::string &before, const std::string &after) {
  static std::mutex one; // doSystemDiff() has one set of temporary files
  std::string all = [&] {
    std::lock_guard lock(one);
    return llvm::doSystemDiff(before, after, "-%l\n", "+%l\n", " %l\n");
  }();
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(all).rtrim('\n').split(lines, '\n');
  constexpr size_t context = 3;
  std::string shown;
  size_t next = 0; // the first line that is not shown yet
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty() || lines[i].front() == ' ')
      continue;
    size_t from = std::max(next, i < context ? 0 : i - context);
    if (from > next)
      shown += "   ...\n";
    for (size_t j = from; j <= i; ++j)
      shown += (lines[j] + "\n").str();
    next = i + 1;
    // What follows a change is shown up to the next one or three lines on.
    for (size_t j = next; j < std::min(lines.size(), i + 1 + context); ++j) {
      if (!lines[j].empty() && lines[j].front() != ' ')
        break;
      shown += (lines[j] + "\n").str();
      next = j + 1;
    }
  }
  return shown;
}

} // namespace gpt2
