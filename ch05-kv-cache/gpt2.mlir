// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// GPT-2's forward pass (Radford et al. 2019) with a cache: what attention needs
// of a token, its key and its value in each layer, is computed once and kept.
//
// Tokens come with their places: the sequence they belong to and their position
// in it. Keys and values are kept for S sequences side by side, so that one call
// can take many tokens of one sequence, or one of each of many:
//   L layers   C channels   H heads, D = C / H channels each   V tokens known
//   F channels within the MLP, 4 C in GPT-2   P positions (the longest sequence)
//   S sequences   T tokens at hand   N rows of logits

func.func private @embedding(
    tensor<?xi32>, tensor<?xi32>, tensor<?x?xf32>,
    tensor<?x?xf32>) -> tensor<?x?xf32>
func.func private @layernorm(
    tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
func.func private @linear(
    tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
func.func private @update_cache(
    tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x3x?x?xf32>, index,
    tensor<?xi32>, tensor<?xi32>)
    -> (tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>)
func.func private @attention(
    tensor<?x3x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>, index,
    tensor<?xi32>, tensor<?xi32>) -> tensor<?x?x?xf32>
func.func private @gelu(tensor<?x?xf32>) -> tensor<?x?xf32>
func.func private @residual(
    tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
func.func private @logits(tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>

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

// Keeps each token's keys and values at its place in the cache, and writes the
// logits that follow the last N tokens into %logits. Of a token's sequence what
// comes before it is there already, or among the T tokens.
func.func @prefill(
    %logits: tensor<1x?x?xf32>
        {gpt2.shape = "1 x N x V", bufferization.writable = true},
    %tokens: tensor<?xi32> {gpt2.shape = "T"},
    %sequences: tensor<?xi32> {gpt2.shape = "T"},
    %positions: tensor<?xi32> {gpt2.shape = "T"},
    %keys: tensor<?x?x?x?x?xf32>
        {gpt2.shape = "S x L x H x P x D", bufferization.writable = true,
         gpt2.cache},
    %values: tensor<?x?x?x?x?xf32>
        {gpt2.shape = "S x L x H x P x D", bufferization.writable = true,
         gpt2.cache},
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
        {gpt2.shape = "V x C", gpt2.matrix, gpt2.lm_head})
    -> (tensor<1x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>)
    attributes {llvm.emit_c_interface} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %L = tensor.dim %ln_1_weight, %c0 : tensor<?x?xf32>
  %C = tensor.dim %ln_1_weight, %c1 : tensor<?x?xf32>
  %T = tensor.dim %tokens, %c0 : tensor<?xi32>
  %N = tensor.dim %logits, %c1 : tensor<1x?x?xf32>
  %V = tensor.dim %wte, %c0 : tensor<?x?xf32>
  %D = arith.divui %C, %heads : index

  %embedded = call @embedding(%tokens, %positions, %wte, %wpe)
      : (tensor<?xi32>, tensor<?xi32>, tensor<?x?xf32>, tensor<?x?xf32>)
      -> tensor<?x?xf32>

  %last, %all_keys, %all_values = scf.for %l = %c0 to %L step %c1
      iter_args(%x = %embedded, %ks = %keys, %vs = %values)
      -> (tensor<?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>) {
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
    %ks1, %vs1 = func.call @update_cache(
        %ks, %vs, %qkv, %l, %sequences, %positions)
        : (tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x3x?x?xf32>,
           index, tensor<?xi32>, tensor<?xi32>)
        -> (tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>)
    %mixed_3d = func.call @attention(
        %qkv, %ks1, %vs1, %l, %sequences, %positions)
        : (tensor<?x3x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>,
           index, tensor<?xi32>, tensor<?xi32>) -> tensor<?x?x?xf32>
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
    scf.yield %x2, %ks1, %vs1
        : tensor<?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>
  }

  %final = call @layernorm(%last, %ln_f_weight, %ln_f_bias)
      : (tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?x?xf32>

  // The rows wanted are the last N of T; lm_head is wte again in most models.
  %first = arith.subi %T, %N : index
  %wanted = tensor.extract_slice %final[%first, 0] [%N, %C] [1, 1]
      : tensor<?x?xf32> to tensor<?x?xf32>
  %rows = call @logits(%wanted, %lm_head)
      : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %result = tensor.insert_slice %rows into %logits[0, 0, 0] [1, %N, %V] [1, 1, 1]
      : tensor<?x?xf32> into tensor<1x?x?xf32>
  return %result, %all_keys, %all_values
      : tensor<1x?x?xf32>, tensor<?x?x?x?x?xf32>, tensor<?x?x?x?x?xf32>
}
