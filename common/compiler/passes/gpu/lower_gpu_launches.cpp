//===- lower_gpu_launches.cpp - Launches become calls -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/passes/passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace gpt2 {

#define GEN_PASS_DEF_LOWERGPULAUNCHES
#include "compiler/passes/Passes.h.inc"

namespace {

class Lowering {
public:
  explicit Lowering(ModuleOp module)
      : module(module), builder(module.getContext()),
        pointer(LLVM::LLVMPointerType::get(module.getContext())) {}

  void lower(gpu::LaunchFuncOp launch) {
    location = launch.getLoc();
    auto function = launch->getParentOfType<LLVM::LLVMFuncOp>();
    // Variables on the stack belong to the function, not to a loop's iteration.
    builder.setInsertionPointToStart(&function.getBody().front());
    SmallVector<Value> places;
    for (Value operand : launch.getKernelOperands())
      places.push_back(variable(operand.getType(), 1));
    Value arguments = variable(pointer, std::max<size_t>(places.size(), 1));

    builder.setInsertionPoint(launch);
    for (auto [index, place] : llvm::enumerate(places)) {
      LLVM::StoreOp::create(builder, location,
                            launch.getKernelOperands()[index], place);
      Value slot =
          LLVM::GEPOp::create(builder, location, pointer, pointer, arguments,
                              LLVM::GEPArg(static_cast<int32_t>(index)));
      LLVM::StoreOp::create(builder, location, place, slot);
    }
    Value name = text(launch.getKernelModuleName());
    Value size = constant(launch.getKernelModuleName().getValue().size());
    Value gpuModule = call("mgpuModuleLoad", pointer, {name, size});
    Value kernel = call("mgpuModuleGetFunction", pointer,
                        {gpuModule, text(launch.getKernelName())});
    gpu::KernelDim3 grid = launch.getGridSizeOperandValues();
    gpu::KernelDim3 block = launch.getBlockSizeOperandValues();
    Value sharedBytes = launch.getDynamicSharedMemorySize();
    if (!sharedBytes)
      sharedBytes = LLVM::ConstantOp::create(builder, location,
                                             builder.getI32IntegerAttr(0));
    Value none = LLVM::ZeroOp::create(builder, location, pointer);
    call("mgpuLaunchKernel", LLVM::LLVMVoidType::get(module.getContext()),
         {kernel, grid.x, grid.y, grid.z, block.x, block.y, block.z,
          sharedBytes, none, arguments, none, constant(places.size())});
    launch.erase();
  }

private:
  Value constant(uint64_t value) {
    return LLVM::ConstantOp::create(
        builder, location,
        builder.getI64IntegerAttr(static_cast<int64_t>(value)));
  }

  Value variable(Type type, size_t count) {
    return LLVM::AllocaOp::create(builder, location, pointer, type,
                                  constant(count));
  }

  /// The address of `string`, with a zero behind it.
  Value text(StringAttr string) {
    std::string symbol = "gpu_name_" + string.getValue().str();
    if (!module.lookupSymbol(symbol)) {
      OpBuilder atStart = OpBuilder::atBlockBegin(module.getBody());
      std::string bytes = string.getValue().str() + '\0';
      auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size());
      LLVM::GlobalOp::create(atStart, location, type, /*isConstant=*/true,
                             LLVM::Linkage::Internal, symbol,
                             builder.getStringAttr(bytes));
    }
    return LLVM::AddressOfOp::create(builder, location, pointer, symbol);
  }

  Value call(StringRef name, Type result, ValueRange arguments) {
    if (!module.lookupSymbol(name)) {
      OpBuilder atStart = OpBuilder::atBlockBegin(module.getBody());
      LLVM::LLVMFuncOp::create(
          atStart, location, name,
          LLVM::LLVMFunctionType::get(result,
                                      llvm::to_vector(arguments.getTypes())));
    }
    TypeRange results = result;
    if (isa<LLVM::LLVMVoidType>(result))
      results = {};
    auto made =
        LLVM::CallOp::create(builder, location, results, name, arguments);
    return made.getNumResults() ? made.getResult() : Value();
  }

  ModuleOp module;
  OpBuilder builder;
  LLVM::LLVMPointerType pointer;
  Location location = builder.getUnknownLoc();
};

struct LowerGpuLaunches : impl::LowerGpuLaunchesBase<LowerGpuLaunches> {
  void runOnOperation() final {
    SmallVector<gpu::LaunchFuncOp> launches;
    getOperation()->walk(
        [&](gpu::LaunchFuncOp launch) { launches.push_back(launch); });
    Lowering lowering(getOperation());
    for (gpu::LaunchFuncOp launch : launches) {
      if (!launch->getParentOfType<LLVM::LLVMFuncOp>()) {
        launch.emitOpError("is not in the LLVM dialect; run gpu-to-llvm first");
        return signalPassFailure();
      }
      if (const char *part = partWithoutLowering(launch)) {
        launch.emitOpError("has ") << part << ", which the runtime lacks";
        return signalPassFailure();
      }
      lowering.lower(launch);
    }
  }

private:
  /// What a launch can have and no function of the runtime's takes; null if
  /// `launch` has nothing of the kind.
  static const char *partWithoutLowering(gpu::LaunchFuncOp launch) {
    if (launch.getAsyncToken() || !launch.getAsyncDependencies().empty())
      return "tokens";
    if (launch.getAsyncObject())
      return "a stream";
    if (launch.hasClusterSize())
      return "clusters of blocks";
    if (!launch.getGridSizeX().getType().isInteger(64))
      return "sizes that are no i64";
    return nullptr;
  }
};

} // namespace
} // namespace gpt2
