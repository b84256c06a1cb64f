//===- build.cpp - What is compiled -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/build.h"
#include "compiler/inspect/pass_trace.h"
#include "compiler/schedule/schedule.h"
#include "support/error.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace gpt2 {

Sizes sizesOf(const Config &config) {
  return {{"L", config.layers},    {"H", config.heads},
          {"D", config.headDim()}, {"C", config.channels},
          {"F", config.inner()},   {"V", config.vocab},
          {"P", config.context}};
}

Sizes kernelSizes(const Config &config) {
  Sizes sizes = sizesOf(config);
  sizes["K"] = config.channels;
  sizes["N"] = 3 * config.channels;
  return sizes;
}

Build::Build(const Chapter &chapter, const Sizes &sizes) : chapter(&chapter) {
  this->sizes = sizes;
}

Build::Build(const Chapter &chapter, const Config &model, const Sizes &more)
    : Build(chapter, more) {
  this->model = model;
  sizes.merge(sizesOf(model));
}

Build Build::forModel(const Config &config, const Sizes &more) const {
  Build changed = forSizes(more);
  changed.model = config;
  changed.sizes.merge(sizesOf(config));
  return changed;
}

Build Build::forSizes(const Sizes &known) const {
  Build changed = *this;
  changed.model = Config();
  changed.sizes = known;
  return changed;
}

std::optional<Build> Build::withKernels() const {
  if (chapter->hasKernels())
    return *this;
  if (!chapter->onGpu || pipeline)
    return std::nullopt;
  Build changed = *this;
  changed.chapter = chapter->onGpu;
  changed.schedule.clear();
  return changed;
}

std::vector<std::filesystem::path> Build::scheduleFiles() const {
  if (chapter->schedules.empty())
    return {};
  std::vector<std::filesystem::path> files;
  if (!chapter->hasKernels()) {
    files.push_back(schedule.empty()
                        ? scheduleFor(chapter->schedules, target.cpu)
                        : schedule);
    requireForCpus(files.front());
  } else if (!schedule.empty()) {
    requireFor(schedule, target.gpu);
    files.push_back(schedule);
  } else if (auto chosen = scheduleFor(chapter->schedules, target.gpu)) {
    files.push_back(*chosen);
  } else {
    return {};
  }
  files.insert(files.end(), chapter->scheduleSteps.begin(),
               chapter->scheduleSteps.end());
  return files;
}

/// Of a kernel @gelu, beside GPT-2's.
static const char *fileOf(Activation activation) {
  switch (activation) {
  case Activation::GeluTanh:
    return "gelu.mlir";
  case Activation::Gelu:
    return "activations/gelu_erf.mlir";
  case Activation::Relu:
    return "activations/relu.mlir";
  }
  llvm_unreachable("no such activation");
}

/// The text of @gelu for `activation`: it lies beside GPT-2's, in the last
/// chapter's folder that has it.
static std::filesystem::path activationText(const Chapter &chapter,
                                            Activation activation) {
  std::filesystem::path first;
  for (const Chapter *c = &chapter; c; c = c->parent)
    for (const std::filesystem::path &source : c->sources)
      if (source.filename() == "gelu.mlir") {
        std::filesystem::path text = source.parent_path() / fileOf(activation);
        if (exists(text))
          return text;
        if (first.empty())
          first = text;
      }
  return first;
}

std::vector<std::filesystem::path> Build::sources() const {
  std::vector<std::filesystem::path> sources = chapter->sources;
  for (std::filesystem::path &source : sources) {
    auto own = llvm::find_if(texts, [&](const std::filesystem::path &text) {
      return text.filename() == source.filename();
    });
    if (own != texts.end())
      source = *own;
    else if (source.filename() == "gelu.mlir")
      source = activationText(*chapter, model.activation);
  }
  return sources;
}

Pipeline Build::stages(bool isModel) const {
  PipelineOptions options{*this};
  options.isModel = isModel;
  options.schedule = scheduleFiles();
  options.mustSchedule = !schedule.empty();
  if (!options.schedule.empty() && !chapter->hasKernels())
    options.vnniFactor =
        dotProductDepth(options.schedule.front(), formats.weights, target.cpu);
  if (options.vnniFactor > 1)
    options.dotLanes = dotProductLanes(options.schedule.front(), target.cpu);
  Pipeline own = chapter->pipeline(options);
  if (!pipeline)
    return own;
  Pipeline stages = *pipeline;
  stages.replace(StageKind::Specialized, own.front());
  return stages;
}

static CompileRequest requestFor(const Build &build, bool isModel) {
  CompileRequest request;
  request.sources = build.sources();
  request.stages = build.stages(isModel);
  request.inputs = build.scheduleFiles();
  request.target = build.target;
  return request;
}

CompileRequest compileRequest(const Build &build) {
  return requestFor(build, /*isModel=*/true);
}

namespace {

/// Leaves of the entries for kernels only that of `kernel`, and of
/// the kernels only those that it calls.
void keepKernel(mlir::ModuleOp module, const std::string &kernel) {
  constexpr llvm::StringLiteral prefix = "test_";
  std::string names;
  bool found = false;
  for (auto function :
       llvm::make_early_inc_range(module.getOps<mlir::func::FuncOp>())) {
    llvm::StringRef name = function.getName();
    if (!name.consume_front(prefix)) {
      if (!function.isPrivate()) // another entry of the chapter's
        function.erase();
      continue;
    }
    names += " " + name.str();
    if (name == kernel)
      found = true;
    else
      function.erase();
  }
  if (!found)
    fail("there is no kernel '", kernel, "'; there are:", names);
  // What nobody calls, and then what only that called.
  for (bool changed = true; changed;) {
    changed = false;
    for (auto function :
         llvm::make_early_inc_range(module.getOps<mlir::func::FuncOp>()))
      if (function.isPrivate() &&
          mlir::SymbolTable::symbolKnownUseEmpty(function, module)) {
        function.erase();
        changed = true;
      }
  }
}

} // namespace

CompileRequest kernelRequest(const Build &build, const std::string &kernel) {
  CompileRequest request = requestFor(build, /*isModel=*/false);
  llvm::erase_if(request.sources, [](const std::filesystem::path &source) {
    return source.filename() == "gpt2.mlir";
  });
  const auto &entries = build.chapter->kernelEntries;
  request.sources.insert(request.sources.begin(), entries.begin(),
                         entries.end());
  if (!kernel.empty())
    request.editLinked = [kernel](mlir::ModuleOp module) {
      keepKernel(module, kernel);
    };
  return request;
}

std::string explain(const Build &build, const std::string &kernel) {
  Build alone = build;
  alone.sizes = kernelSizes(build.model);
  CompileRequest request = kernelRequest(alone, kernel);
  std::string text = "@" + kernel + " in " + build.chapter->name +
                     ", as it is written:\n\n" + emit(request, "source");
  for (const PassRun &run : tracePasses(request))
    if (!run.isIdle())
      text += "\n=== " + run.stage + ": " + run.pass + "\n\n" +
              differenceOf(run.before, run.after);
  return text;
}

} // namespace gpt2
