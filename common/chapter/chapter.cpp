//===- chapter.cpp - A chapter's program, compiled and bound ------------===//
#include "chapter/chapter.h"
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

bool Chapter::hasKernels() const {
  return llvm::is_contained(devices, "emulator");
}

bool Chapter::takes(ElementType format) const {
  std::string name = format == ElementType::I8
                         ? "int8"
                         : llvm::StringRef(nameOf(format)).lower();
  return llvm::is_contained(weightFormats, name);
}

std::vector<std::filesystem::path> Chapter::scheduleFiles() const {
  if (schedules.empty())
    return {};
  std::vector<std::filesystem::path> files;
  if (!hasKernels()) {
    files.push_back(schedule.empty() ? scheduleFor(schedules, cpu) : schedule);
    requireForCpus(files.front());
  } else if (!schedule.empty()) {
    requireFor(schedule, gpu);
    files.push_back(schedule);
  } else if (auto chosen = scheduleFor(schedules, gpu)) {
    files.push_back(*chosen);
  } else {
    return {};
  }
  files.insert(files.end(), scheduleSteps.begin(), scheduleSteps.end());
  return files;
}

std::vector<Stage> Chapter::stages(const Sizes &sizes, const Config &config,
                                   bool isModel) const {
  Setting setting{.sizes = sizes,
                  .isModel = isModel,
                  .epsilon = config.epsilon,
                  .isTied = config.isTied,
                  .gpu = gpu,
                  .weights = weights,
                  .cache = cache,
                  .schedule = scheduleFiles()};
  setting.mustSchedule = !schedule.empty();
  if (!setting.schedule.empty() && !hasKernels())
    setting.dotDepth = dotProductDepth(setting.schedule.front(), weights, cpu);
  if (setting.dotDepth > 1)
    setting.dotLanes = dotProductLanes(setting.schedule.front(), cpu);
  return pipeline(setting);
}

namespace {

/// Puts the kernel that the model has for an activation in the place of GPT-2's
/// gelu.mlir: a file in the folder activations/ beside it.
void chooseActivation(std::vector<std::filesystem::path> &sources,
                      Activation activation) {
  if (activation == Activation::GeluTanh)
    return;
  const char *name =
      activation == Activation::Gelu ? "gelu_erf.mlir" : "relu.mlir";
  for (std::filesystem::path &source : sources)
    if (source.filename() == "gelu.mlir")
      source = source.parent_path() / "activations" / name;
}

CompileRequest requestFor(const Chapter &chapter, const Sizes &sizes,
                          const Config &config, bool isModel = true) {
  CompileRequest request;
  request.cpu = chapter.cpu;
  request.inputs = chapter.scheduleFiles();
  request.sources = chapter.sources;
  chooseActivation(request.sources, config.activation);
  request.stages = chapter.stages(sizes, config, isModel);
  request.gpu = chapter.gpu;
  request.kernelsFor = chapter.kernelsFor;
  return request;
}

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

CompileRequest compileRequest(const Chapter &chapter, const Config &config,
                              const Sizes &more) {
  Sizes sizes = more;
  sizes.merge(sizesOf(config));
  return requestFor(chapter, sizes, config);
}

CompileRequest compileRequest(const Chapter &chapter, const Sizes &sizes) {
  return requestFor(chapter, sizes, Config());
}

CompileRequest kernelRequest(const Chapter &chapter, const Sizes &sizes,
                             const std::string &kernel, const Config &config) {
  CompileRequest request =
      requestFor(chapter, sizes, config, /*isModel=*/false);
  llvm::erase_if(request.sources, [](const std::filesystem::path &source) {
    return source.filename() == "gpt2.mlir";
  });
  request.sources.insert(request.sources.begin(), chapter.kernelEntries.begin(),
                         chapter.kernelEntries.end());
  if (!kernel.empty())
    request.prepare = [kernel](mlir::ModuleOp module) {
      keepKernel(module, kernel);
    };
  return request;
}

std::string explain(const Chapter &chapter, const Config &config,
                    const std::string &kernel) {
  CompileRequest request =
      kernelRequest(chapter, kernelSizes(config), kernel, config);
  std::string text = "@" + kernel + " in " + chapter.name +
                     ", as it is written:\n\n" + emit(request, "source");
  for (const PassRun &run : tracePasses(request))
    if (!run.isIdle())
      text += "\n=== " + run.stage + ": " + run.pass + "\n\n" +
              differenceOf(run.before, run.after);
  return text;
}

} // namespace gpt2
