//===- chapter.cpp - A chapter's program, compiled and bound ------------===//
#include "chapter/chapter.h"
#include "chapter/paths.h"
#include "compiler/pass_trace.h"
#include "model/error.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace gpt2 {

Sizes sizesOf(const Config &config) {
  return {{"L", config.layers},
          {"H", config.heads},
          {"C", config.channels},
          {"V", config.vocab},
          {"P", config.context}};
}

bool Chapter::hasKernels() const {
  return llvm::is_contained(devices, "emulator");
}

CompileRequest compileRequest(const Chapter &chapter, const Sizes &sizes) {
  CompileRequest request;
  request.sources = chapter.sources;
  request.stages = chapter.stages(sizes);
  request.gpu = chapter.gpu;
  return request;
}

namespace {

/// Leaves of the entries of kernel_entries.mlir only that of `kernel`, and of
/// the kernels only those that it calls.
void keepKernel(mlir::ModuleOp module, const std::string &kernel) {
  constexpr llvm::StringLiteral prefix = "test_";
  std::string names;
  bool found = false;
  for (auto function :
       llvm::make_early_inc_range(module.getOps<mlir::func::FuncOp>())) {
    llvm::StringRef name = function.getName();
    if (!name.consume_front(prefix))
      continue;
    names += " " + name.str();
    if (name == kernel)
      found = true;
    else
      function.erase();
  }
  if (!found)
    fail("there is no kernel '", kernel, "'; there are:", names);
  // Kernels call no kernels: what the entry does not call, nobody does.
  for (auto function :
       llvm::make_early_inc_range(module.getOps<mlir::func::FuncOp>()))
    if (function.isPrivate() &&
        mlir::SymbolTable::symbolKnownUseEmpty(function, module))
      function.erase();
}

} // namespace

CompileRequest kernelRequest(const Chapter &chapter, const Sizes &sizes,
                             const std::string &kernel) {
  CompileRequest request = compileRequest(chapter, sizes);
  for (std::filesystem::path &source : request.sources)
    if (source.filename() == "gpt2.mlir")
      source = std::filesystem::path(paths::source) /
               "common/chapter/kernel_entries.mlir";
  if (!kernel.empty())
    request.prepare = [kernel](mlir::ModuleOp module) {
      keepKernel(module, kernel);
    };
  return request;
}

std::string explain(const Chapter &chapter, const Config &config,
                    const std::string &kernel) {
  Sizes sizes = sizesOf(config);
  sizes["D"] = config.headDim();
  // As attention's input is made.
  sizes["K"] = config.channels;
  sizes["N"] = 3 * config.channels;
  CompileRequest request = kernelRequest(chapter, sizes, kernel);
  std::string text = "@" + kernel + " in " + chapter.name +
                     ", as it is written:\n\n" + emit(request, "source");
  for (const PassRun &run : tracePasses(request))
    if (!run.isIdle())
      text += "\n=== " + run.stage + ": " + run.pass + "\n\n" +
              differenceOf(run.before, run.after);
  return text;
}

Forward::Forward(Executable &executable, Weights &weights,
                 std::vector<MemRef> extra)
    : executable(executable), config(weights.config()),
      tokensOnDevice(allocateOn(
          executable.device(),
          static_cast<size_t>(config.context) * sizeof(int32_t), "the tokens")),
      extra(extra) {
  for (int i = 0; i < 2; ++i) // logits and tokens, given with each call
    arguments.emplace_back(static_cast<float *>(nullptr),
                           std::vector<int64_t>{});
  auto share = [&](const MemRef &tensor, const std::string &name) {
    shared.push_back(
        shareWith(executable.device(), tensor.data(), tensor.bytes(), name));
    arguments.push_back(tensor.at(shared.back().get()));
  };
  for (size_t i = 0; i < weights.specs().size(); ++i)
    share(MemRef(weights.tensor(i).data(), weights.specs()[i].shape),
          std::string(weights.specs()[i].name));
  for (const MemRef &tensor : extra)
    share(tensor, "an extra argument");
}

void Forward::operator()(std::span<const int32_t> tokens,
                         std::span<float> logits) {
  Device &device = executable.device();
  if (logits.size() > logitsCapacity) {
    logitsOnDevice.reset();
    logitsCapacity = 0; // should there be no memory for more
    logitsOnDevice = allocateOn(device, logits.size_bytes(), "the logits");
    logitsCapacity = logits.size();
  }
  auto rows = static_cast<int64_t>(logits.size()) / config.vocab;
  arguments[0] =
      MemRef(static_cast<float *>(logitsOnDevice.get()), {rows, config.vocab});
  arguments[1] = MemRef(static_cast<int32_t *>(tokensOnDevice.get()),
                        {static_cast<int64_t>(tokens.size())});
  device.copy(tokensOnDevice.get(), tokens.data(), tokens.size_bytes());
  executable.call("forward", arguments);
  device.copy(logits.data(), logitsOnDevice.get(), logits.size_bytes());
  for (size_t i = 0; i < extra.size(); ++i)
    device.copy(extra[i].data(),
                arguments[arguments.size() - extra.size() + i].data(),
                extra[i].bytes());
}

} // namespace gpt2
