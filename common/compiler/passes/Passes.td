//===- Passes.td - The passes of our own, and what they do --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From this file mlir-tblgen writes a base class, a factory and a registration
// for each pass (see passes.h), and the book's page about them.
//
// The first line of an example is the pipeline that it is run with. What stands
// behind "becomes" is what gpt2-opt prints, with ... for what is left out;
// examples_test.py holds that.
//
//===----------------------------------------------------------------------===//

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// Entries and kernels, as the text has them
//===----------------------------------------------------------------------===//

def CloneEntry : Pass<"clone-entry", "::mlir::ModuleOp"> {
  let summary = "Clone a function for known sizes of some arguments";
  let description = [{
    Clones a function under another name, and writes numbers for some of the
    letters in its arguments' `gpt2.shape`, of `3T` too. Of an entry for any number of tokens
    this makes one for a single token; `specialize-shapes` then carries the
    numbers through the clone, and every pass behind it can make use of them.

    A kernel of which there is one for this special case, named with `suffix`,
    is called instead.

    Run it before `inline`.

    ```mlir
    // clone-entry{from=prefill to=decode sizes=T=1 suffix=_decode}
    func.func private @linear(tensor<?x8xf32>) -> tensor<?x8xf32>
    func.func private @linear_decode(tensor<?x8xf32>) -> tensor<?x8xf32>
    func.func @prefill(%arg0: tensor<?x8xf32> {gpt2.shape = "T x C"})
        -> tensor<?x8xf32> {
      %0 = call @linear(%arg0) : (tensor<?x8xf32>) -> tensor<?x8xf32>
      return %0 : tensor<?x8xf32>
    }
    ```

    becomes

    ```mlir
    func.func @prefill(%arg0: tensor<?x8xf32> {gpt2.shape = "T x C"})
    ...
    func.func @decode(%arg0: tensor<?x8xf32> {gpt2.shape = "1 x C"})
        -> tensor<?x8xf32> {
      %0 = call @linear_decode(%arg0) : (tensor<?x8xf32>) -> tensor<?x8xf32>
      return %0 : tensor<?x8xf32>
    }
    ```
  }];
  let options = [
    Option<"from", "from", "std::string", /*default=*/"",
           "The function to clone">,
    Option<"to", "to", "std::string", /*default=*/"", "The clone's name">,
    ListOption<"sizes", "sizes", "std::string", "Sizes by letter, as T=1">,
    Option<"suffix", "suffix", "std::string", /*default=*/"",
           "Of kernels that the clone calls if there are any">
  ];
}

def PreferKernels : Pass<"prefer-kernels", "::mlir::ModuleOp"> {
  let summary =
      "Call the function with a suffix to its name, where there is one";
  let description = [{
    A call becomes one of the kernel for a special case, if there is such a
    function. What special functions call stays. Run it before `inline`.

    ```mlir
    // prefer-kernels{suffix=_in_bf16}
    func.func private @linear(tensor<8xf32>) -> tensor<8xf32>
    func.func private @linear_in_bf16(tensor<8xf32>) -> tensor<8xf32>
    func.func @forward(%arg0: tensor<8xf32>) -> tensor<8xf32> {
      %0 = call @linear(%arg0) : (tensor<8xf32>) -> tensor<8xf32>
      return %0 : tensor<8xf32>
    }
    ```

    becomes

    ```mlir
    func.func @forward(%arg0: tensor<8xf32>) -> tensor<8xf32> {
      %0 = call @linear_in_bf16(%arg0) : (tensor<8xf32>) -> tensor<8xf32>
    ```
  }];
  let options = [Option<"suffix", "suffix", "std::string", /*default=*/"",
                        "Of the special functions' names">];
}

def SetConstants : Pass<"set-constants"> {
  let summary =
      "Give constants that the text names (gpt2.constant) a model's value";
  let description = [{
    A kernel's text has GPT-2's number, and a name for it. This pass puts a
    model's number in its place.

    Run it before `inline`: folding makes one constant of equal ones, without
    their names.

    ```mlir
    // set-constants{values=epsilon=0.25}
    func.func @f(%arg0: f32) -> f32 {
      %cst = arith.constant {gpt2.constant = "epsilon"} 1.0e-5 : f32
      %0 = arith.addf %arg0, %cst : f32
      return %0 : f32
    }
    ```

    becomes

    ```mlir
    %cst = arith.constant {gpt2.constant = "epsilon"} 2.500000e-01 : f32
    ```
  }];
  let options = [ListOption<"values", "values", "std::string",
                            "Values by name, as epsilon=1e-06">];
}

