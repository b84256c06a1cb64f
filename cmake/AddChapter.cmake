# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# add_chapter(<name> TITLE <line> [PARENT <chapter>] DEVICES <device>...
#             [WEIGHTS <format>...] [GPU_WEIGHTS <format>...]
#             [CACHES <format>...] [THREADS] [GPU_TEST_FILTER <filter>])
#
# Makes a chapter of the folder it is called in:
#   *.mlir         the program's text; files replace the parent's of the same
#                  name (inherit() in common/chapter/chapter.h; the first chapter
#                  has those of common/*.mlir)
#   schedules/cpu/*.mlir        how programs for the CPU are tiled, a file for
#                               each family of CPUs (compiler/schedule/schedule.h),
#   schedules/cpu/steps/*.mlir  and what the files share;
#   schedules/gpu/              the same for programs with kernels; files of the
#                               parent's names replace these
#   entries/*.mlir an entry for a kernel, for its tests, if the parent's will not
#                  do (the first chapter has those of common/chapter/entries/)
#   cpu/*.mlir     text for the CPU only,
#   gpu/*.mlir     and for programs with kernels only
#   pipeline.cpp   if present, the chapter's stages(); otherwise the parent's
#   policy.cpp     if present, the chapter's policy(); otherwise the parent's:
#                  for which steps programs are compiled while it serves
#   *_test.cpp     the chapter's own tests, beside those every chapter has;
#                  also in cpu/ and gpu/
#
# WEIGHTS are the formats in which its programs take matrices; GPU_WEIGHTS those
# for programs with kernels, if they are others. THREADS says that its programs
# for the CPU can run on several. GPU_TEST_FILTER is GoogleTest's, of the tests
# for programs with kernels.
#
# DEVICES say of what kinds a chapter's programs are: for the CPU (cpu), with
# kernels (emulator, cuda, hip), or both. Of each kind it has what the chapters
# before it have; the first with kernels starts from those for the CPU.
#
# Targets: the program <name>, the library <name>-chapter with the function
# gpt2::<name, with _ for ->::chapter(), the tests <name>-test, whose CTest label
# is <name>, and, if it runs on the CPU without a schedule, the kernels' benchmark
# <name>-bench. (A schedule packs weights as a model is loaded, and takes tokens
# in blocks: kernels alone would be other kernels.) If it is of both kinds,
# chapter() is for the CPU, gpu::chapter() has kernels and <name>-gpu-test tests
# it.
function(add_chapter name)
  cmake_parse_arguments(PARSE_ARGV 1 CHAPTER "THREADS"
    "TITLE;PARENT;GPU_TEST_FILTER" "DEVICES;WEIGHTS;GPU_WEIGHTS;CACHES")
  set_property(GLOBAL APPEND PROPERTY GPT2_CHAPTERS ${name})
  if(NOT CHAPTER_WEIGHTS)
    set(CHAPTER_WEIGHTS f32)
  endif()
  if(NOT CHAPTER_GPU_WEIGHTS)
    set(CHAPTER_GPU_WEIGHTS ${CHAPTER_WEIGHTS})
  endif()
  set(devices_cpu ${CHAPTER_DEVICES})
  list(FILTER devices_cpu INCLUDE REGEX "^cpu$")
  set(devices_gpu ${CHAPTER_DEVICES})
  list(FILTER devices_gpu EXCLUDE REGEX "^cpu$")
  file(GLOB pipeline_file CONFIGURE_DEPENDS pipeline.cpp)
  file(GLOB policy_file CONFIGURE_DEPENDS policy.cpp)

  add_library(${name}-chapter STATIC ${pipeline_file} ${policy_file})
  target_link_libraries(${name}-chapter PUBLIC gpt2-chapter)

  # The namespaces of the parent's chapter(), of each kind, and of our own.
  set(parent_cpu "")
  set(parent_gpu "")
  if(CHAPTER_PARENT)
    target_link_libraries(${name}-chapter PUBLIC ${CHAPTER_PARENT}-chapter)
    get_property(parent_cpu TARGET ${CHAPTER_PARENT}-chapter PROPERTY CHAPTER_cpu)
    get_property(parent_gpu TARGET ${CHAPTER_PARENT}-chapter PROPERTY CHAPTER_gpu)
  endif()
  string(REPLACE "-" "_" own ${name})
  set(chapter_cpu ${parent_cpu})
  set(chapter_gpu ${parent_gpu})
  if(devices_cpu)
    set(chapter_cpu ${own})
  endif()
  if(devices_cpu AND devices_gpu)
    set(chapter_gpu ${own}::gpu)
  elseif(devices_gpu)
    set(chapter_gpu ${own})
  elseif(parent_gpu STREQUAL parent_cpu) # none has kernels yet
    set(chapter_gpu ${own})
  endif()
  set_target_properties(${name}-chapter PROPERTIES
    CHAPTER_cpu "${chapter_cpu}" CHAPTER_gpu "${chapter_gpu}")

  if(devices_cpu)
    set(on_gpu "")
    if(devices_gpu)
      set(on_gpu ${chapter_gpu})
    endif()
    set(max_threads 1)
    if(CHAPTER_THREADS)
      set(max_threads "availableThreads()")
    endif()
    add_chapter_kind(cpu ${CMAKE_CURRENT_BINARY_DIR} "${CHAPTER_WEIGHTS}")
  endif()
  if(devices_gpu)
    set(on_gpu "")
    set(max_threads 1)
    set(directory ${CMAKE_CURRENT_BINARY_DIR})
    if(devices_cpu)
      string(APPEND directory /gpu)
    endif()
    add_chapter_kind(gpu ${directory} "${CHAPTER_GPU_WEIGHTS}")
  endif()
