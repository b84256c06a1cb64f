//===- passes.h - The passes of our own ---------------------------------===//
#pragma once

#include "compiler/dialect/attributes.h"

#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace gpt2 {

/// `specialize-shapes`: see specialize_shapes.cpp. If `open` is not empty, only
/// the sizes it names may stay `?`.
std::unique_ptr<mlir::Pass>
createSpecializeShapes(const Sizes &sizes,
                       llvm::ArrayRef<std::string> open = {});

/// `align-shared-memory`: see align_shared_memory.cpp.
std::unique_ptr<mlir::Pass> createAlignSharedMemory();

/// `allocate-per-thread`: see allocate_per_thread.cpp.
std::unique_ptr<mlir::Pass> createAllocatePerThread();

/// `approximate-math`: see approximate_math.cpp.
std::unique_ptr<mlir::Pass> createApproximateMath();

/// `block-rows`: see block_rows.cpp.
std::unique_ptr<mlir::Pass> createBlockRows(int64_t rows = 8);

/// `clone-entry`: see clone_entry.cpp.
std::unique_ptr<mlir::Pass> createCloneEntry(const std::string &from = "",
                                             const std::string &to = "",
                                             const Sizes &sizes = {},
                                             const std::string &suffix = "");

/// `copies-to-linalg`: see copies_to_linalg.cpp.
std::unique_ptr<mlir::Pass> createCopiesToLinalg();

/// `contract-multiply-add`: see contract_multiply_add.cpp.
std::unique_ptr<mlir::Pass> createContractMultiplyAdd();

/// `dot-products`: see dot_products.cpp.
std::unique_ptr<mlir::Pass> createDotProducts(int64_t lanes = 16);

/// `drop-returned-arguments`: see drop_returned_arguments.cpp.
std::unique_ptr<mlir::Pass> createDropReturnedArguments();

/// `lower-gpu-launches`: see lower_gpu_launches.cpp.
std::unique_ptr<mlir::Pass> createLowerGpuLaunches();

/// `lower-math-to-intrinsics`: see lower_math_to_intrinsics.cpp.
std::unique_ptr<mlir::Pass> createLowerMathToIntrinsics();

/// `lower-gpu-reductions`: see lower_gpu_reductions.cpp.
std::unique_ptr<mlir::Pass>
createLowerGpuReductions(unsigned subgroupSize = 32);

/// `order-loops`: see order_loops.cpp.
std::unique_ptr<mlir::Pass> createOrderLoops();

/// `fold-vector-accesses`: see fold_vector_accesses.cpp.
std::unique_ptr<mlir::Pass> createFoldVectorAccesses();

/// `forward-transfers`: see forward_transfers.cpp.
std::unique_ptr<mlir::Pass> createForwardTransfers();

/// `fuse-elementwise`: see fuse_elementwise.cpp.
std::unique_ptr<mlir::Pass> createFuseElementwise();

/// `fuse-epilogues`: see fuse_epilogues.cpp.
std::unique_ptr<mlir::Pass> createFuseEpilogues();

/// `name-operations`: see name_operations.cpp.
std::unique_ptr<mlir::Pass> createNameOperations();

/// `name-kernels`: see name_kernels.cpp.
std::unique_ptr<mlir::Pass> createNameKernels();

/// `narrow-elements`: see narrow_elements.cpp.
std::unique_ptr<mlir::Pass>
createNarrowElements(llvm::StringRef marked = matrixAttr);

/// `pack-panels`: see pack_panels.cpp.
std::unique_ptr<mlir::Pass> createPackPanels();

/// `prefetch-panels`: see prefetch_panels.cpp.
std::unique_ptr<mlir::Pass> createPrefetchPanels();

/// `prefer-vector-width`: see prefer_vector_width.cpp.
std::unique_ptr<mlir::Pass>
createPreferVectorWidth(const std::string &function = "", unsigned bits = 256);

/// `quantize-matrices`: see quantize_matrices.cpp.
std::unique_ptr<mlir::Pass> createQuantizeMatrices(int64_t depth = 1);

/// `reuse-buffers`: see reuse_buffers.cpp.
std::unique_ptr<mlir::Pass> createReuseBuffers(bool inArena = false);

/// `round-operands`: see round_operands.cpp.
std::unique_ptr<mlir::Pass> createRoundOperands(int64_t depth = 2);

/// `separate-fills`: see separate_fills.cpp.
std::unique_ptr<mlir::Pass> createSeparateFills();

/// `set-constants`: see set_constants.cpp.
std::unique_ptr<mlir::Pass> createSetConstants(const std::string &name = "",
                                               double value = 0);

/// `set-subgroup-size`: see set_subgroup_size.cpp.
std::unique_ptr<mlir::Pass> createSetSubgroupSize(unsigned lanes = 32);

/// `tie-embeddings`: see tie_embeddings.cpp.
std::unique_ptr<mlir::Pass> createTieEmbeddings();

/// `tile-and-fuse`: see tile_and_fuse.cpp.
std::unique_ptr<mlir::Pass> createTileAndFuse();

/// `unroll-marked-loops`: see unroll_marked_loops.cpp.
std::unique_ptr<mlir::Pass> createUnrollMarkedLoops();

/// `write-in-place`: see write_in_place.cpp.
std::unique_ptr<mlir::Pass> createWriteInPlace();

/// Makes the passes above known by name, to `gpt2-opt` and to pipelines and
/// schedules given as text. May be called again.
void registerPasses();

} // namespace gpt2
