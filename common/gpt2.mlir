// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// GPT-2's forward pass (Radford et al. 2019): the skeleton every chapter shares.
//
// The kernels are declared here and defined by a chapter, one file each; linking
// is by symbol. Sizes are `?` in the text. `gpt2.shape` names them, so that the
// pass `specialize-shapes` can put a model's numbers in their place:
//   L layers   C channels   H heads, D = C / H channels each   V tokens known
//   F channels within the MLP, 4 C in GPT-2   P positions (the longest sequence)
//   T tokens at hand   N rows of logits
// The weights have the names, and the (in, out) matrices, of the public
// checkpoint; its h.0, h.1, ... are stacked along a first dimension L. Those
// marked `gpt2.matrix` may be taken in fewer bits, see `narrow-elements`. GPT-2
// has one matrix for %wte and %lm_head, see `tie-embeddings`.

func.func private @embedding(
    tensor<?xi32>, tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
func.func private @layernorm(
    tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
func.func private @linear(
    tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
func.func private @attention(tensor<?x3x?x?xf32>) -> tensor<?x?x?xf32>
func.func private @gelu(tensor<?x?xf32>) -> tensor<?x?xf32>
func.func private @residual(
    tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
func.func private @logits(tensor<?xf32>, tensor<?x?xf32>) -> tensor<?xf32>

// One layer's row (a gain or a bias) and one layer's matrix: views, not copies.
func.func private @vector(%stack: tensor<?x?xf32>, %l: index) -> tensor<?xf32> {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %stack, %c1 : tensor<?x?xf32>
  %row = tensor.extract_slice %stack[%l, 0] [1, %n] [1, 1]
      : tensor<?x?xf32> to tensor<?xf32>
  return %row : tensor<?xf32>
}

func.func private @matrix(
    %stack: tensor<?x?x?xf32>, %l: index) -> tensor<?x?xf32> {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %k = tensor.dim %stack, %c1 : tensor<?x?x?xf32>
  %n = tensor.dim %stack, %c2 : tensor<?x?x?xf32>
  %matrix = tensor.extract_slice %stack[%l, 0, 0] [1, %k, %n] [1, 1, 1]
      : tensor<?x?x?xf32> to tensor<?x?xf32>
  return %matrix : tensor<?x?xf32>
}

// Writes the logits that follow each of the last N tokens into %logits.
func.func @forward(
    %logits: tensor<?x?xf32>
        {gpt2.shape = "N x V", bufferization.writable = true},
    %tokens: tensor<?xi32> {gpt2.shape = "T"},
    %heads: index {gpt2.size = "H"},
    %wte: tensor<?x?xf32>
        {gpt2.shape = "V x C", gpt2.matrix, gpt2.embedding},
    %wpe: tensor<?x?xf32> {gpt2.shape = "P x C", gpt2.matrix},
    %ln_1_weight: tensor<?x?xf32> {gpt2.shape = "L x C"},
    %ln_1_bias: tensor<?x?xf32> {gpt2.shape = "L x C"},
    %attn_c_attn_weight: tensor<?x?x?xf32> {gpt2.shape = "L x C x 3C", gpt2.matrix},
    %attn_c_attn_bias: tensor<?x?xf32> {gpt2.shape = "L x 3C"},
    %attn_c_proj_weight: tensor<?x?x?xf32> {gpt2.shape = "L x C x C", gpt2.matrix},
    %attn_c_proj_bias: tensor<?x?xf32> {gpt2.shape = "L x C"},
    %ln_2_weight: tensor<?x?xf32> {gpt2.shape = "L x C"},
    %ln_2_bias: tensor<?x?xf32> {gpt2.shape = "L x C"},
    %mlp_c_fc_weight: tensor<?x?x?xf32> {gpt2.shape = "L x C x F", gpt2.matrix},
    %mlp_c_fc_bias: tensor<?x?xf32> {gpt2.shape = "L x F"},
    %mlp_c_proj_weight: tensor<?x?x?xf32> {gpt2.shape = "L x F x C", gpt2.matrix},
    %mlp_c_proj_bias: tensor<?x?xf32> {gpt2.shape = "L x C"},
    %ln_f_weight: tensor<?xf32> {gpt2.shape = "C"},
    %ln_f_bias: tensor<?xf32> {gpt2.shape = "C"},
    %lm_head: tensor<?x?xf32>
        {gpt2.shape = "V x C", gpt2.matrix, gpt2.lm_head}) -> tensor<?x?xf32>
    attributes {llvm.emit_c_interface} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %L = tensor.dim %ln_1_weight, %c0 : tensor<?x?xf32>
  %C = tensor.dim %ln_1_weight, %c1 : tensor<?x?xf32>
  %V = tensor.dim %wte, %c0 : tensor<?x?xf32>
  %T = tensor.dim %tokens, %c0 : tensor<?xi32>
  %N = tensor.dim %logits, %c0 : tensor<?x?xf32>
  %D = arith.divui %C, %heads : index

  %embedded = call @embedding(%tokens, %wte, %wpe)
      : (tensor<?xi32>, tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>

  %last = scf.for %l = %c0 to %L step %c1
      iter_args(%x = %embedded) -> (tensor<?x?xf32>) {
    // x = x + attention(layernorm(x))
    %g1 = func.call @vector(%ln_1_weight, %l)
        : (tensor<?x?xf32>, index) -> tensor<?xf32>
    %b1 = func.call @vector(%ln_1_bias, %l)
        : (tensor<?x?xf32>, index) -> tensor<?xf32>
    %n1 = func.call @layernorm(%x, %g1, %b1)
        : (tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?x?xf32>

    %w_qkv = func.call @matrix(%attn_c_attn_weight, %l)
        : (tensor<?x?x?xf32>, index) -> tensor<?x?xf32>
    %b_qkv = func.call @vector(%attn_c_attn_bias, %l)
        : (tensor<?x?xf32>, index) -> tensor<?xf32>
    %qkv_2d = func.call @linear(%n1, %w_qkv, %b_qkv)
        : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
    %qkv = tensor.expand_shape %qkv_2d [[0], [1, 2, 3]]
        output_shape [%T, 3, %heads, %D]
        : tensor<?x?xf32> into tensor<?x3x?x?xf32>
    %mixed_3d = func.call @attention(%qkv)
        : (tensor<?x3x?x?xf32>) -> tensor<?x?x?xf32>
    %mixed = tensor.collapse_shape %mixed_3d [[0], [1, 2]]
        : tensor<?x?x?xf32> into tensor<?x?xf32>

    %w_o = func.call @matrix(%attn_c_proj_weight, %l)
        : (tensor<?x?x?xf32>, index) -> tensor<?x?xf32>
    %b_o = func.call @vector(%attn_c_proj_bias, %l)
        : (tensor<?x?xf32>, index) -> tensor<?xf32>
    %o = func.call @linear(%mixed, %w_o, %b_o)
        : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
    %x1 = func.call @residual(%x, %o)
        : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>

    // x = x + mlp(layernorm(x))
    %g2 = func.call @vector(%ln_2_weight, %l)
        : (tensor<?x?xf32>, index) -> tensor<?xf32>
    %b2 = func.call @vector(%ln_2_bias, %l)
        : (tensor<?x?xf32>, index) -> tensor<?xf32>
    %n2 = func.call @layernorm(%x1, %g2, %b2)
        : (tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?x?xf32>

    %w_fc = func.call @matrix(%mlp_c_fc_weight, %l)
        : (tensor<?x?x?xf32>, index) -> tensor<?x?xf32>
    %b_fc = func.call @vector(%mlp_c_fc_bias, %l)
        : (tensor<?x?xf32>, index) -> tensor<?xf32>
    %fc = func.call @linear(%n2, %w_fc, %b_fc)
        : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
    %active = func.call @gelu(%fc) : (tensor<?x?xf32>) -> tensor<?x?xf32>

    %w_proj = func.call @matrix(%mlp_c_proj_weight, %l)
        : (tensor<?x?x?xf32>, index) -> tensor<?x?xf32>
    %b_proj = func.call @vector(%mlp_c_proj_bias, %l)
        : (tensor<?x?xf32>, index) -> tensor<?xf32>
    %proj = func.call @linear(%active, %w_proj, %b_proj)
        : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
    %x2 = func.call @residual(%x1, %proj)
        : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
    scf.yield %x2 : tensor<?x?xf32>
  }

  %final = call @layernorm(%last, %ln_f_weight, %ln_f_bias)
      : (tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?x?xf32>

  // The rows wanted are the last N of T; lm_head is wte again in most models.
  %first = arith.subi %T, %N : index
  %result = scf.for %n = %c0 to %N step %c1
      iter_args(%rows = %logits) -> (tensor<?x?xf32>) {
    %t = arith.addi %first, %n : index
    %x = tensor.extract_slice %final[%t, 0] [1, %C] [1, 1]
        : tensor<?x?xf32> to tensor<?xf32>
    %row = func.call @logits(%x, %lm_head)
        : (tensor<?xf32>, tensor<?x?xf32>) -> tensor<?xf32>
    %next = tensor.insert_slice %row into %rows[%n, 0] [1, %V] [1, 1]
        : tensor<?xf32> into tensor<?x?xf32>
    scf.yield %next : tensor<?x?xf32>
  }
  return %result : tensor<?x?xf32>
}
