# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Finds LLVM and MLIR 22, and defines the target `mlir22`: their two shared
# libraries and headers; and LLVM's linker, LLD_PROGRAM. Any other major version is refused: MLIR's C++
# interfaces change with each.

# mlir-tblgen writes the C++ of our passes from what Passes.td says of them. It
# is of another package than the headers, and without it find_package would fail
# with a longer story.
set(tools /usr/lib/llvm-22/bin)
if(MLIR_DIR)
  list(PREPEND tools ${MLIR_DIR}/../../../bin)
endif()
find_program(MLIR_TBLGEN_PROGRAM NAMES mlir-tblgen mlir-tblgen-22
  HINTS ${tools})
if(NOT MLIR_TBLGEN_PROGRAM)
  message(FATAL_ERROR "mlir-tblgen of LLVM 22 is needed (found none): install \
mlir-22-tools, libmlir-22-dev and llvm-22-dev, or set MLIR_DIR to a build's \
lib/cmake/mlir.")
endif()

find_package(MLIR CONFIG QUIET HINTS /usr/lib/llvm-22/lib/cmake/mlir)
if(NOT MLIR_FOUND OR NOT LLVM_VERSION_MAJOR EQUAL 22)
  if(MLIR_FOUND)
    set(found "found ${LLVM_PACKAGE_VERSION}")
  else()
    set(found "found none")
  endif()
  message(FATAL_ERROR "LLVM and MLIR 22 are needed (${found}): install \
libmlir-22-dev and llvm-22-dev, or set MLIR_DIR to a build's lib/cmake/mlir.")
endif()

add_library(mlir22 INTERFACE)
target_include_directories(mlir22 SYSTEM INTERFACE
  ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
separate_arguments(llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_definitions(mlir22 INTERFACE ${llvm_definitions})
# Nothing static: there must be one copy of every type id and every option.
target_link_libraries(mlir22 INTERFACE MLIR LLVM)
if(NOT LLVM_ENABLE_RTTI)
  message(FATAL_ERROR "This LLVM was built without RTTI; the distributions' \
packages have it.")
endif()

# Divides loops among threads, when they run.
find_library(OMP_LIBRARY NAMES libomp.so.5 omp HINTS ${LLVM_LIBRARY_DIRS}
  REQUIRED)

# Links code objects for AMD's GPUs, and AOT programs.
find_program(LLD_PROGRAM NAMES ld.lld-22 ld.lld HINTS ${LLVM_TOOLS_BINARY_DIR}
  REQUIRED)

set(MLIR_TABLEGEN_EXE ${MLIR_TBLGEN_PROGRAM})
list(APPEND CMAKE_MODULE_PATH ${LLVM_CMAKE_DIR}) # for TableGen
