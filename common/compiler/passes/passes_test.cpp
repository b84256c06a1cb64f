//===- passes_test.cpp - Our passes, one by one -------------------------===//
#include "testing/run_pipeline.h"

#include <gmock/gmock.h>

using namespace gpt2::testing;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

// The carried value is used twice, which is what upstream's pattern refuses.
const char *loop = R"(
  func.func @sum(%x: tensor<?x?xf32> {gpt2.shape = "L x 2C"},
                 %n: index {gpt2.size = "N"}) -> tensor<?x?xf32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %L = tensor.dim %x, %c0 : tensor<?x?xf32>
    %y = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<?x?xf32> {
      %v = tensor.extract %a[%c0, %i] : tensor<?x?xf32>
      %b = tensor.insert %v into %a[%L, %c1] : tensor<?x?xf32>
      scf.yield %b : tensor<?x?xf32>
    }
    return %y : tensor<?x?xf32>
  })";

TEST(SpecializeShapes, LeavesNoQuestionMark) {
  std::string text = runPipeline(loop, "specialize-shapes{sizes=L=3,C=5,N=7}");
  EXPECT_THAT(text, Not(HasSubstr("?")));
  EXPECT_THAT(text, HasSubstr("@sum(%arg0: tensor<3x10xf32>) -> "
                              "tensor<3x10xf32>"));
  EXPECT_THAT(text, HasSubstr("to %c7"));
  EXPECT_THAT(text, Not(HasSubstr("tensor.cast")));
  EXPECT_THAT(text, Not(HasSubstr("tensor.dim")));
}

TEST(SpecializeShapes, LeavesUnknownSizesOpen) {
  std::string text = runPipeline(loop, "specialize-shapes{sizes=C=5,N=7}");
  EXPECT_THAT(text, HasSubstr("tensor<?x10xf32>"));
  EXPECT_THAT(text, Not(HasSubstr("tensor<?x?xf32>")));
}

TEST(SpecializeShapes, Refuses) {
  EXPECT_THAT(runPipeline(loop, "specialize-shapes{sizes=L=3,C=5}"),
              HasSubstr("needs the size \"N\""));
  EXPECT_THAT(runPipeline(loop, "specialize-shapes{sizes=C}"),
              HasSubstr("\"C\" is not a size"));
  EXPECT_THAT(runPipeline(loop, "specialize-shapes{sizes=C=-5}"),
              HasSubstr("\"C=-5\" is not a size"));
  EXPECT_THAT(
      runPipeline(R"(func.func @f(%x: tensor<?xf32> {gpt2.shape = "L x C"}) {
                       return
                     })",
                  "specialize-shapes{sizes=C=5}"),
      HasSubstr("names 2 sizes"));
}

TEST(SpecializeShapes, LeavesOpenOnlyWhatMayBe) {
  EXPECT_THAT(runPipeline(loop, "specialize-shapes{sizes=C=5,N=7 open=L}"),
              HasSubstr("tensor<?x10xf32>"));
  EXPECT_THAT(runPipeline(loop, "specialize-shapes{sizes=L=3,N=7 open=T}"),
              HasSubstr("the size \"C\" of 'tensor<?x?xf32>' is not known; "
                        "expected one of L N T"));
  EXPECT_THAT(runPipeline(R"(func.func @f(
                                 %x: tensor<?xf32> {gpt2.shape = "C"},
                                 %y: tensor<?xf32>) {
                               return
                             })",
                          "specialize-shapes{sizes=C=5 open=T}"),
              HasSubstr("'tensor<?xf32>' stays open; expected gpt2.shape"));
}

TEST(LowerMathToIntrinsics, LeavesWhatItDoesNotKnow) {
  std::string text = runPipeline(R"(
    func.func @f(%x: f32, %y: f64, %v: vector<4xf32>)
        -> (f32, f32, f64, vector<4xf32>) {
      %a = math.exp %x : f32
      %b = math.log %x : f32
      %c = math.exp %y : f64
      %d = math.tanh %v : vector<4xf32>
      return %a, %b, %c, %d : f32, f32, f64, vector<4xf32>
    })",
                                 "lower-math-to-intrinsics");
  EXPECT_THAT(text, Not(HasSubstr("math.exp %arg0")));
  EXPECT_THAT(text, HasSubstr("llvm.call_intrinsic \"llvm.exp2.f32\""));
  EXPECT_THAT(text, HasSubstr("math.log %arg0"));
  EXPECT_THAT(text, HasSubstr("math.exp %arg1"));
  EXPECT_THAT(text, HasSubstr("math.tanh %arg2"));
}

