//===- compile_test.cpp - What is compiled anew, and what is not --------===//
#include "compiler/compile.h"
#include "compiler/program.h"
#include "model/files.h"
#include "testing/test_files.h"

#include <gmock/gmock.h>

#include <regex>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;

namespace {

/// Writes `value` to each element of %out.
std::string fillWith(const std::string &value) {
  return R"(func.func @fill(
    %out: tensor<?xf32> {gpt2.shape = "N", bufferization.writable = true})
    -> tensor<?xf32> attributes {llvm.emit_c_interface} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %value = arith.constant )" +
         value + R"( : f32
  %n = tensor.dim %out, %c0 : tensor<?xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%o = %out) -> tensor<?xf32> {
    %next = tensor.insert %value into %o[%i] : tensor<?xf32>
    scf.yield %next : tensor<?xf32>
  }
  return %r : tensor<?xf32>
})";
}

class Compile : public ::testing::Test {
protected:
  TemporaryDirectory directory;

  CompiledObject compile(const std::string &source, const Sizes &sizes,
                         bool ignoreCached = false) {
    writeFile(directory / "fill.mlir", {source});
    CompileRequest request;
    request.sources = {directory / "fill.mlir"};
    request.stages = {specializeStage(sizes), bufferizeStage(),
                      llvmDialectStage()};
    request.cacheDirectory = directory / "cache";
    request.ignoreCached = ignoreCached;
    return compileToObject(request);
  }

  static std::vector<float> run(const CompiledObject &object, int64_t n) {
    std::vector<float> out(n);
    std::vector<MemRef> arguments = {MemRef(out.data(), {n})};
    Program(object.bytes).call("fill", arguments);
    return out;
  }
};

TEST_F(Compile, OnceForTheSameSourceAndSizes) {
  CompiledObject first = compile(fillWith("2.0"), {{"N", 3}});
  EXPECT_FALSE(first.fromCache);
  CompiledObject second = compile(fillWith("2.0"), {{"N", 3}});
  EXPECT_TRUE(second.fromCache);
  EXPECT_EQ(second.bytes, first.bytes);
  EXPECT_EQ(run(second, 3), std::vector<float>(3, 2));
  EXPECT_FALSE(compile(fillWith("2.0"), {{"N", 3}}, true).fromCache);
}

TEST_F(Compile, AgainWhenTheSourceChanges) {
  compile(fillWith("2.0"), {{"N", 3}});
  CompiledObject changed = compile(fillWith("5.0"), {{"N", 3}});
  EXPECT_FALSE(changed.fromCache);
  EXPECT_EQ(run(changed, 3), std::vector<float>(3, 5));
}

TEST_F(Compile, AgainWhenASizeChanges) {
  compile(fillWith("2.0"), {{"N", 3}});
  CompiledObject changed = compile(fillWith("2.0"), {{"N", 4}});
  EXPECT_FALSE(changed.fromCache);
  EXPECT_EQ(run(changed, 4), std::vector<float>(4, 2));
}

TEST_F(Compile, APassThatFailsSaysWhere) {
  // A size that the text asks for and nobody gave.
  std::string source = fillWith("2.0");
  source.replace(source.find("%out"), 0, "%h: index {gpt2.size = \"H\"}, ");
  std::string message = errorOf([&] { compile(source, {{"N", 3}}); });
  EXPECT_THAT(message, HasSubstr("a pass failed"));
  EXPECT_THAT(message, HasSubstr("fill.mlir:1:1: error: specialize-shapes "
                                 "needs the size \"H\""));
  // The pass, the operation it was on, and the program as it was before.
  EXPECT_THAT(message, HasSubstr("`SpecializeShapes` on 'builtin.module'"));
  std::smatch kept;
  ASSERT_TRUE(std::regex_search(message, kept, std::regex("at `(.*)`")));
  std::filesystem::path path = kept[1].str();
  EXPECT_THAT(readFile(path), HasSubstr("func.func @fill"));
  EXPECT_THAT(readFile(path), HasSubstr("specialize-shapes"));
  std::filesystem::remove(path);
}

} // namespace