endfunction()

# A chapter's programs of one kind, with what add_chapter() has set. What is
# generated goes to `directory`.
function(add_chapter_kind kind directory formats)
  set(namespace ${chapter_${kind}})
  set(parent "${parent_${kind}}")
  set(declarations "")
  foreach(other parent on_gpu)
    set(${other}_pointer nullptr)
    if(${other})
      string(APPEND declarations
        "namespace ${${other}} { const Chapter &chapter(); }\n")
      set(${other}_pointer &${${other}}::chapter\(\))
    endif()
  endforeach()
  set(pipeline nullptr)
  if(pipeline_file)
    set(pipeline ${namespace}::stages)
    string(APPEND declarations "namespace ${namespace} "
      "{ Pipeline stages(const PipelineOptions &options); }\n")
  endif()
  set(policy nullptr)
  if(policy_file)
    set(policy ${own}::policy)
    string(APPEND declarations "namespace ${own} "
      "{ std::optional<int64_t> policy(const Observations &seen); }\n")
  endif()
  set(first_sources "")
  set(first_entries "")
  if(NOT parent)
    set(first_sources ${PROJECT_SOURCE_DIR}/common/*.mlir)
    set(first_entries ${PROJECT_SOURCE_DIR}/common/chapter/entries/*.mlir)
  endif()
  list_texts(sources *.mlir ${kind}/*.mlir ${first_sources})
  list_texts(entries entries/*.mlir ${first_entries})
  list_texts(schedules schedules/${kind}/*.mlir)
  list_texts(steps schedules/${kind}/steps/*.mlir)
  list_strings(devices ${devices_${kind}})
  list_strings(weights ${formats})
  list_strings(caches ${CHAPTER_CACHES})
  foreach(file chapter.cpp main.cpp declaration.h)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/${file}.in
      ${directory}/${file} @ONLY)
  endforeach()
  target_sources(${name}-chapter PRIVATE ${directory}/chapter.cpp)

  if(directory STREQUAL CMAKE_CURRENT_BINARY_DIR)
    add_executable(${name} ${directory}/main.cpp)
    target_link_libraries(${name} PRIVATE ${name}-chapter)
    add_chapter_test(${name}-test ${kind} ${namespace} ${directory} ${name} "" "")
  else()
    add_chapter_test(${name}-gpu-test ${kind} ${namespace} ${directory}
      ${name}.gpu --device=emulator "${CHAPTER_GPU_TEST_FILTER}")
  endif()
  # Its kernels alone, timed. (Those for a GPU: --profile.)
  if(kind STREQUAL cpu AND NOT schedules)
    add_executable(${name}-bench $<TARGET_OBJECTS:${name}-tested>)
    target_link_libraries(${name}-bench PRIVATE
      ${name}-chapter gpt2-chapter-bench)
  endif()
endfunction()

# list_strings(<variable> <text>...): an initializer of C++ strings, without
# braces.
function(list_strings variable)
  list(TRANSFORM ARGN REPLACE "(.+)" "\"\\1\"")
  list(JOIN ARGN ",\n          " strings)
  set(${variable} "${strings}" PARENT_SCOPE)
endfunction()

# list_texts(<variable> <pattern>...): the same of the files that match: those in
# the repository as paths in it, which may be installed elsewhere.
function(list_texts variable)
  file(GLOB files CONFIGURE_DEPENDS ${ARGN})
  string(REPLACE "${PROJECT_SOURCE_DIR}/" "" files "${files}")
  list_strings(files ${files})
  set(${variable} "${files}" PARENT_SCOPE)
endfunction()

# The tests of a chapter's programs of one kind: those that every chapter passes,
# and its own. `option` is what the program needs to run those.
function(add_chapter_test target kind namespace directory label option filter)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp
    ${CMAKE_CURRENT_SOURCE_DIR}/${kind}/*_test.cpp)
  string(REGEX REPLACE "[.].*" "" name ${label})
  configure_file(${PROJECT_SOURCE_DIR}/cmake/tested.cpp.in
    ${directory}/tested.cpp @ONLY)
  string(REGEX REPLACE "-test$" "-tested" tested ${target})
  add_library(${tested} OBJECT ${directory}/tested.cpp)
  target_link_libraries(${tested} PRIVATE gpt2-chapter)
  target_compile_definitions(${tested} PRIVATE
    CHAPTER_PROGRAM="$<TARGET_FILE:${name}>"
    RUN_PROGRAM="$<TARGET_FILE:gpt2-run>")
  add_executable(${target} ${tests} $<TARGET_OBJECTS:${tested}>)
  target_include_directories(${target} PRIVATE ${directory})
  target_link_libraries(${target} PRIVATE ${name}-chapter gpt2-chapter-testing)
  add_dependencies(${target} ${name} gpt2-run)
  gpt2_discover_tests(${target} ${label} TEST_FILTER "${filter}")
endfunction()

# Registers the GoogleTests of `target` with CTest under `label`; further
# arguments are gtest_discover_tests()'s.
function(gpt2_discover_tests target label)
  gtest_discover_tests(${target} TEST_PREFIX "${label}." NO_PRETTY_VALUES
    DISCOVERY_TIMEOUT 60 ${ARGN}
    PROPERTIES LABELS ${label} TIMEOUT 600)
endfunction()
