//===- compile_test.cpp - What is compiled anew, and what is not --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/codegen/loaded_archive.h"
#include "compiler/codegen/object_cache.h"
#include "compiler/compile.h"
#include "compiler/pipeline/pipelines.h"
#include "compiler/support/fatal_errors.h"
#include "model/element_type.h"
#include "support/files.h"
#include "testing/messages.h"
#include "testing/test_files.h"

#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"

#include <gmock/gmock.h>

#include <bit>
#include <cfloat>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <regex>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace gpt2;
using namespace gpt2::testing;
using ::testing::HasSubstr;
using ::testing::Not;

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

  CompileRequest request(const std::string &source, const Sizes &sizes) {
    writeFile(directory / "fill.mlir", {source});
    CompileRequest request;
    request.sources = {directory / "fill.mlir"};
    PipelineOptions options;
    options.sizes = sizes;
    request.stages = {specializeStage(options), bufferizeStage(),
                      llvmDialectStage()};
    request.cacheDirectory = directory / "cache";
    return request;
  }

  CompiledObject compile(const std::string &source, const Sizes &sizes,
                         bool ignoreCached = false) {
    CompileRequest wanted = request(source, sizes);
    wanted.ignoreCached = ignoreCached;
    return compileToObject(wanted);
  }

  /// The keys of what the cache holds.
  std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    std::error_code none; // no folder: no entries
    for (const auto &entry :
         std::filesystem::directory_iterator(directory / "cache", none)) {
      std::string name = entry.path().filename().string();
      if (name.starts_with("llvmcache-"))
        keys.push_back(name.substr(std::strlen("llvmcache-")));
    }
    return keys;
  }

  static std::vector<float> run(const CompiledObject &object, int64_t n) {
    std::vector<float> out(n);
    std::vector<MemRef> arguments = {MemRef(out.data(), {n})};
    LoadedArchive(object.bytes).call("fill", arguments);
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

// As one that an earlier version stored with parts missing: whole, by its
// hash, and of no use.
TEST_F(Compile, AgainWhatTheCacheHasAndCannotBeLoaded) {
  CompileRequest wanted = request(fillWith("2.0"), {{"N", 3}});
  EXPECT_FALSE(compileAndLoad(wanted).fromCache);
  EXPECT_TRUE(compileAndLoad(wanted).fromCache);
  ASSERT_THAT(keys(), ::testing::SizeIs(1));
  std::string emptyMember = "!<arch>\n" + std::string("gpt2.o/         ") +
                            "0           0     0     644     0         `\n";
  for (const std::string &broken : {emptyMember, std::string("no archive")}) {
    ObjectCache(directory / "cache").store(keys()[0], broken);
    CompiledProgram anew = compileAndLoad(wanted);
    EXPECT_FALSE(anew.fromCache);
    EXPECT_TRUE(anew.program.has("fill"));
    EXPECT_TRUE(compileAndLoad(wanted).fromCache) << "kept in its place";
  }
}

TEST_F(Compile, WhatCannotBeKeptRunsAllTheSame) {
  writeFile(directory / "cache", {"a file where the folder should be"});
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 2; ++i) {
    CompiledObject object = compile(fillWith("2.0"), {{"N", 3}});
    EXPECT_FALSE(object.fromCache);
    EXPECT_EQ(run(object, 3), std::vector<float>(3, 2));
  }
  std::string said = ::testing::internal::GetCapturedStderr();
  size_t first = said.find("warning: what is compiled is not kept");
  EXPECT_NE(first, std::string::npos) << said;
  EXPECT_EQ(said.find("warning", first + 1), std::string::npos) << "once";
}

#ifndef __SANITIZE_ADDRESS__ // which takes all addresses there are
/// Takes what the heap has free: other tests may have left more than a
/// compilation needs.
void takeFreeMemory() {
  static void *volatile taken;
  for (size_t bytes = size_t{1} << 20; bytes >= 16; bytes /= 2)
    do
      taken = std::malloc(bytes);
    while (taken);
}

// However little memory there is: an error, or a program that is whole.
TEST_F(Compile, NothingIsKeptOfWhatMemoryDidNotSufficeFor) {
  compile(fillWith("1.0"), {{"N", 1}}); // what LLVM makes once is there
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  ASSERT_TRUE(statm >> pages);
  rlim_t now = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
  int failures = 0, successes = 0;
  for (rlim_t more = 1 << 18; more <= rlim_t{1} << 30; more *= 2) {
    std::filesystem::remove_all(directory / "cache");
    pid_t child = fork();
    if (child == 0) {
      exitOnFatalErrors("child");
      rlimit limit;
      getrlimit(RLIMIT_AS, &limit);
      limit.rlim_cur = now;
      setrlimit(RLIMIT_AS, &limit);
      takeFreeMemory();
      limit.rlim_cur = now + more;
      setrlimit(RLIMIT_AS, &limit);
      _exit(exitCodeOf("child", [&] {
        compile(fillWith("2.0"), {{"N", 3}});
        return 0;
      }));
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status)) << "a signal, with " << more << " bytes";
    (WEXITSTATUS(status) == 0 ? successes : failures) += 1;
    // A child that succeeded has kept it; one that failed has not.
    CompiledObject object = compile(fillWith("2.0"), {{"N", 3}});
    EXPECT_EQ(object.fromCache, WEXITSTATUS(status) == 0) << more;
    EXPECT_EQ(run(object, 3), std::vector<float>(3, 2)) << more;
  }
  EXPECT_GT(failures, 0);
  EXPECT_GT(successes, 0);
}
#endif

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

