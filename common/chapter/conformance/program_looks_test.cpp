//===- program_looks_test.cpp - What a chapter's program shows ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "chapter/conformance/program_test.h"

using namespace gpt2;
using namespace gpt2::testing;

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

namespace {

class ProgramLook : public ProgramRun {};

TEST_F(ProgramLook, ReportsWhatARunTook) {
  std::string file = directory / "report.json", report = "--report=" + file;
  ProgramResult result =
      run({ids("3\n"), "--warm-up", "--max-new-tokens=3", report});
  ASSERT_EQ(result.exitCode, 0) << result.err;
  auto json = nlohmann::json::parse(readFile(file));
  std::vector<double> steps = json["steps"];
  ASSERT_EQ(steps.size(), 3u);
  double total = steps[0] + steps[1] + steps[2],
         inside = json["in_compiled_code"];
  EXPECT_GT(inside, 0);
  EXPECT_LT(inside, total);
  EXPECT_GT(json["compile"], 0);
  EXPECT_GT(json["load"], 0);
  EXPECT_EQ(json["from_cache"], false);
  run({ids("3\n"), "--max-new-tokens=0", report});
  EXPECT_EQ(nlohmann::json::parse(readFile(file))["from_cache"], true);
  // The score, as the library counts it.
  result = run({"--score", "--score-tokens=5", report});
  EXPECT_THAT(result.out, HasSubstr("prompt of 5"));
  json = nlohmann::json::parse(readFile(file));
  Config config = Checkpoint::open(paths::embeddedModel())->config();
  if (tested().chapter.keepsCache()) {
    EXPECT_EQ(json["next"]["flops"],
              scoreOf({tested().chapter, config}, 1, 1 << 20, 5).flops);
    EXPECT_LT(json["next"]["flops"], json["prompt"]["flops"]);
  } else {
    EXPECT_EQ(json["next"]["flops"],
              scoreOf({tested().chapter, config}, 6, 1 << 20).flops);
    EXPECT_LT(json["prompt"]["flops"], json["next"]["flops"]);
  }
  EXPECT_THAT(errorOf({report, "--describe"}),
              HasSubstr("--report goes with a run"));
  EXPECT_THAT(errorOf({ids("3\n"), "--max-new-tokens=0", "--report=/proc/x"}),
              HasSubstr("/proc/x"));
}

// A program that the shell found has a name that means something else here:
// what is kept is the same program's all the same.
TEST_F(ProgramLook, KnowsItselfWhereverItIsCalled) {
  std::filesystem::path program = tested().program;
  std::filesystem::create_directories(directory / "here" / program.filename());
  std::string file = directory / "report.json";
  for (bool isHere : {true, false}) {
    ProgramResult result = runProgram(
        "/bin/sh",
        {"-c", R"(cd "$1" && PATH="$2:$PATH" && shift 2 && exec "$@")", "sh",
         isHere ? (directory / "here").string() : "/",
         program.parent_path().string(), program.filename().string(),
         "--cache-dir=" + (directory / "cache").string(), ids("3\n"),
         "--max-new-tokens=0", "--report=" + file,
         *tested().option ? tested().option : "--greedy"});
    ASSERT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(nlohmann::json::parse(readFile(file))["from_cache"], !isHere);
  }
}

TEST_F(ProgramLook, TimesKernels) {
  if (tested().chapter.onGpu)
    return; // which has kernels
  if (!tested().chapter.hasKernels()) {
    EXPECT_THAT(errorOf({"a", "--profile"}), HasSubstr("has no kernels"));
    EXPECT_THAT(errorOf({"a", "--chip=sm_90"}), HasSubstr("has no kernels"));
    return;
  }
  std::string file = directory / "report.json";
  ProgramResult result = run({ids("3\n"), "--max-new-tokens=2", "--profile",
                              "--device=emulator", "--report=" + file});
  ASSERT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("launches a token"));
  // As many launches as are counted in the program.
  Config config = Checkpoint::open(paths::embeddedModel())->config();
  auto counted = [&](int64_t tokens) {
    return scoreOf({tested().chapter, config}, tokens, 0).launches;
  };
  double launches = 0, seconds = 0;
  auto report = nlohmann::json::parse(readFile(file));
  for (const auto &kernel : report["kernels"]) {
    launches += kernel["launches"].get<double>();
    seconds += kernel["seconds"].get<double>();
  }
  EXPECT_EQ(launches,
            counted(1) + counted(tested().chapter.keepsCache() ? 1 : 2));
  EXPECT_GT(seconds, 0);
  EXPECT_LE(seconds, report["in_compiled_code"]);
}

TEST_F(ProgramLook, DescribesItself) {
  auto json = nlohmann::json::parse(run({"--describe"}).out);
  Config config = Checkpoint::open(paths::embeddedModel())->config();
  EXPECT_EQ(json["chapter"], tested().chapter.name);
  if (tested().chapter.parent) {
    EXPECT_EQ(json["parent"], tested().chapter.parent->name);
  } else {
    EXPECT_TRUE(json["parent"].is_null());
  }
  EXPECT_EQ(json["devices"].size(),
            tested().chapter.devices.size() +
                (tested().chapter.onGpu ? tested().chapter.onGpu->devices.size()
                                        : 0));
  EXPECT_EQ(json["max_threads"], tested().chapter.maxThreads);
  EXPECT_EQ(json["model"]["parameters"], config.parameters());
}