TEST(LowerGpuReductions, ExchangesAtEveryDistance) {
  auto shuffles = [](const std::string &options) {
    std::string text = runPipeline(R"(
      gpu.module @kernels {
        gpu.func @k(%x: f32, %y: memref<f32>, %z: memref<index>) kernel
            attributes {known_block_size = array<i32: 96, 2, 1>} {
          %s = gpu.subgroup_reduce add %x : (f32) -> f32
          memref.store %s, %y[] : memref<f32>
          %n = gpu.block_dim x
          memref.store %n, %z[] : memref<index>
          gpu.return
        }
      })",
                                   "lower-gpu-reductions" + options);
    EXPECT_THAT(text, HasSubstr("arith.constant 96 : index"));
    EXPECT_THAT(text, Not(HasSubstr("gpu.block_dim")));
    int count = 0;
    for (size_t at = 0; (at = text.find("gpu.shuffle", at)) != text.npos; ++at)
      ++count;
    return count;
  };
  EXPECT_EQ(shuffles(""), 5);
  EXPECT_EQ(shuffles("{subgroup-size=64}"), 6);
}

TEST(LowerGpuLaunches, NeedsTheLlvmDialect) {
  EXPECT_THAT(runPipeline(R"(
    module attributes {gpu.container_module} {
      gpu.module @m {
        gpu.func @k() kernel {
          gpu.return
        }
      }
      func.func @f(%n: index) {
        gpu.launch_func @m::@k blocks in (%n, %n, %n) threads in (%n, %n, %n)
        return
      }
    })",
                          "lower-gpu-launches"),
              HasSubstr("run gpu-to-llvm first"));
}

TEST(DropReturnedArguments, KeepsWhatIsNotAnArgument) {
  std::string text = runPipeline(R"(
    func.func @update(%a: memref<4xf32>, %i: index)
        -> (memref<4xf32>, memref<4xf32>) {
      %new = memref.alloc() : memref<4xf32>
      return %a, %new : memref<4xf32>, memref<4xf32>
    })",
                                 "func.func(drop-returned-arguments)");
  EXPECT_THAT(text, HasSubstr("-> memref<4xf32> {"));
  EXPECT_THAT(text, HasSubstr("return %alloc : memref<4xf32>"));
}

TEST(TieEmbeddings, MakesOneArgumentOfTwo) {
  auto tied = [](const char *head) {
    return runPipeline(std::string(R"(
  func.func @f(%wte: tensor<?xf32> {gpt2.embedding}, %b: f32,
               %head: )") + head +
                           R"( {gpt2.lm_head}) -> (tensor<?xf32>, f32) {
    %t = tensor.cast %head : )" +
                           head + R"( to tensor<?xf32>
    return %t, %b : tensor<?xf32>, f32
  })",
                       "tie-embeddings,canonicalize");
  };
  EXPECT_THAT(tied("tensor<?xf32>"),
              HasSubstr("@f(%arg0: tensor<?xf32> {gpt2.embedding}, %arg1: f32) "
                        "-> (tensor<?xf32>, f32) {\n"
                        "    return %arg0, %arg1"));
  EXPECT_THAT(tied("tensor<3xf32>"),
              HasSubstr("no gpt2.embedding of its type"));
}

TEST(SetConstants, ByName) {
  const char *text = R"(
  func.func @f() -> (f32, f32) {
    %a = arith.constant {gpt2.constant = "epsilon"} 1.0e-5 : f32
    %b = arith.constant 1.0e-5 : f32
    return %a, %b : f32, f32
  })";
  std::string set = runPipeline(text, "set-constants{values=epsilon=0.25}");
  EXPECT_THAT(set, HasSubstr("2.500000e-01 : f32"));
  EXPECT_THAT(set, HasSubstr("9.99999974E-6 : f32"));
  EXPECT_THAT(runPipeline(text, "set-constants{values=other=0.25}"),
              Not(HasSubstr("2.500000e-01")));
  EXPECT_THAT(runPipeline(text, "set-constants{values=epsilon}"),
              HasSubstr("\"epsilon\" is not a value"));
}

} // namespace
