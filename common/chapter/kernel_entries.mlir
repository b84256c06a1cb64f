// An entry for each kernel alone, for the tests: @test_<kernel> writes the
// kernel's result into its first argument, a batch of one (so that the result
// is inserted as a slice, as in @forward, and made in its place).

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

func.func @test_embedding(
    %out: tensor<1x?x?xf32>
        {gpt2.shape = "1 x T x C", bufferization.writable = true},
    %tokens: tensor<?xi32> {gpt2.shape = "T"},
    %wte: tensor<?x?xf32> {gpt2.shape = "V x C"},
    %wpe: tensor<?x?xf32> {gpt2.shape = "P x C"}) -> tensor<1x?x?xf32>
    attributes {llvm.emit_c_interface} {
  %x = call @embedding(%tokens, %wte, %wpe)
      : (tensor<?xi32>, tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d0 = tensor.dim %x, %c0 : tensor<?x?xf32>
  %d1 = tensor.dim %x, %c1 : tensor<?x?xf32>
  %r = tensor.insert_slice %x into %out[0, 0, 0] [1, %d0, %d1] [1, 1, 1]
      : tensor<?x?xf32> into tensor<1x?x?xf32>
  return %r : tensor<1x?x?xf32>
}

func.func @test_layernorm(
    %out: tensor<1x?x?xf32>
        {gpt2.shape = "1 x T x C", bufferization.writable = true},
    %x: tensor<?x?xf32> {gpt2.shape = "T x C"},
    %gain: tensor<?xf32> {gpt2.shape = "C"},
    %bias: tensor<?xf32> {gpt2.shape = "C"}) -> tensor<1x?x?xf32>
    attributes {llvm.emit_c_interface} {
  %y = call @layernorm(%x, %gain, %bias)
      : (tensor<?x?xf32>, tensor<?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d0 = tensor.dim %y, %c0 : tensor<?x?xf32>
  %d1 = tensor.dim %y, %c1 : tensor<?x?xf32>
  %r = tensor.insert_slice %y into %out[0, 0, 0] [1, %d0, %d1] [1, 1, 1]
      : tensor<?x?xf32> into tensor<1x?x?xf32>
  return %r : tensor<1x?x?xf32>
}

func.func @test_linear(
    %out: tensor<1x?x?xf32>
        {gpt2.shape = "1 x T x N", bufferization.writable = true},
    %x: tensor<?x?xf32> {gpt2.shape = "T x K"},
    %w: tensor<?x?xf32> {gpt2.shape = "K x N"},
    %b: tensor<?xf32> {gpt2.shape = "N"}) -> tensor<1x?x?xf32>
    attributes {llvm.emit_c_interface} {
  %y = call @linear(%x, %w, %b)
      : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32>) -> tensor<?x?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d0 = tensor.dim %y, %c0 : tensor<?x?xf32>
  %d1 = tensor.dim %y, %c1 : tensor<?x?xf32>
  %r = tensor.insert_slice %y into %out[0, 0, 0] [1, %d0, %d1] [1, 1, 1]
      : tensor<?x?xf32> into tensor<1x?x?xf32>
  return %r : tensor<1x?x?xf32>
}

func.func @test_attention(
    %out: tensor<1x?x?x?xf32>
        {gpt2.shape = "1 x T x H x D", bufferization.writable = true},
    %qkv: tensor<?x3x?x?xf32> {gpt2.shape = "T x 3 x H x D"})
    -> tensor<1x?x?x?xf32>
    attributes {llvm.emit_c_interface} {
  %y = call @attention(%qkv) : (tensor<?x3x?x?xf32>) -> tensor<?x?x?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %d0 = tensor.dim %y, %c0 : tensor<?x?x?xf32>
  %d1 = tensor.dim %y, %c1 : tensor<?x?x?xf32>
  %d2 = tensor.dim %y, %c2 : tensor<?x?x?xf32>
  %r = tensor.insert_slice %y into %out[0, 0, 0, 0] [1, %d0, %d1, %d2] [1, 1, 1, 1]
      : tensor<?x?x?xf32> into tensor<1x?x?x?xf32>
  return %r : tensor<1x?x?x?xf32>
}

func.func @test_gelu(
    %out: tensor<1x?x?xf32>
        {gpt2.shape = "1 x T x C", bufferization.writable = true},
    %x: tensor<?x?xf32> {gpt2.shape = "T x C"}) -> tensor<1x?x?xf32>
    attributes {llvm.emit_c_interface} {
  %y = call @gelu(%x) : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d0 = tensor.dim %y, %c0 : tensor<?x?xf32>
  %d1 = tensor.dim %y, %c1 : tensor<?x?xf32>
  %r = tensor.insert_slice %y into %out[0, 0, 0] [1, %d0, %d1] [1, 1, 1]
      : tensor<?x?xf32> into tensor<1x?x?xf32>
  return %r : tensor<1x?x?xf32>
}

// The residual is added in place: %x is both operand and result.
func.func @test_residual(
    %x: tensor<?x?xf32>
        {gpt2.shape = "T x C", bufferization.writable = true},
    %y: tensor<?x?xf32> {gpt2.shape = "T x C"}) -> tensor<?x?xf32>
    attributes {llvm.emit_c_interface} {
  %r = call @residual(%x, %y)
      : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}

func.func @test_logits(
    %out: tensor<1x?xf32> {gpt2.shape = "1 x V", bufferization.writable = true},
    %x: tensor<?xf32> {gpt2.shape = "C"},
    %wte: tensor<?x?xf32> {gpt2.shape = "V x C"}) -> tensor<1x?xf32>
    attributes {llvm.emit_c_interface} {
  %l = call @logits(%x, %wte)
      : (tensor<?xf32>, tensor<?x?xf32>) -> tensor<?xf32>
  %c0 = arith.constant 0 : index
  %d0 = tensor.dim %l, %c0 : tensor<?xf32>
  %r = tensor.insert_slice %l into %out[0, 0] [1, %d0] [1, 1]
      : tensor<?xf32> into tensor<1x?xf32>
  return %r : tensor<1x?xf32>
}
