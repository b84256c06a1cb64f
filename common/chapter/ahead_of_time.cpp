//===- ahead_of_time.cpp - A chapter's program in a library -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/ahead_of_time.h"
#include "compiler/codegen/codegen.h"
#include "compiler/codegen/tools.h"
#include "compiler/pipeline/pipeline_text.h"
#include "device/program_abi.h"
#include "run/self_check.h"
#include "support/error.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <nlohmann/json.hpp>

#include <iostream>

using nlohmann::json;

namespace gpt2 {
namespace {

std::string portableCpu() {
  return hostCpu().triple.starts_with("x86_64") ? "x86-64-v3" : "generic";
}

/// An object file with a string that is found as `name`.
std::string objectOf(const char *name, const std::string &text) {
  llvm::LLVMContext context;
  llvm::Module module(name, context);
  auto target = createHostTargetMachine(portableCpu());
  module.setDataLayout(target->createDataLayout());
  module.setTargetTriple(target->getTargetTriple());
  auto *string = llvm::ConstantDataArray::getString(context, text);
  new llvm::GlobalVariable(module, string->getType(), /*isConstant=*/true,
                           llvm::GlobalValue::ExternalLinkage, string, name);
  return generateCode(module, *target, Code::Object);
}

/// Programs of a chapter, one behind the other, and what is said about them.
class Programs {
public:
  explicit Programs(const Build &build) : build(build) {}

  /// Calls `add` for each variant of the build: with the name of its device,
  /// with what is to be said of it, and with the suffix of its symbols.
  template <typename Add>
  void forEach(const std::vector<GpuTarget> &chips, const Add &add) {
    if (!build.chapter->hasKernels()) {
      Build portable = build;
      portable.target.cpu = portableCpu();
      addVariant(portable, "cpu", add);
    }
    forEachWithKernels(chips, add);
  }

  /// The same of those with kernels.
  template <typename Add>
  void forEachWithKernels(const std::vector<GpuTarget> &chips, const Add &add) {
    std::optional<Build> variant = build.withKernels();
    if (!variant || !variant->chapter->takes(variant->formats.weights))
      return;
    addVariant(*variant, "emulator", add);
    variant->target.kernelsFor = KernelsFor::Gpu;
    for (const GpuTarget &chip : chips) {
      variant->target.gpu = chip;
      addVariant(*variant, "gpu", add);
    }
  }

  void compile(CompileRequest request, const std::string &suffix) {
    request.target.cpu = portableCpu();
    request.suffix = suffix;
    request.withCubin = true;
    objects.push_back(compileToObject(request).bytes);
  }

  /// The library, in which a JSON text says what is in it: `about`, the
  /// chapter, the CPU and the programs.
  std::string link(json about) {
    about["abi"] = program_abi::version;
    about["chapter"] = build.chapter->name;
    about["cpu"] = portableCpu();
    about["programs"] = std::move(programs);
    objects.push_back(
        objectOf(program_abi::programs.name.c_str(), about.dump()));
    return linkShared(objects);
  }

private:
  template <typename Add>
  void addVariant(const Build &variant, const char *device, const Add &add) {
    std::string suffix = std::string("_") + device;
    json entry = {{"device", device}};
    if (variant.chapter->hasKernels()) {
      suffix += "_" + variant.target.gpu.chip;
      entry["chip"] = variant.target.gpu.chip;
    }
    entry["suffix"] = suffix;
    std::cerr << "compiling for " << suffix.substr(1) << "\n";
    add(variant, entry, suffix);
    // It runs only on a device that passes.
    if (variant.target.kernelsFor == KernelsFor::Gpu)
      compile(kernelRequest(variant.forSizes(selfCheckSizes())),
              suffix + "_check");
    programs.push_back(std::move(entry));
  }

  const Build &build;
  std::vector<std::string> objects;
  json programs = json::array();
};

/// Marks the matrices of entries for kernels as those of the model are, and
/// calls, for a single token, what the model's @decode calls.
void asInTheModel(mlir::ModuleOp module, bool isOneToken,
                  const std::string &special) {
  mlir::SymbolTable symbols(module);
  for (auto [entry, arguments] :
       {std::pair<const char *, std::vector<const char *>>{"test_embedding",
                                                           {"V x C", "P x C"}},
        {"test_linear", {"K x N"}},
        {"test_logits", {"V x C"}}}) {
    auto function = symbols.lookup<mlir::func::FuncOp>(entry);
    if (!function)
      fail("there is no entry @", entry);
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (auto shape =
              function.getArgAttrOfType<mlir::StringAttr>(i, shapeAttr);
          shape && llvm::is_contained(arguments, shape.getValue()))
        function.setArgAttr(i, matrixAttr,
                            mlir::UnitAttr::get(module.getContext()));
  }
  if (!isOneToken)
    return;
  for (auto function : module.getOps<mlir::func::FuncOp>())
    if (function.getName().starts_with("test_"))
      function.walk([&](mlir::func::CallOp call) {
        for (const std::string &suffix :
             {special + "_decode", std::string("_decode")}) {
          std::string name = call.getCallee().str() + suffix;
          if (symbols.lookup(name))
            return call.setCallee(name);
        }
      });
}

} // namespace

CheckedKernels checkedKernels(const Build &build, const KernelSizes &sizes) {
  CheckedKernels checked{kernelRequest(build.forSizes(sizes.byLetter()))};
  bool usesMatrixUnits =
      llvm::any_of(checked.request.stages, [](const Stage &stage) {
        return llvm::is_contained(passNamesOf(stage), "distribute-tiles");
      });
  checked.roundsFactors = usesMatrixUnits && sizes.T > 1;
  checked.request.editLinked =
      [isOneToken = sizes.T == 1, special = usesMatrixUnits ? "_in_bf16" : ""](
          mlir::ModuleOp module) { asInTheModel(module, isOneToken, special); };
  return checked;
}

std::string compileAheadOfTime(const Build &build,
                               const std::vector<GpuTarget> &chips) {
  Programs programs(build);
  programs.forEach(
      chips, [&](const Build &variant, json &, const std::string &suffix) {
        programs.compile(compileRequest(variant), suffix);
      });
  json model = json::object();
  for (const auto &[name, value] : build.model.traits())
    model[name] = value;
  return programs.link({{"model", std::move(model)}});
}

std::string compileKernelsAheadOfTime(const Build &build,
                                      const std::vector<GpuTarget> &chips) {
  if (!build.withKernels())
    fail(build.chapter->name, " has no kernels for a GPU");
  Programs programs(build);
  programs.forEachWithKernels(chips, [&](const Build &variant, json &entry,
                                         const std::string &suffix) {
    json all = json::array();
    for (const KernelSizes &sizes : kernelSizesFor(variant.formats.weights)) {
      CheckedKernels checked = checkedKernels(variant, sizes);
      std::string own = "_" + sizes.name();
      programs.compile(checked.request, suffix + own);
      all.push_back({{"T", sizes.T},
                     {"H", sizes.H},
                     {"D", sizes.D},
                     {"K", sizes.K},
                     {"N", sizes.N},
                     {"V", sizes.V},
                     {"suffix", own},
                     {"rounds_factors", checked.roundsFactors}});
    }
    entry["kernels"] = std::move(all);
  });
  return programs.link(json::object());
}

} // namespace gpt2