// Sums begin with %start, which is the caller's, and the same in its next call.
TEST_F(Compile, ArgumentsThatAreNotMarkedAreNotWritten) {
  writeFile(directory / "sums.mlir", {R"(
func.func @sums(
    %out: tensor<?xf32> {gpt2.shape = "N", bufferization.writable = true},
    %start: tensor<?xf32> {gpt2.shape = "N"})
    -> tensor<?xf32> attributes {llvm.emit_c_interface} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f32
  %n = tensor.dim %start, %c0 : tensor<?xf32>
  %sums = scf.for %i = %c0 to %n step %c1 iter_args(%s = %start)
      -> tensor<?xf32> {
    %a = tensor.extract %s[%i] : tensor<?xf32>
    %b = arith.addf %a, %one : f32
    %next = tensor.insert %b into %s[%i] : tensor<?xf32>
    scf.yield %next : tensor<?xf32>
  }
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%o = %out) -> tensor<?xf32> {
    %a = tensor.extract %sums[%i] : tensor<?xf32>
    %next = tensor.insert %a into %o[%i] : tensor<?xf32>
    scf.yield %next : tensor<?xf32>
  }
  return %r : tensor<?xf32>
})"});
  PipelineOptions options;
  options.sizes = {{"N", 3}};
  // Chapters reuse what the other two allocate; here it is freed.
  auto andFree = [](void (*bufferize)(mlir::OpPassManager &)) {
    return Stage(StageKind::Bufferized, [=](mlir::OpPassManager &pm) {
      bufferize(pm);
      mlir::bufferization::buildBufferDeallocationPipeline(pm, {});
    });
  };
  for (const Stage &bufferized :
       {bufferizeStage(), andFree(addBufferization),
        andFree(addOneShotBufferization)}) {
    CompileRequest request;
    request.sources = {directory / "sums.mlir"};
    request.stages = {specializeStage(options), bufferized, llvmDialectStage()};
    LoadedArchive program(compileToObject(request).bytes);
    std::vector<float> out(3), start = {5, 6, 7};
    std::vector<MemRef> arguments = {MemRef(out.data(), {3}),
                                     MemRef(start.data(), {3})};
    for (int call = 0; call < 2; ++call) {
      program.call("sums", arguments);
      EXPECT_EQ(out, (std::vector<float>{6, 7, 8}));
      EXPECT_EQ(start, (std::vector<float>{5, 6, 7}));
    }
  }
}

// A CPU without an instruction for it rounds as we do, and calls nothing.
TEST_F(Compile, RoundsToBf16WithoutALibrary) {
  writeFile(directory / "round.mlir", {R"(
func.func @round(
    %out: memref<?xbf16>, %in: memref<?xf32>)
    attributes {llvm.emit_c_interface} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %in, %c0 : memref<?xf32>
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %in[%i] : memref<?xf32>
    %r = arith.truncf %v : f32 to bf16
    memref.store %r, %out[%i] : memref<?xbf16>
  }
  return
})"});
  CompileRequest request;
  request.sources = {directory / "round.mlir"};
  request.stages = {llvmDialectStage()};
#ifdef __x86_64__
  request.target.cpu = "x86-64-v2";
#endif
  EXPECT_THAT(emit(request, "asm"), Not(HasSubstr("__truncsfbf2")));
  std::vector<float> values = {
      0.0f,       -0.0f,     1.0f,         0x1.008p0f, 0x1.01p0f,
      0x1.018p0f, 0x1.03p0f, -0x1.0101p0f, 0x1p-149f,  0x1.fffffep-127f,
      FLT_MAX,    INFINITY,  -INFINITY,    NAN};
  std::mt19937 random(3);
  while (values.size() < 5000) {
    float value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    values.push_back(value);
  }
  auto count = static_cast<int64_t>(values.size());
  std::vector<uint16_t> rounded(values.size());
  std::vector<MemRef> arguments = {MemRef(rounded.data(), {count}),
                                   MemRef(values.data(), {count})};
  LoadedArchive(compileToObject(request).bytes).call("round", arguments);
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(rounded[i], floatToBfloat(values[i])) << values[i];
}

TEST(LoadedArchive, SaysThatItIsNoArchive) {
  EXPECT_THAT(
      messageOf([] { LoadedArchive("\177ELF, but nothing of the kind"); }),
      HasSubstr("cannot read the compiled program"));
}

} // namespace
