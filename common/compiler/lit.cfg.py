# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# How lit runs the texts beside the passes: their RUN lines say what to do, and
# FileCheck reads the result. CTest runs each by itself:
#   ctest -R passes.tensor.fuse_elementwise
import lit.formats

config.name = "passes"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.test_source_root = lit_config.params["source"]
config.test_exec_root = lit_config.params["build"]
config.environment["PATH"] = ":".join(
    [lit_config.params["programs"], lit_config.params["llvm"], config.environment["PATH"]]
)