def SpecializeShapes : Pass<"specialize-shapes"> {
  let summary = "Give the arguments marked gpt2.shape and gpt2.size their "
                "sizes, and carry these through the function";
  let description = [{
    The text says `?`; this pass knows that L is 12 and C is 768, makes an
    argument of `"L x 3C"` a `tensor<12x2304xf32>`, and carries the numbers
    through the function. A size that the text has already must be that number.
    An index argument with `gpt2.size` becomes a constant and disappears. The function's attribute `gpt2.context` says how many tokens
    there are at most: the size P, if it is given.

    Run it after `inline`: types do not travel through calls.

    ```mlir
    // specialize-shapes{sizes=L=12,C=768 open=T}
    func.func @f(%arg0: tensor<?x?xf32> {gpt2.shape = "L x 3C"},
                 %arg1: tensor<?x?xf32> {gpt2.shape = "T x C"},
                 %arg2: index {gpt2.size = "L"}) -> (tensor<?x?xf32>, index) {
      %c1 = arith.constant 1 : index
      %0 = tensor.dim %arg0, %c1 : tensor<?x?xf32>
      %1 = arith.addi %0, %arg2 : index
      return %arg1, %1 : tensor<?x?xf32>, index
    }
    ```

    becomes

    ```mlir
    func.func @f(%arg0: tensor<12x2304xf32>, %arg1: tensor<?x768xf32>)
        -> (tensor<?x768xf32>, index) {
      %c2316 = arith.constant 2316 : index
      return %arg1, %c2316 : tensor<?x768xf32>, index
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"
  ];
  let options = [
    ListOption<"sizes", "sizes", "std::string",
               "Sizes by letter, as C=768; absent letters stay `?`">,
    ListOption<"open", "open", "std::string",
               "If given: the only letters that may stay `?`">
  ];
}

def TieEmbeddings : Pass<"tie-embeddings", "::mlir::ModuleOp"> {
  let summary =
      "Make logits with the embedding of tokens: one argument for two";
  let description = [{
    The text has an argument for each: the embedding of tokens,
    `gpt2.embedding`, and the matrix that logits are made with, `gpt2.lm_head`.
    Most models have the same for both. This pass then reads the first where the
    text has the second, which disappears, so that a matrix that is laid out in
    panels, or kept in fewer bits, is so once.

    ```mlir
    // tie-embeddings
    func.func @f(%arg0: tensor<9x4xf32> {gpt2.embedding}, %arg1: f32,
                 %arg2: tensor<9x4xf32> {gpt2.lm_head})
        -> (tensor<9x4xf32>, tensor<9x4xf32>) {
      return %arg0, %arg2 : tensor<9x4xf32>, tensor<9x4xf32>
    }
    ```

    becomes

    ```mlir
    func.func @f(%arg0: tensor<9x4xf32> {gpt2.embedding}, %arg1: f32)
        -> (tensor<9x4xf32>, tensor<9x4xf32>) {
      return %arg0, %arg0 : tensor<9x4xf32>, tensor<9x4xf32>
    }
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

def ApproximateMath : Pass<"approximate-math"> {
  let summary = "Compute tanh and exp by polynomials instead of calls";
  let description = [{
    A call of libm computes one tanh at a time. A polynomial, or a quotient of
    two, computes as many as a vector has elements. The patterns are upstream's;
    what they are worth, `approximate_math_test.cpp` measures on floats of every
    magnitude.

    ```mlir
    // approximate-math
    func.func @f(%arg0: vector<8xf32>) -> vector<8xf32> {
      %0 = math.tanh %arg0 : vector<8xf32>
      return %0 : vector<8xf32>
    }
    ```

    becomes

    ```mlir
    %6 = arith.mulf %3, %3 : vector<8xf32>
    %7 = math.fma %6, %cst_3, %cst_4 : vector<8xf32>
    %8 = math.fma %6, %7, %cst_5 : vector<8xf32>
    ...
    %17 = arith.divf %13, %16 : vector<8xf32>
    ...
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def ContractMultiplyAdd : Pass<"contract-multiply-add"> {
  let summary = "Allow products to be added without being rounded before";
  let description = [{
    Allows a product that is used in one sum only to be computed together with
    it, without rounding in between. LLVM makes one instruction of them where
    the CPU has it. The result differs in the last bit, towards the exact one.

    ```mlir
    // contract-multiply-add
    func.func @f(%arg0: f32, %arg1: f32, %arg2: f32) -> f32 {
      %0 = arith.mulf %arg0, %arg1 : f32
      %1 = arith.addf %0, %arg2 : f32
      return %1 : f32
    }
    ```

    becomes

    ```mlir
    %0 = arith.mulf %arg0, %arg1 fastmath<contract> : f32
    %1 = arith.addf %0, %arg2 fastmath<contract> : f32
    ```
  }];
}

def FuseElementwise : Pass<"fuse-elementwise"> {
  let summary = "Fuse elementwise linalg.generics into their consumers where "
                "nothing is computed twice";
  let description = [{
    A `linalg.generic` that computes element by element can be moved into the
    body of the one that reads its result, and the tensor between them is gone.
    The patterns are upstream's (`linalg-fuse-elementwise-ops`). What is ours is
    when: **nothing is computed twice.**

    A producer whose element is read in many iterations of the consumer would be
    computed in each of them. GELU, fused into the matrix product that reads it,
    would compute every tanh C times. Upstream's pass does not ask.

    ```mlir
    // fuse-elementwise
    #map = affine_map<(d0) -> (d0)>
    func.func @f(%arg0: tensor<8xf32>) -> tensor<8xf32> {
      %cst = arith.constant 0.125 : f32
      %0 = tensor.empty() : tensor<8xf32>
      %1 = linalg.generic {indexing_maps = [#map, #map],
                           iterator_types = ["parallel"]}
          ins(%arg0 : tensor<8xf32>) outs(%0 : tensor<8xf32>) {
      ^bb0(%in: f32, %out: f32):
        %3 = arith.mulf %in, %cst : f32
        linalg.yield %3 : f32
      } -> tensor<8xf32>
      %2 = linalg.generic {indexing_maps = [#map, #map],
                           iterator_types = ["parallel"]}
          ins(%1 : tensor<8xf32>) outs(%0 : tensor<8xf32>) {
      ^bb0(%in: f32, %out: f32):
        %3 = math.exp %in : f32
        linalg.yield %3 : f32
      } -> tensor<8xf32>
      return %2 : tensor<8xf32>
    }
    ```

    becomes

    ```mlir
    %1 = linalg.generic {indexing_maps = [#map, #map],
                         iterator_types = ["parallel"]}
        ins(%arg0 : tensor<8xf32>) outs(%0 : tensor<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.mulf %in, %cst : f32
      %3 = math.exp %2 : f32
      linalg.yield %3 : f32
    } -> tensor<8xf32>
    return %1 : tensor<8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def NameOperations : Pass<"name-operations", "::mlir::func::FuncOp"> {
  let summary = "Say of each linalg operation which kernel it is of, and make "
                "it a linalg.generic";
  let description = [{
    Gives each linalg operation the attribute `gpt2.op`. That which computes
    what its function returns is named after the function, and also has
    `gpt2.result`; others are `FUNCTION.OPERATION`. One that has a name in the
    text keeps it. A schedule finds operations by it when kernels have been
    inlined. Run it before `inline`.

    ```mlir
    // func.func(name-operations)
    func.func @linear(%arg0: tensor<4x8xf32>, %arg1: tensor<8x2xf32>,
                      %arg2: tensor<2xf32>) -> tensor<4x2xf32> {
      %0 = tensor.empty() : tensor<4x2xf32>
      %1 = linalg.broadcast ins(%arg2 : tensor<2xf32>)
          outs(%0 : tensor<4x2xf32>) dimensions = [0]
      %2 = linalg.matmul ins(%arg0, %arg1 : tensor<4x8xf32>, tensor<8x2xf32>)
          outs(%1 : tensor<4x2xf32>) -> tensor<4x2xf32>
      return %2 : tensor<4x2xf32>
    }
    ```

    becomes

    ```mlir
    %1 = linalg.generic ... attrs = {gpt2.op = "linear.broadcast"} {
    ...
    %2 = linalg.generic ... attrs = {gpt2.op = "linear", gpt2.result} {
    ...
    return %2 : tensor<4x2xf32>
    ```
  }];
}

def OrderLoops : Pass<"order-loops"> {
  let summary = "Sort the loops of each linalg.generic so that the innermost "
                "walks along rows";
  let description = [{
    The loops of a `linalg.generic` may run in any order. This pass sorts them
    by what their step costs in memory: for each operand, a loop either

    ```
    does not appear in its map       stride 0: the same element again
    is the map's last result         stride 1: the next element
    is another of the map's results  a jump of a row or more
    ```

    and loops with more jumps go outside. Of two with equally many, a reduction
    goes outside, since a sum is a chain and independent elements are not;
    otherwise the order stays. (m, n, k) of a matrix product becomes (m, k, n).

    ```mlir
    // order-loops
    #rows = affine_map<(m, n, k) -> (m, k)>
    #columns = affine_map<(m, n, k) -> (k, n)>
    #sums = affine_map<(m, n, k) -> (m, n)>
    func.func @f(%arg0: tensor<64x768xf32>, %arg1: tensor<768x2304xf32>,
                 %arg2: tensor<64x2304xf32>) -> tensor<64x2304xf32> {
      %0 = linalg.generic {
          indexing_maps = [#rows, #columns, #sums],
          iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%arg0, %arg1 : tensor<64x768xf32>, tensor<768x2304xf32>)
          outs(%arg2 : tensor<64x2304xf32>) {
      ^bb0(%in: f32, %in_0: f32, %out: f32):
        %1 = arith.mulf %in, %in_0 : f32
        %2 = arith.addf %out, %1 : f32
        linalg.yield %2 : f32
      } -> tensor<64x2304xf32>
      return %0 : tensor<64x2304xf32>
    }
    ```

    becomes

    ```mlir
    #map = affine_map<(d0, d1, d2) -> (d0, d1)>
    #map1 = affine_map<(d0, d1, d2) -> (d1, d2)>
    #map2 = affine_map<(d0, d1, d2) -> (d0, d2)>
    ...
    %0 = linalg.generic {indexing_maps = [#map, #map1, #map2],
        iterator_types = ["parallel", "reduction", "parallel"]}
    ...
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
  let options = [Option<"registers", "registers", "int64_t", "256",
                        "How many results can be in registers at once">];
}

def RunSchedule : Pass<"run-schedule", "::mlir::ModuleOp"> {
  let summary = "Apply a named sequence of the transform dialect";
  let description = [{
    Applies the named sequence `sequence` of `files`, which together are one
    library, to the program. With the file

    ```mlir
    // schedule.mlir
    module attributes {transform.with_named_sequence} {
      transform.named_sequence @tensors(
          %program: !transform.any_op {transform.readonly}) {
        %products = transform.structured.match ops{["linalg.matvec"]}
            in %program : (!transform.any_op) -> !transform.any_op
        %tiled, %loop = transform.structured.tile_using_for %products
            tile_sizes [8] : (!transform.any_op)
                -> (!transform.any_op, !transform.any_op)
        transform.yield
      }
    }
    ```

    the program

    ```mlir
    // run-schedule{files=schedule.mlir sequence=tensors}
    func.func @f(%arg0: tensor<64x4xf32>, %arg1: tensor<4xf32>,
                 %arg2: tensor<64xf32>) -> tensor<64xf32> {
      %0 = linalg.matvec ins(%arg0, %arg1 : tensor<64x4xf32>, tensor<4xf32>)
          outs(%arg2 : tensor<64xf32>) -> tensor<64xf32>
      return %0 : tensor<64xf32>
    }
    ```

    becomes

    ```mlir
    %0 = scf.for %arg3 = %c0 to %c64 step %c8
        iter_args(%arg4 = %arg2) -> (tensor<64xf32>) {
      %extracted_slice = tensor.extract_slice %arg0[%arg3, 0] [8, 4] [1, 1]
          : tensor<64x4xf32> to tensor<8x4xf32>
      ...
      %1 = linalg.matvec ...
    ```
  }];
  let dependentDialects = ["::mlir::transform::TransformDialect"];
  let options = [
    ListOption<"files", "files", "std::string", "With its sequences">,
    Option<"sequence", "sequence", "std::string", /*default=*/"",
           "The one to apply">,
    ListOption<"numbers", "numbers", "std::string",
               "Numbers for its knobs, instead of its own: rows=2">
  ];
}

def SeparateFills : Pass<"separate-fills"> {
  let summary = "Give each user of a constant tensor a fill of its own";
  let description = [{
    Two sums that start at zero read one tensor of zeros, once common
    subexpressions are one. Both want to add into it, so bufferization must copy
    it for one of them. This pass gives each user a fill of its own: to fill
    costs less than to copy. Run it last before bufferization.

    ```mlir
    // separate-fills
    func.func @f(%arg0: tensor<4x8xf32>, %arg1: tensor<8xf32>)
        -> (tensor<4xf32>, tensor<4xf32>) {
      %cst = arith.constant 0.0 : f32
      %0 = tensor.empty() : tensor<4xf32>
      %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<4xf32>)
          -> tensor<4xf32>
      %2 = linalg.matvec ins(%arg0, %arg1 : tensor<4x8xf32>, tensor<8xf32>)
          outs(%1 : tensor<4xf32>) -> tensor<4xf32>
      %3 = linalg.matvec ins(%arg0, %arg1 : tensor<4x8xf32>, tensor<8xf32>)
          outs(%1 : tensor<4xf32>) -> tensor<4xf32>
      return %2, %3 : tensor<4xf32>, tensor<4xf32>
    }
    ```

    becomes

    ```mlir
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<4xf32>) -> tensor<4xf32>
    %2 = linalg.fill ins(%cst : f32) outs(%0 : tensor<4xf32>) -> tensor<4xf32>
    %3 = linalg.matvec ins(%arg0, %arg1 : tensor<4x8xf32>, tensor<8xf32>)
        outs(%2 : tensor<4xf32>) -> tensor<4xf32>
    %4 = linalg.matvec ins(%arg0, %arg1 : tensor<4x8xf32>, tensor<8xf32>)
        outs(%1 : tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
}

def TileAndFuse : Pass<"tile-and-fuse", "::mlir::func::FuncOp"> {
  let summary = "Cut results into tiles and compute what a tile needs with it";
  let description = [{
    Cuts the result of an operation into tiles and computes, for each tile, what
    it needs of the operations before it, and of those before them. A value is
    used while the cache still has it. One rule says how far back this goes:
    **nothing is computed twice.**

    A producer is drawn into the loops over tiles if only they need it, and if
    every one of these loops moves the slice that is read of it. The left matrix
    of a product with tiles of rows and columns stays outside: its rows are read
    for each tile of columns anew.

    Tiles:

    - A matrix product, and what elementwise follows it: `rows` x `columns`,
      columns outermost, so that the weights are read from memory once; the sum
      in steps of `depth`.
    - A batch of matrix products: one of the batch, `queries` rows.
    - A matrix product of one row: the whole. A weight is used once, so all are
      read in the order in which they lie.
    - A matrix times vectors, a sum along its rows: `queries` rows, for one
      vector after the other, each sum in `parts`; if its terms may be added in
      any order, LLVM does that, and one row is a tile.
    - Operations along rows: one row.

    What only moves or maps elements stays as it is.

    ```mlir
    // func.func(tile-and-fuse)
    func.func @f(%arg0: tensor<64x768xf32>, %arg1: tensor<64xf32>)
        -> tensor<64xf32> {
      %0 = linalg.exp ins(%arg0 : tensor<64x768xf32>)
          outs(%arg0 : tensor<64x768xf32>) -> tensor<64x768xf32>
      %1 = linalg.reduce {arith.addf} ins(%0 : tensor<64x768xf32>)
          outs(%arg1 : tensor<64xf32>) dimensions = [1]
      return %1 : tensor<64xf32>
    }
    ```

    becomes

    ```mlir
    %0 = scf.for %arg2 = %c0 to %c64 step %c1
        iter_args(%arg3 = %arg1) -> (tensor<64xf32>) {
      ...
      %1 = linalg.exp ins(%extracted_slice : tensor<1x768xf32>) ...
      %reduced = linalg.reduce { arith.addf ... } ins(%1 : tensor<1x768xf32>)
          outs(%extracted_slice_1 : tensor<1xf32>) dimensions = [1]
      %inserted_slice = tensor.insert_slice %reduced into %arg3[%arg2] [1] [1]
          : tensor<1xf32> into tensor<64xf32>
      scf.yield %inserted_slice : tensor<64xf32>
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
  let options = [
    Option<"rows", "rows", "int64_t", "64", "Rows of a matrix product's tile">,
    Option<"columns", "columns", "int64_t", "64",
           "Columns of a matrix product's tile">,
    Option<"depth", "depth", "int64_t", "128", "Terms of the sum in a block">,
    Option<"strip", "strip", "int64_t", "4",
           "Rows whose sums are in registers">,
    Option<"pack", "pack", "bool", "false",
           "Copy a block of weights to a place of its own">,
    Option<"parts", "parts", "int64_t", "64",
           "Sums side by side in a product with a vector">,
    Option<"fuse", "fuse", "bool", "true",
           "Draw producers into the loops over tiles">,
    Option<"queries", "queries", "int64_t", "8",
           "Rows of a tile in a batch of products, or of a product with a "
           "vector">
  ];
}

//===----------------------------------------------------------------------===//
// Matrices of weights
//===----------------------------------------------------------------------===//

def BlockRows : Pass<"block-rows", "::mlir::func::FuncOp"> {
  let summary = "Make of T rows, T open, blocks of a fixed number of rows";
  let description = [{
    A tensor of T rows, T known when the program runs, becomes one of
    ceil(T / R) blocks of R rows. A tile of R rows then has a size that is known
    when the program is compiled, whatever T is; there is no remainder to be
    computed another way. The last block's rows beyond the T-th are computed
    like the others, of whatever memory holds, and looked at by nobody: an
    operation is blocked only if no row of its results depends on another row.

    What is blocked: `linalg.generic` and `linalg.fill` of which one loop runs
    over the first dimension, of open size, of all tensors that have one, and
    loops that carry such tensors. Between them and all else stand views: a row
    of a block is where it would have been, behind the rows before it. What is
    in an `scf.forall` is cut into parts already.

    Run it after `specialize-shapes`, and after what makes named operations
    `linalg.generic`.

    ```mlir
    // func.func(block-rows{rows=8})
    #map = affine_map<(d0, d1) -> (d0, d1)>
    func.func @f(%arg0: tensor<?x768xf32>, %arg1: tensor<?x768xf32>)
        -> tensor<?x768xf32> {
      %0 = linalg.generic {indexing_maps = [#map, #map],
                           iterator_types = ["parallel", "parallel"]}
          ins(%arg0 : tensor<?x768xf32>) outs(%arg1 : tensor<?x768xf32>) {
      ^bb0(%in: f32, %out: f32):
        %1 = math.tanh %in : f32
        linalg.yield %1 : f32
      } -> tensor<?x768xf32>
      return %0 : tensor<?x768xf32>
    }
    ```

    becomes

    ```mlir
    #map = affine_map<()[s0] -> (s0 ceildiv 8)>
    ...
    %0 = affine.apply #map()[%dim_1]
    ...
    %expanded = tensor.expand_shape %inserted_slice [[0, 1], [2]]
        output_shape [%0, 8, 768] : tensor<?x768xf32> into tensor<?x8x768xf32>
    ...
    %6 = linalg.generic {indexing_maps = [#map2, #map2],
        iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%expanded : tensor<?x8x768xf32>)
        outs(%expanded_5 : tensor<?x8x768xf32>) attrs = {gpt2.blocked} {
    ...
    %collapsed = tensor.collapse_shape %6 [[0, 1], [2]]
        : tensor<?x8x768xf32> into tensor<?x768xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
  let options = [Option<"rows", "rows", "int64_t", "8", "Of a block">];
}

def DotProducts : Pass<"dot-products"> {
  let summary =
      "Tiles of products of bf16, or of u8 and i8, by x86's dot products";
  let description = [{
    x86 has instructions for narrow factors that add, in each lane of 32 bits, a
    few products to what is there. AVX-512 has them and, for eight bits,
    AVX-VNNI:

    ```
    vdpbf16ps   f32 += bf16 * bf16 + bf16 * bf16
    vpdpbusd    i32 += u8 * s8 + u8 * s8 + u8 * s8 + u8 * s8
    ```

    A tile of a product whose matrix `pack-panels` has laid out for them,

    ```
    vector.contract (rows x depth), (depth x columns) into (rows x columns)
    ```

    with both factors extended from two times bf16, or four times u8 and i8,
    becomes for each row one of these for each `lanes` columns: a row's few
    elements, 32 bits, meet those of as many columns as a vector has lanes.

    Run it behind `pack-panels`. A contraction that is not of this form stays.

    ```mlir
    // dot-products{lanes=16}
    #rows = affine_map<(m, n, k) -> (m, k)>
    #columns = affine_map<(m, n, k) -> (k, n)>
    #sums = affine_map<(m, n, k) -> (m, n)>
    func.func @f(%arg0: vector<2x2xbf16>, %arg1: vector<16x2xbf16>,
                 %arg2: vector<2x16xf32>) -> vector<2x16xf32> {
      %0 = arith.extf %arg0 : vector<2x2xbf16> to vector<2x2xf32>
      %1 = vector.transpose %arg1, [1, 0]
          : vector<16x2xbf16> to vector<2x16xbf16>
      %2 = arith.extf %1 : vector<2x16xbf16> to vector<2x16xf32>
      %3 = vector.contract {
          indexing_maps = [#rows, #columns, #sums],
          iterator_types = ["parallel", "parallel", "reduction"],
          kind = #vector.kind<add>}
          %0, %2, %arg2
          : vector<2x2xf32>, vector<2x16xf32> into vector<2x16xf32>
      return %3 : vector<2x16xf32>
    }
    ```

    becomes

    ```mlir
    %5 = vector.extract %arg0[0] : vector<2xbf16> from vector<2x2xbf16>
    ...
    %9 = vector.broadcast %8 : i32 to vector<16xi32>
    %10 = vector.bitcast %9 : vector<16xi32> to vector<32xbf16>
    ...
    %12 = llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%11, %4, %10)
    ...
    %15 = vector.extract %arg0[1] : vector<2xbf16> from vector<2x2xbf16>
    ...
    %22 = llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%21, %4, %20)
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::vector::VectorDialect"
  ];
  let options =
      [Option<"lanes", "lanes", "int64_t", "16",
              "Of 32 bits in a vector: 4, 8 or 16">];
}

def NarrowElements : Pass<"narrow-elements", "::mlir::ModuleOp"> {
  let summary = "Take the arguments with an attribute as bf16: extend what is "
                "read of them, round what is written";
  let description = [{
    An argument of f32 with the attribute `marked` (`gpt2.matrix`,
    `gpt2.cache`), every view of it and every new value of it becomes bf16.
    Where an element is read it is extended to f32, where one is written it is
    rounded, so that all arithmetic stays in f32 and no f32 copy exists. An
    operation that neither views, reads nor writes is an error: it would have to
    be taught.

    The program says so: `@gpt2_weight_bits`, or `@gpt2_cache_bits`, is the
    width of an element.

    Run it after `specialize-shapes`.

    ```mlir
    // narrow-elements
    #matrix = affine_map<(n, k) -> (n, k)>
    #terms = affine_map<(n, k) -> (k)>
    #sums = affine_map<(n, k) -> (n)>
    func.func @f(%arg0: tensor<4x8xf32> {gpt2.matrix}, %arg1: tensor<8xf32>,
                 %arg2: tensor<4xf32>) -> tensor<4xf32> {
      %0 = linalg.generic {indexing_maps = [#matrix, #terms, #sums],
                           iterator_types = ["parallel", "reduction"]}
          ins(%arg0, %arg1 : tensor<4x8xf32>, tensor<8xf32>)
          outs(%arg2 : tensor<4xf32>) {
      ^bb0(%in: f32, %in_0: f32, %out: f32):
        %1 = arith.mulf %in, %in_0 : f32
        %2 = arith.addf %out, %1 : f32
        linalg.yield %2 : f32
      } -> tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```

    becomes

    ```mlir
    memref.global constant @gpt2_weight_bits : memref<i32> = dense<16>
    func.func @f(%arg0: tensor<4x8xbf16> {gpt2.matrix}, %arg1: tensor<8xf32>,
                 %arg2: tensor<4xf32>) -> tensor<4xf32> {
    ...
    ^bb0(%in: bf16, %in_0: f32, %out: f32):
      %1 = arith.extf %in : bf16 to f32
      %2 = arith.mulf %1, %in_0 : f32
      %3 = arith.addf %out, %2 : f32
      linalg.yield %3 : f32
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect"
  ];
  let options = [Option<"marked", "marked", "std::string", "matrixAttr.str()",
                        "The arguments' attribute">];
}

def PackPanels : Pass<"pack-panels", "::mlir::ModuleOp"> {
  let summary =
      "Lay matrices of weights out in the order in which they are read";
  let description = [{
    A tiled product reads a matrix in panels: for each k, some neighbouring
    columns, 32 floats of a row of 2304, and then the same columns of the next
    row, nine kilobytes further on. This pass lays a matrix out so that what is
    read one after another lies one behind another:

    ```
    w: L x K x N          becomes   L x ceil(N / 32) x K x 32
    wte: V x C, read by columns of its transpose
                          becomes   ceil(V / 32) x C x 32
    ```

    The width is that of the vectors that the program reads the matrix in, so it
    is the schedule that decides. Vectors of several rows are for an instruction
    that adds that many products, and wants the elements of a column together:

    ```
    w: L x K x N, read 2 x 32   becomes   L x ceil(N / 32) x K / 2 x (32 * 2)
    ```

    Whoever else reads the matrix finds an element where it is now. A matrix
    that is not read in such vectors stays as it is.

    The matrices come from a file, in f32, so there are functions that lay them
    out, to be called when they are loaded: `@prepack_0` for argument 0, with
    what a loader must know in `@gpt2_packed_0`, see `device/packed_layout.h`.

    Arguments are `gpt2.matrix`; entries with the same arguments all get the
    same. Run it behind the schedule, on tensors.

    ```mlir
    // pack-panels
    func.func @f(%arg0: tensor<768x2304xf32> {gpt2.matrix})
        -> vector<1x32xf32> {
      %cst = arith.constant 0.0 : f32
      %c5 = arith.constant 5 : index
      %c64 = arith.constant 64 : index
      %0 = vector.transfer_read %arg0[%c5, %c64], %cst
          {in_bounds = [true, true]} : tensor<768x2304xf32>, vector<1x32xf32>
      return %0 : vector<1x32xf32>
    }
    ```

    becomes

    ```mlir
    func.func @f(%arg0: tensor<72x768x32xf32> {gpt2.matrix})
        -> vector<1x32xf32> {
    ...
      %0 = vector.transfer_read %arg0[%c2, %c5, %c0], %cst
          {in_bounds = [true, true]} : tensor<72x768x32xf32>, vector<1x32xf32>
    ...
    memref.global constant @gpt2_packed_0 : memref<8xi64>
        = dense<[32, 1, 3, 72, 768, 32, -1, -1]>
    func.func @prepack_0(%arg0: memref<?x768x32xf32>, %arg1: memref<?x2304xf32>)
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"
  ];
}

def PrefetchPanels : Pass<"prefetch-panels", "::mlir::func::FuncOp"> {
  let summary = "Ask for the next panel of weights while one is multiplied";
  let description = [{
    A panel of weights is read once for each block of rows. The first time it
    comes from memory, and the block waits; then from the second cache, and
    memory waits. So what multiplies a panel asks for the next one meanwhile, a
    row, in lines of 64 bytes, in each iteration of the innermost loop.

    All blocks but the first ask for what is there. To divide the lines among
    blocks saves them that, and leaves a single block, a step of up to eight
    sequences, with half a panel: its steps took 1.3 to 1.5 times as long.

    ```mlir
    // func.func(prefetch-panels)
    func.func @f(%arg0: memref<72x768x32xf32>, %arg1: index,
                 %arg2: memref<32xf32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %c768 = arith.constant 768 : index
      scf.for %arg3 = %c0 to %c8 step %c1 {      // blocks of rows
        scf.for %arg4 = %c0 to %c768 step %c1 {  // one row of the panel each
          %0 = vector.load %arg0[%arg1, %arg4, %c0]
              : memref<72x768x32xf32>, vector<32xf32>
          vector.store %0, %arg2[%c0] : memref<32xf32>, vector<32xf32>
        }
      }
      return
    }
    ```

    becomes

    ```mlir
    #map = affine_map<()[s0] -> (s0 + 1, 71)>
    ...
    %0 = affine.min #map()[%arg1]
    ...
    memref.prefetch %arg0[%0, %arg4, %c0_0], read, locality<2>, data
        : memref<72x768x32xf32>
    memref.prefetch %arg0[%0, %arg4, %c16], read, locality<2>, data
        : memref<72x768x32xf32>
    %1 = vector.load %arg0[%arg1, %arg4, %c0]
        : memref<72x768x32xf32>, vector<32xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::memref::MemRefDialect"
  ];
}

def QuantizeMatrices : Pass<"quantize-matrices", "::mlir::ModuleOp"> {
  let summary =
      "Take matrices of weights in eight bits, with a scale for each column";
  let description = [{
    The `gpt2.matrix` arguments that products read become i8. A column n of a
    matrix, the weights of one result, has a scale:

    ```
    w[k, n] = s[n] * q[k, n],  s[n] = max over k of |w[k, n]| / 127
    ```

    Products are of q, and s comes behind their sum. With a `depth` of 1:

    ```
    y[t, n] = bias[n] + s[n] * sum over k of x[t, k] * q[k, n]
    ```

    all in f32 but q. With more, for an instruction that adds `depth` products
    of u8 and s8 to an i32, x is quantized as well, row by row, whatever it is:

    ```
    m[t]    = max over k of |x[t, k]|
    u[t, k] = 128 + round(127 / m[t] * x[t, k])
    y[t, n] = bias[n] + s[n] * m[t] / 127
                      * (sum over k of u[t, k] * q[k, n] - 128 * c[n])
    ```

    where c[n], the sum of a column's q, takes out the 128 that make u unsigned.
    Products and sums of integers are exact. That is for matrices of (in, out);
    one that is read row by row, the output embedding, multiplies f32.

    What loads a matrix does so for all entries, so all have it alike: the
    argument of one number and type is i8 in each if a product in one reads it.

    s and c are new arguments behind those that there are, in the order of the
    matrices, and known by their attributes:

    ```
    gpt2.scales = array<i64: 7, 2>   of argument 7, of which dimension 2 is that
                                     of columns; f32
    gpt2.sums = array<i64: 7, 2>     i32
    ```

    What is not a number stays so: it makes its column's scale, or its row's,
    not a number. What is infinite makes it infinite, and is 127 itself. All q
    and u are integers, whatever w and x are. Who fills them, and q: see `pack-panels`.

    Run it before `block-rows`.

    ```mlir
    // quantize-matrices
    #rows = affine_map<(t, n, k) -> (t, k)>
    #columns = affine_map<(t, n, k) -> (k, n)>
    #sums = affine_map<(t, n, k) -> (t, n)>
    func.func @f(%arg0: tensor<4x8xf32>, %arg1: tensor<8x2xf32> {gpt2.matrix},
                 %arg2: tensor<4x2xf32>) -> tensor<4x2xf32> {
      %0 = linalg.generic {
          indexing_maps = [#rows, #columns, #sums],
          iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%arg0, %arg1 : tensor<4x8xf32>, tensor<8x2xf32>)
          outs(%arg2 : tensor<4x2xf32>) {
      ^bb0(%in: f32, %in_0: f32, %out: f32):
        %1 = arith.mulf %in, %in_0 : f32
        %2 = arith.addf %out, %1 : f32
        linalg.yield %2 : f32
      } -> tensor<4x2xf32>
      return %0 : tensor<4x2xf32>
    }
    ```

    becomes

    ```mlir
    func.func @f(%arg0: tensor<4x8xf32>, %arg1: tensor<8x2xi8> {gpt2.matrix},
                 %arg2: tensor<4x2xf32>,
                 %arg3: tensor<2xf32> {gpt2.scales = array<i64: 1, 1>})
        -> tensor<4x2xf32> {
    ...
    %2 = linalg.generic ... attrs = {gpt2.op = "quantized.product"} {
    ^bb0(%in: f32, %in_0: i8, %out: f32):
      %5 = arith.sitofp %in_0 : i8 to f32
      %6 = arith.mulf %in, %5 : f32
      %7 = arith.addf %out, %6 : f32
    ...
    %4 = linalg.generic ... attrs = {gpt2.op = "scaled"} {
    ^bb0(%in: f32, %in_0: f32, %in_1: f32, %out: f32):
      %5 = arith.mulf %in, %in_1 : f32
      %6 = arith.addf %in_0, %5 : f32
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
  let options = [Option<"depth", "depth", "int64_t", "1",
                        "Products of u8 and s8 that an instruction adds; 1: "
                        "there is none, the other factor stays f32">];
}

def RoundOperands : Pass<"round-operands", "::mlir::ModuleOp"> {
  let summary = "Round to bf16 what is multiplied by matrices of bf16";
  let description = [{
    A CPU's dot products of bf16 want both factors so. Where `narrow-elements`
    has made a layer's matrix bf16,

    ```
    y[t, n] += x[t, k] * extend(w[k, n])
    ```

    this pass has x rounded too:

    ```
    y[t, n] += extend(x[t, k]) * extend(w[k, n])
    ```

    Products of bf16 are exact in f32, and sums stay in f32. x is rounded where
    it is computed if that is elementwise and nobody else reads it, otherwise by
    an operation of its own, `gpt2.op = "rounded"`.

    A matrix that is read row by row, the output embedding, multiplies f32 as
    before: of a prompt it multiplies one row, which waits for memory anyway.

    Run it before `block-rows`.

    ```mlir
    // round-operands
    #rows = affine_map<(t, n, k) -> (t, k)>
    #columns = affine_map<(t, n, k) -> (k, n)>
    #sums = affine_map<(t, n, k) -> (t, n)>
    func.func @f(%arg0: tensor<4x8xf32>, %arg1: tensor<8x2xbf16> {gpt2.matrix},
                 %arg2: tensor<4x2xf32>) -> tensor<4x2xf32> {
      %0 = linalg.generic {
          indexing_maps = [#rows, #columns, #sums],
          iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%arg0, %arg1 : tensor<4x8xf32>, tensor<8x2xbf16>)
          outs(%arg2 : tensor<4x2xf32>) {
      ^bb0(%in: f32, %in_0: bf16, %out: f32):
        %1 = arith.extf %in_0 : bf16 to f32
        %2 = arith.mulf %in, %1 : f32
        %3 = arith.addf %out, %2 : f32
        linalg.yield %3 : f32
      } -> tensor<4x2xf32>
      return %0 : tensor<4x2xf32>
    }
    ```

    becomes

    ```mlir
    %1 = linalg.generic ... attrs = {gpt2.op = "rounded", gpt2.result} {
    ^bb0(%in: f32, %out: bf16):
      %3 = arith.truncf %in : f32 to bf16
      linalg.yield %3 : bf16
    } -> tensor<4x8xbf16>
    %2 = linalg.generic ...
        ins(%1, %arg1 : tensor<4x8xbf16>, tensor<8x2xbf16>)
        outs(%arg2 : tensor<4x2xf32>) {
    ^bb0(%in: bf16, %in_0: bf16, %out: f32):
      %3 = arith.extf %in : bf16 to f32
      %4 = arith.extf %in_0 : bf16 to f32
      %5 = arith.mulf %3, %4 : f32
      %6 = arith.addf %out, %5 : f32
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
  let options = [Option<"depth", "depth", "int64_t", "2",
                        "Products that an instruction adds: sums of another "
                        "number of products are left alone">];
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

def AllocatePerThread : Pass<"allocate-per-thread"> {
  let summary =
      "Take stack memory once for a thread, not for each part of a loop";
  let description = [{
    `convert-scf-to-openmp` wraps the body of a parallel loop in a
    `memref.alloca_scope`: what a part takes of the stack is given back when it
    is done. That region cannot have branches, and a part takes the same each
    time. This pass moves what is allocated, in a part's own loops and branches
    too, to the start of the `omp.parallel` around the loop, where each thread
    takes it once for all of its parts.

    ```mlir
    // allocate-per-thread
    func.func @f(%arg0: index, %arg1: f32) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      omp.parallel {
        omp.wsloop {
          omp.loop_nest (%arg2) : index = (%c0) to (%arg0) step (%c1) {
            memref.alloca_scope {
              %alloca = memref.alloca() : memref<8xf32>
              memref.store %arg1, %alloca[%c0] : memref<8xf32>
            }
            omp.yield
          }
        }
        omp.terminator
      }
      return
    }
    ```

    becomes

    ```mlir
    omp.parallel {
      %alloca = memref.alloca() : memref<8xf32>
      omp.wsloop {
        omp.loop_nest (%arg2) : index = (%c0) to (%arg0) step (%c1) {
          memref.store %arg1, %alloca[%c0] : memref<8xf32>
          omp.yield
        }
      }
      omp.terminator
    }
    ```
  }];
}

def CopiesToLinalg : Pass<"copies-to-linalg"> {
  let summary = "Make each memref.copy a linalg.generic";
  let description = [{
    `memref.copy` between views calls a function of MLIR's runtime library,
    which goes from element to element; a kernel cannot call it at all. As a
    `linalg.generic` that yields what it reads, a copy is lowered as the
    computations around it are.

    ```mlir
    // copies-to-linalg
    func.func @f(%arg0: memref<8xf32, strided<[4]>>, %arg1: memref<8xf32>) {
      memref.copy %arg0, %arg1 : memref<8xf32, strided<[4]>> to memref<8xf32>
      return
    }
    ```

    becomes

    ```mlir
    linalg.generic {indexing_maps = [#map, #map],
                    iterator_types = ["parallel"]}
        ins(%arg0 : memref<8xf32, strided<[4]>>) outs(%arg1 : memref<8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    }
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def DropReturnedArguments
    : Pass<"drop-returned-arguments", "::mlir::func::FuncOp"> {
  let summary = "A public function does not return the buffers it was given";
  let description = [{
    On tensors, a function that updates an argument returns the new value. Once
    bufferized in place, that value is the argument's own buffer; this pass
    stops returning it. Upstream's `drop-equivalent-buffer-results` does so for
    private functions only, whose callers it can rewrite. Our entries are
    public, and their one caller, `callEntry()`, reads no results.

    ```mlir
    // func.func(drop-returned-arguments)
    func.func @update(%arg0: memref<4xf32>) -> (memref<4xf32>, memref<4xf32>) {
      %alloc = memref.alloc() : memref<4xf32>
      return %arg0, %alloc : memref<4xf32>, memref<4xf32>
    }
    ```

    becomes

    ```mlir
    func.func @update(%arg0: memref<4xf32>) -> memref<4xf32> {
      %alloc = memref.alloc() : memref<4xf32>
      return %alloc : memref<4xf32>
    }
    ```
  }];
}

def FoldVectorAccesses : Pass<"fold-vector-accesses"> {
  let summary =
      "Fold views into vector.load and vector.store, and keep alignments";
  let description = [{
    A `vector.load` or `vector.store` of a view becomes one of the memory that
    is viewed, at other indices, and keeps what it says of itself, its
    alignment. Run it before `fold-memref-alias-ops`, which makes such
    operations anew, and without: on a GPU, 16 bytes are then read two by two.

    ```mlir
    // fold-vector-accesses
    func.func @f(%arg0: memref<12x8x8xbf16>, %arg1: index) -> vector<8xbf16> {
      %c0 = arith.constant 0 : index
      %subview = memref.subview %arg0[%arg1, 0, 0] [1, 8, 8] [1, 1, 1]
          : memref<12x8x8xbf16> to memref<8x8xbf16, strided<[8, 1], offset: ?>>
      %0 = vector.load %subview[%c0, %c0] {alignment = 16 : i64}
          : memref<8x8xbf16, strided<[8, 1], offset: ?>>, vector<8xbf16>
      return %0 : vector<8xbf16>
    }
    ```

    becomes

    ```mlir
    %0 = vector.load %arg0[%arg1, %c0, %c0] {alignment = 16 : i64}
        : memref<12x8x8xbf16>, vector<8xbf16>
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect"
  ];
}

def PreferVectorWidth : Pass<"prefer-vector-width", "::mlir::ModuleOp"> {
  let summary = "Ask LLVM for vectors of so many bits in one function";
  let description = [{
    Asks LLVM for vectors of so many bits in one function, where the CPU has
    wider ones: what waits for memory gains nothing from them.

    ```mlir
    // prefer-vector-width{function=decode bits=256}
    llvm.func @decode() {
      llvm.return
    }
    ```

    becomes

    ```mlir
    llvm.func @decode() attributes {prefer_vector_width = "256"} {
    ```
  }];
  let options = [
    Option<"function", "function", "std::string", /*default=*/"",
           "The function's name">,
    Option<"bits", "bits", "unsigned", "256", "Of a vector">
  ];
}

def ProtectArguments : Pass<"protect-arguments", "::mlir::func::FuncOp"> {
  let summary =
      "Let bufferization write to no argument that is not marked for it";
  let description = [{
    Bufferization takes a tensor that an entry is given as its own, and lets an
    operation write its result where the argument is, if nobody reads that
    afterwards. But the caller's weights are the same in the next call: where a
    product begins with its bias, and the bias is a view of an argument, sums
    would be added to it for ever. This pass marks all tensors that an entry
    does not say it writes. Private functions are no entries.

    Run it before bufferization.

    ```mlir
    // func.func(protect-arguments)
    func.func @f(%arg0: tensor<8xf32> {bufferization.writable = true},
                 %arg1: tensor<8xf32>) {
      return
    }
    ```

    becomes

    ```mlir
    func.func @f(%arg0: tensor<8xf32> {bufferization.writable = true},
                 %arg1: tensor<8xf32> {bufferization.writable = false}) {
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
}

def ReuseBuffers : Pass<"reuse-buffers", "::mlir::ModuleOp"> {
  let summary = "Put temporaries into globals or an arena, in places that "
                "buffers which are not alive together share";
  let description = [{
    Gives every `memref.alloc` of a function a place that is known when the
    program is compiled, so that running it allocates nothing. A place is a
    global of fixed size; buffers that are never alive together share one.

    Sizes. A buffer's open size is that of the tokens at hand, at most the
    function's `gpt2.context`; that of a tile is bounded by the tile. The bound
    is what is reserved. Memory that is never touched is never given by the
    system, so a short sequence pays for a short sequence.

    What frees a buffer is gone. A buffer that is known under a name which this
    pass cannot follow, in another block or as an address, is an error.

    What is allocated in an `scf.forall` is on the stack of the thread that
    computes that part: its places are its own.

    With `arena=true` the places are parts of one block of memory, which the
    caller gives as the function's last argument and which
    `@FUNCTION_arena_bytes` has the size of: on a GPU, where globals are not the
    host's to give out.

    ```mlir
    // reuse-buffers
    func.func @f(%arg0: memref<8xf32>) {
      %alloc = memref.alloc() : memref<8xf32>
      linalg.exp ins(%arg0 : memref<8xf32>) outs(%alloc : memref<8xf32>)
      linalg.tanh ins(%alloc : memref<8xf32>) outs(%arg0 : memref<8xf32>)
      %alloc_0 = memref.alloc() : memref<8xf32>
      linalg.sqrt ins(%arg0 : memref<8xf32>) outs(%alloc_0 : memref<8xf32>)
      linalg.exp ins(%alloc_0 : memref<8xf32>) outs(%arg0 : memref<8xf32>)
      return
    }
    ```

    becomes

    ```mlir
    memref.global "private" @buffer : memref<32xi8> = uninitialized
        {alignment = 64 : i64}
    ...
    %0 = memref.get_global @buffer : memref<32xi8>
    %c0 = arith.constant 0 : index
    %view = memref.view %0[%c0][] : memref<32xi8> to memref<8xf32>
    linalg.exp ins(%arg0 : memref<8xf32>) outs(%view : memref<8xf32>)
    ...
    %1 = memref.get_global @buffer : memref<32xi8>
    ...
    linalg.sqrt ins(%arg0 : memref<8xf32>) outs(%view_1 : memref<8xf32>)
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"
  ];
  let options = [Option<"arena", "arena", "bool", "false",
                        "Into one block that is the function's last argument">];
}

def UnrollMarkedLoops : Pass<"unroll-marked-loops"> {
  let summary = "Write out the iterations of loops marked gpt2.unroll";
  let description = [{
    A loop marked `gpt2.unroll` becomes its iterations, one after another. A thread's
    private array is in registers only if every index into it is a constant, and
    LLVM unrolls what it finds worth its while, which a long body is not.

    ```mlir
    // unroll-marked-loops,canonicalize
    func.func @f(%arg0: memref<2xf32>, %arg1: f32) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      scf.for %arg2 = %c0 to %c2 step %c1 {
        memref.store %arg1, %arg0[%arg2] : memref<2xf32>
      } {gpt2.unroll}
      return
    }
    ```

    becomes

    ```mlir
    memref.store %arg1, %arg0[%c0] : memref<2xf32>
    memref.store %arg1, %arg0[%c1] : memref<2xf32>
    return
    ```
  }];
}

def WriteInPlace : Pass<"write-in-place", "::mlir::func::FuncOp"> {
  let summary = "Make a result that is only copied elsewhere there";
  let description = [{
    A kernel written by hand stores into a buffer that it allocates. If all that
    happens to the buffer then is a copy to somewhere else, the kernel stores
    there. (For results of linalg operations `eliminate-empty-tensors` does
    this, before there are buffers.)

    That is safe if nothing touches the destination between allocation and copy.
    Destinations are slices of an argument; arguments do not overlap.

    ```mlir
    // func.func(write-in-place)
    func.func @f(%arg0: memref<2x8xf32>, %arg1: f32, %arg2: index) {
      %alloc = memref.alloc() : memref<8xf32>
      memref.store %arg1, %alloc[%arg2] : memref<8xf32>
      %subview = memref.subview %arg0[1, 0] [1, 8] [1, 1]
          : memref<2x8xf32> to memref<8xf32, strided<[1], offset: 8>>
      memref.copy %alloc, %subview
          : memref<8xf32> to memref<8xf32, strided<[1], offset: 8>>
      return
    }
    ```

    becomes

    ```mlir
    %subview = memref.subview %arg0[1, 0] [1, 8] [1, 1]
        : memref<2x8xf32> to memref<8xf32, strided<[1], offset: 8>>
    memref.store %arg1, %subview[%arg2]
        : memref<8xf32, strided<[1], offset: 8>>
    return
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Kernels for GPUs
//===----------------------------------------------------------------------===//

def AlignSharedMemory : Pass<"align-shared-memory"> {
  let summary = "Align variables in shared memory to 16 bytes";
  let description = [{
    A vector of four floats is read at once from an address that is a multiple
    of 16, and a variable in shared memory is only promised to be at one of its
    elements' size.

    ```mlir
    // align-shared-memory
    gpu.module @kernels {
      gpu.func @k()
          workgroup(%arg0: memref<64xf32, #gpu.address_space<workgroup>>)
          kernel {
        gpu.return
      }
    }
    ```

    becomes

    ```mlir
    gpu.func @k()
        workgroup(%arg0 : memref<64xf32, #gpu.address_space<workgroup>>
                  {llvm.align = 16 : i64}) kernel {
    ```
  }];
}

def DistributeTiles : Pass<"distribute-tiles", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Give each lane its part of a subgroup's tiles";
  let description = [{
    A kernel may have values of a whole subgroup: tiles of 16 x 16. Each lane
    holds a part, in the places in which the chip's matrix unit wants it:

    ```
    vector.load %m[%i, %j], vector<16x16xbf16>  a factor, from shared memory or
                                                not; a lane reads its own part
    vector.load %m[%i, %j], vector<16x16xf32>   sums so far
    vector.contract %a, %b, %c                  a product of tiles, and a sum:
                                                the instruction
    vector.load %m[%i, %j], vector<16x1xf32>    a number for each row, which
    vector.broadcast                            becomes a tile
    arith.mulf and the like                     by each lane for its part
    vector.store %c, %m[%i, %j]                 of vector<16x16xf32>
    ```

    A tile of bf16 is a factor that was loaded: for all else, its lanes would
    hold it in the wrong places, and it is an error.

    The factors' role, left or right, follows from the product. A right factor
    may be stored with its columns as rows; then the product's second map is

    ```
    (m, n, k) -> (n, k)
    ```

    Rows of `%m` are a multiple of 16 bytes long, and `%j` is one of 8 elements.

    Run it on `gpu.module`s, before they are lowered for a chip.

    ```mlir
    // gpu.module(distribute-tiles{chip=sm_90})
    #rows = affine_map<(m, n, k) -> (m, k)>
    #columns = affine_map<(m, n, k) -> (k, n)>
    #sums = affine_map<(m, n, k) -> (m, n)>
    gpu.module @kernels {
      gpu.func @k(%arg0: memref<16x16xbf16>, %arg1: memref<16x16xf32>) kernel {
        %c0 = arith.constant 0 : index
        %0 = vector.load %arg0[%c0, %c0]
            : memref<16x16xbf16>, vector<16x16xbf16>
        %1 = vector.load %arg0[%c0, %c0]
            : memref<16x16xbf16>, vector<16x16xbf16>
        %2 = vector.load %arg1[%c0, %c0]
            : memref<16x16xf32>, vector<16x16xf32>
        %3 = vector.contract {
            indexing_maps = [#rows, #columns, #sums],
            iterator_types = ["parallel", "parallel", "reduction"],
            kind = #vector.kind<add>}
            %0, %1, %2 : vector<16x16xbf16>, vector<16x16xbf16>
                into vector<16x16xf32>
        vector.store %3, %arg1[%c0, %c0]
            : memref<16x16xf32>, vector<16x16xf32>
        gpu.return
      }
    }
    ```

    becomes

    ```mlir
    %0 = gpu.lane_id ...
    ...
    nvvm.mma.sync A[...] B[...] C[...] {...
        shape = #nvvm.shape<m = 16, n = 8, k = 16>}
        : (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    ...
    nvvm.mma.sync A[...] B[...] C[...] {...}
    ...
    memref.store ... : memref<16x16xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::amdgpu::AMDGPUDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::nvgpu::NVGPUDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::vector::VectorDialect"
  ];
  let options = [Option<"chip", "chip", "std::string", "\"sm_90\"",
                        "With what matrix unit">];
}

def FuseEpilogues : Pass<"fuse-epilogues", "::mlir::func::FuncOp"> {
  let summary =
      "Let a kernel do what an elementwise operation does to its result";
  let description = [{
    A kernel stores its result, and an elementwise operation reads it from
    memory again: an activation, a sum with what was there before. The thread
    that has an element in a register can do that itself, and the buffer between
    them is gone.

    This holds if nothing else uses the buffer, the launch uses the operation's
    result for nothing else, nothing between the two touches memory, and the
    kernel stores each element of its result once, which is what this pass asks
    of kernels: it can see that there is one store, and not how often it
    happens.

    ```mlir
    // func.func(fuse-epilogues)
    #map = affine_map<(d0) -> (d0)>
    func.func @f(%arg0: memref<64xf32>, %arg1: memref<64xf32>) {
      %c1 = arith.constant 1 : index
      %c64 = arith.constant 64 : index
      %alloc = memref.alloc() : memref<64xf32>
      gpu.launch blocks(%arg2, %arg3, %arg4)
              in (%arg8 = %c1, %arg9 = %c1, %arg10 = %c1)
          threads(%arg5, %arg6, %arg7)
              in (%arg11 = %c64, %arg12 = %c1, %arg13 = %c1) {
        %0 = memref.load %arg0[%arg5] : memref<64xf32>
        memref.store %0, %alloc[%arg5] : memref<64xf32>
        gpu.terminator
      }
      linalg.generic {indexing_maps = [#map, #map],
                      iterator_types = ["parallel"]}
          ins(%alloc : memref<64xf32>) outs(%arg1 : memref<64xf32>) {
      ^bb0(%in: f32, %out: f32):
        %0 = arith.addf %in, %out : f32
        linalg.yield %0 : f32
      }
      return
    }
    ```

    becomes

    ```mlir
    gpu.launch ... {
      %0 = memref.load %arg0[%arg5] : memref<64xf32>
      %1 = memref.load %arg1[%arg5] : memref<64xf32>
      %2 = arith.addf %0, %1 : f32
      memref.store %2, %arg1[%arg5] : memref<64xf32>
      gpu.terminator
    }
    return
    ```
  }];
}

def LowerGpuLaunches : Pass<"lower-gpu-launches", "::mlir::ModuleOp"> {
  let summary = "Launch kernels by name, through the runtime's functions";
  let description = [{
    `gpu.launch_func` in the LLVM dialect, as `gpu-to-llvm` leaves it, becomes
    calls of the runtime: `mgpuModuleLoad`, `mgpuModuleGetFunction`,
    `mgpuLaunchKernel` (`device/mgpu.h`). Upstream does this when it translates
    to LLVM IR, with the kernels' code for one target in the program. Here the
    program holds the names only, and the device that runs it brings the code.
    Launches wait for each other: one with a stream, with tokens or with
    clusters of blocks is an error.

    ```mlir
    // lower-gpu-launches
    module attributes {gpu.container_module} {
      gpu.module @kernels {
        llvm.func @gelu() attributes {gpu.kernel} {
          llvm.return
        }
      }
      llvm.func @f(%arg0: i64) {
        gpu.launch_func @kernels::@gelu
            blocks in (%arg0, %arg0, %arg0)
            threads in (%arg0, %arg0, %arg0) : i64
        llvm.return
      }
    }
    ```

    becomes

    ```mlir
    %2 = llvm.mlir.addressof @gpu_name_kernels : !llvm.ptr
    ...
    %4 = llvm.call @mgpuModuleLoad(%2, %3) : (!llvm.ptr, i64) -> !llvm.ptr
    %5 = llvm.mlir.addressof @gpu_name_gelu : !llvm.ptr
    %6 = llvm.call @mgpuModuleGetFunction(%4, %5)
        : (!llvm.ptr, !llvm.ptr) -> !llvm.ptr
    ...
    llvm.call @mgpuLaunchKernel(%6, %arg0, %arg0, %arg0, %arg0, %arg0, %arg0,
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def LowerGpuReductions : Pass<"lower-gpu-reductions"> {
  let summary = "Reduce over subgroups by shuffles";
  let description = [{
    `gpu.subgroup_reduce` as exchanges between lanes (upstream's patterns, which
    upstream runs in test passes only). The subgroup's size is the target's: 32
    lanes on NVIDIA and RDNA, 64 on CDNA. Of a vector, each number is reduced for
    itself, or several that fit a register of 32 bits together; a wider number is
    an error.

    Not `gpu.all_reduce`: upstream's lowering lets several lanes write the same
    result to one place of shared memory. That is harmless, but it is a race,
    and the emulator says so.

    ```mlir
    // lower-gpu-reductions{subgroup-size=32}
    gpu.module @kernels {
      gpu.func @k(%arg0: f32, %arg1: memref<f32>) kernel {
        %0 = gpu.subgroup_reduce add %arg0 : (f32) -> f32
        memref.store %0, %arg1[] : memref<f32>
        gpu.return
      }
    }
    ```

    becomes

    ```mlir
    %shuffleResult, %valid = gpu.shuffle xor %arg0, %c1_i32, %c32_i32 : f32
    %0 = arith.addf %arg0, %shuffleResult : f32
    %shuffleResult_0, %valid_1 = gpu.shuffle xor %0, %c2_i32, %c32_i32 : f32
    %1 = arith.addf %0, %shuffleResult_0 : f32
    ...
    %shuffleResult_6, %valid_7 = gpu.shuffle xor %3, %c16_i32, %c32_i32 : f32
    %4 = arith.addf %3, %shuffleResult_6 : f32
    memref.store %4, %arg1[] : memref<f32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::vector::VectorDialect"
  ];
  let options = [Option<"subgroupSize", "subgroup-size", "unsigned", "32",
                        "Lanes that exchange values">];
}

def LowerMathToIntrinsics : Pass<"lower-math-to-intrinsics"> {
  let summary = "Compute exp and tanh by exp2, which needs no device library";
  let description = [{
    A GPU has no libm: upstream's conversions call libdevice or ocml, which come
    with CUDA and ROCm. This pass needs neither. It expresses exp, exp2, sqrt,
    rsqrt, tanh and the magnitude of f32 by three intrinsics, `llvm.exp2`,
    `llvm.sqrt` and `llvm.fabs`, for which every target has an instruction (on
    the host, for the first, a function of libm):

    ```
    exp(x)  = exp2(x log2 e)
    tanh(x) = 1 - 2 / (exp2(2 x log2 e) + 1)
    ```

    tanh computed like this errs by about 2^-24 absolutely, as its result's
    neighbours near 1 do, and so relatively more near 0. GPT-2 adds 1 to it.

    ```mlir
    // lower-math-to-intrinsics
    func.func @f(%arg0: f32) -> f32 {
      %0 = math.exp %arg0 : f32
      return %0 : f32
    }
    ```

    becomes

    ```mlir
    %cst = arith.constant 1.44269502 : f32
    %0 = arith.mulf %arg0, %cst : f32
    %1 = llvm.call_intrinsic "llvm.exp2.f32"(%0) : (f32) -> f32
    return %1 : f32
    ```
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect"
  ];
}

def NameKernels : Pass<"name-kernels", "::mlir::ModuleOp"> {
  let summary = "Name the kernels of launches after the files they come from";
  let description = [{
    Says of each `gpu.launch` which function its body is to become: of the
    module `@kernels`, and named after the file it was written in (`layernorm`,
    and `layernorm_1` if that is taken). A device finds a kernel by its name
    alone, and profilers show it.

    ```mlir
    // name-kernels
    func.func @f() {
      %c1 = arith.constant 1 : index
      gpu.launch blocks(%arg0, %arg1, %arg2)
              in (%arg6 = %c1, %arg7 = %c1, %arg8 = %c1)
          threads(%arg3, %arg4, %arg5)
              in (%arg9 = %c1, %arg10 = %c1, %arg11 = %c1) {
        gpu.terminator
      } loc("layernorm.mlir":10:3)
      return
    }
    ```

    becomes

    ```mlir
    gpu.launch ... module(@kernels) function(@layernorm) {
    ```
  }];
}

def SetSubgroupSize : Pass<"set-subgroup-size"> {
  let summary = "Put the target's number of lanes in gpu.subgroup_size's place";
  let description = [{
    `gpu.subgroup_size` becomes the target's number, in kernels and where they
    are launched: 32 on NVIDIA and RDNA, 64 on CDNA.

    ```mlir
    // set-subgroup-size{lanes=64}
    func.func @f() -> index {
      %0 = gpu.subgroup_size : index
      return %0 : index
    }
    ```

    becomes

    ```mlir
    %c64 = arith.constant 64 : index
    return %c64 : index
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let options = [
    Option<"lanes", "lanes", "unsigned", "32", "Lanes that exchange values">
  ];
}