TEST_F(ProgramLook, EmitsEveryState) {
  CompileRequest request = compileRequest(Build(tested().chapter));
  ProgramResult help = run({"--emit=help"});
  for (const std::string &name : emitNames(request)) {
    EXPECT_THAT(help.out, HasSubstr(name + "\n"));
    ProgramResult result = run({"--emit=" + name});
    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_THAT(result.out,
                HasSubstr(name == "pipeline" ? "== specialized"
                          : name == "ptx"    ? "entry layernorm("
                                             : tested().chapter.entry()));
  }
  EXPECT_THAT(run({"--emit=source"}).out, HasSubstr("tensor<?x?xf32>"));
  EXPECT_THAT(run({"--emit=llvm-ir"}).out, HasSubstr("target triple"));
  EXPECT_THAT(run({"--emit=asm"}).out,
              HasSubstr("_mlir_ciface_" + tested().chapter.entry() + ":"));
  EXPECT_THAT(errorOf({"--emit=ast"}),
              HasSubstr("--emit=ast: expected one of source specialized"));
}

TEST_F(ProgramLook, RunsAPipelineOfTheUsers) {
  std::string pipeline = run({"--emit=pipeline"}).out;
  std::string file = directory / "pipeline";
  std::vector<std::string> arguments = {"Once", "--seed=2",
                                        "--max-new-tokens=6"};
  std::string expected = run(arguments).out;
  arguments.push_back("--pipeline=" + file);
  writeFile(file, {pipeline});
  EXPECT_EQ(run(arguments).out, expected);
  // One stage more is one state more.
  size_t last = pipeline.rfind("== ");
  writeFile(file, {pipeline.substr(0, last), "== mine\ncse\n",
                   pipeline.substr(last)});
  EXPECT_THAT(run({"--emit=help", arguments.back()}).out, HasSubstr("mine\n"));
  writeFile(file, {pipeline, "== mine\nno-such-pass\n"});
  EXPECT_THAT(errorOf(arguments), HasSubstr("stage mine: "));
  EXPECT_THAT(errorOf(arguments), HasSubstr("no-such-pass"));
  writeFile(file, {"cse\n"});
  EXPECT_THAT(errorOf(arguments), HasSubstr("expected \"== NAME\""));
  writeFile(file, {"== mine\ncse\n"});
  EXPECT_THAT(errorOf(arguments), HasSubstr("expected the stage specialized"));
  EXPECT_THAT(errorOf({"Once", "--pipeline=/no/such/file"}),
              HasSubstr("/no/such/file"));
}

TEST_F(ProgramLook, ExplainsAKernel) {
  ProgramResult result = run({"--explain=gelu"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("@gelu in " + tested().chapter.name));
  EXPECT_THAT(result.out, HasSubstr("=== specialized: inline\n"));
  EXPECT_THAT(result.out, HasSubstr("\n-  func.func private @gelu("));
  EXPECT_THAT(result.out, HasSubstr("\n+"));
  EXPECT_THAT(result.out, Not(HasSubstr("@layernorm")));
  EXPECT_THAT(errorOf({"--explain=relu"}),
              HasSubstr("there is no kernel 'relu'; there are: "));
}

TEST_F(ProgramLook, Scores) {
  ProgramResult result = run({"--score", "--score-tokens=7"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("prompt of 7"));
  for (const char *row : {"operations on floats", "bytes read", "temporaries",
                          "allocations", "loops, by depth"})
    EXPECT_THAT(result.out, HasSubstr(row));
  EXPECT_THAT(errorOf({"--score", "--score-tokens=100000"}),
              HasSubstr("more than the model's context"));
  EXPECT_THAT(errorOf({"--score", "--score-cache=-1"}),
              HasSubstr("--score-cache=-1"));
}

TEST_F(ProgramLook, ComparesVersions) {
  ProgramResult result = run({ids("3\n1\n4\n"), "--compare-with=reference"});
  EXPECT_EQ(result.exitCode, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("no kernel's results differ"));
  EXPECT_THAT(errorOf({ids("3\n"), "--compare-with=ch99"}),
              HasSubstr("--compare-with=ch99: expected reference"));
  EXPECT_THAT(errorOf({"a", "--compare-with=reference"}),
              HasSubstr("--compare-with needs --token-ids"));
}

TEST_F(ProgramLook, ShowsPassesAtWork) {
  // Also when the program is in the cache already.
  run({"a", "--max-new-tokens=1"});
  EXPECT_THAT(run({"a", "--max-new-tokens=1", "--mlir-timing"}).err,
              HasSubstr("OneShotBufferize"));
  EXPECT_THAT(
      run({"a", "--max-new-tokens=1", "--mlir-print-ir-after=inline"}).err,
      HasSubstr("IR Dump After Inliner"));
  std::string tree = directory / "tree";
  run({"a", "--max-new-tokens=1", "--mlir-print-ir-after-all",
       "--mlir-print-ir-tree-dir=" + tree});
  EXPECT_TRUE(std::filesystem::exists(tree));
}

} // namespace
