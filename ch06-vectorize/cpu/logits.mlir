// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// l[n, v] = sum over c of wte[v, c] * x[n, c], for 64 rows at a time: what they are
// computed in, whole blocks of rows, need not be as large as the context. A single
// row, which is what follows a prompt, is computed alone: a block of 8 would be
// eight times the work.
// x (N, C), wte (V, C) -> l (N, V)

func.func private @logits_of_rows(
    %x: tensor<?x?xf32>, %wte: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %N = tensor.dim %x, %c0 : tensor<?x?xf32>
  %V = tensor.dim %wte, %c0 : tensor<?x?xf32>
  %empty = tensor.empty(%N, %V) : tensor<?x?xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x?xf32>)
      -> tensor<?x?xf32>
  %l = linalg.generic {
      indexing_maps = [affine_map<(v, n, c) -> (v, c)>,
                       affine_map<(v, n, c) -> (n, c)>,
                       affine_map<(v, n, c) -> (n, v)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%wte, %x : tensor<?x?xf32>, tensor<?x?xf32>)
      outs(%zeros : tensor<?x?xf32>) attrs = {gpt2.op = "logits"} {
  ^bb0(%w: f32, %xc: f32, %acc: f32):
    %product = arith.mulf %w, %xc fastmath<reassoc> : f32
    %sum = arith.addf %acc, %product fastmath<reassoc> : f32
    linalg.yield %sum : f32
  } -> tensor<?x?xf32>
  return %l : tensor<?x?xf32>
}

func.func private @logits(
    %x: tensor<?x?xf32>, %wte: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  %N = tensor.dim %x, %c0 : tensor<?x?xf32>
  %C = tensor.dim %x, %c1 : tensor<?x?xf32>
  %V = tensor.dim %wte, %c0 : tensor<?x?xf32>
  %empty = tensor.empty(%N, %V) : tensor<?x?xf32>
  %is_one = arith.cmpi eq, %N, %c1 : index
  %alone = arith.select %is_one, %c1, %c0 : index
  %one = scf.for %n = %c0 to %alone step %c1 iter_args(%so_far = %empty)
      -> (tensor<?x?xf32>) {
    %row = tensor.extract_slice %x[%n, 0] [1, %C] [1, 1]
        : tensor<?x?xf32> to tensor<1x?xf32>
    %own = tensor.empty(%V) : tensor<1x?xf32>
    %zeros = linalg.fill ins(%zero : f32) outs(%own : tensor<1x?xf32>)
        -> tensor<1x?xf32>
    %logits = linalg.generic {
        indexing_maps = [affine_map<(v, n, c) -> (v, c)>,
                         affine_map<(v, n, c) -> (n, c)>,
                         affine_map<(v, n, c) -> (n, v)>],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%wte, %row : tensor<?x?xf32>, tensor<1x?xf32>)
        outs(%zeros : tensor<1x?xf32>) attrs = {gpt2.op = "logits.of_one"} {
    ^bb0(%w: f32, %xc: f32, %acc: f32):
      %product = arith.mulf %w, %xc fastmath<reassoc> : f32
      %sum = arith.addf %acc, %product fastmath<reassoc> : f32
      linalg.yield %sum : f32
    } -> tensor<1x?xf32>
    %more = tensor.insert_slice %logits into %so_far[%n, 0] [1, %V] [1, 1]
        : tensor<1x?xf32> into tensor<?x?xf32>
    scf.yield %more : tensor<?x?xf32>
  }
  %l = scf.for %n = %alone to %N step %c64 iter_args(%so_far = %one)
      -> (tensor<?x?xf32>) {
    %count = affine.min affine_map<(n)[size] -> (64, size - n)>(%n)[%N]
    %some = tensor.extract_slice %x[%n, 0] [%count, %C] [1, 1]
        : tensor<?x?xf32> to tensor<?x?xf32>
    %rows = func.call @logits_of_rows(%some, %wte)
        : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
    %more = tensor.insert_slice %rows into %so_far[%n, 0] [%count, %V] [1, 1]
        : tensor<?x?xf32> into tensor<?x?xf32>
    scf.yield %more : tensor<?x?xf32>
  }
  return %l : tensor<?x?xf32>
}
