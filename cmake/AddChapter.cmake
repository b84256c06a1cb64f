# add_chapter(<name> TITLE <line> [PARENT <chapter>] DEVICES <device>...
#             [WEIGHTS <format>...] [GPU_WEIGHTS <format>...]
#             [CACHES <format>...] [THREADS] [GPU_TEST_FILTER <filter>])
#
# Makes a chapter of the folder it is called in:
#   *.mlir         the program's text; files replace the parent's of the same
#                  name (the first chapter's parent is common/*.mlir)
#   schedules/cpu/*.mlir        how programs for the CPU are tiled, a file for
#                               each family of CPUs (compiler/schedule/schedule.h),
#   schedules/cpu/steps/*.mlir  and what the files share;
#   schedules/gpu/              the same for programs with kernels
#   entries/*.mlir an entry for a kernel, for its tests, if the parent's will not
#                  do (the first chapter's parent: common/chapter/entries/)
#   cpu/*.mlir     text for the CPU only,
#   gpu/*.mlir     and for programs with kernels only
#   pipeline.cpp   if present, the chapter's stages(); otherwise the parent's
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
  string(REPLACE "-" "_" namespace ${name})
  if(NOT CHAPTER_WEIGHTS)
    set(CHAPTER_WEIGHTS f32)
  endif()
  if(NOT CHAPTER_GPU_WEIGHTS)
    set(CHAPTER_GPU_WEIGHTS ${CHAPTER_WEIGHTS})
  endif()
  list(JOIN CHAPTER_CACHES "\", \"" cache_list)
  if(CHAPTER_CACHES)
    set(cache_list "\"${cache_list}\"")
  endif()

  set(kinds "")
  set(devices_cpu ${CHAPTER_DEVICES})
  list(FILTER devices_cpu INCLUDE REGEX "^cpu$")
  set(devices_gpu ${CHAPTER_DEVICES})
  list(FILTER devices_gpu EXCLUDE REGEX "^cpu$")
  foreach(kind cpu gpu)
    if(devices_${kind})
      list(APPEND kinds ${kind})
    endif()
  endforeach()
  set(pipeline_file "")
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/pipeline.cpp)
    set(pipeline_file pipeline.cpp)
  endif()

  # Entries for kernels.
  if(CHAPTER_PARENT)
    get_property(entries TARGET ${CHAPTER_PARENT}-chapter
      PROPERTY CHAPTER_ENTRIES)
  else()
    file(GLOB entries CONFIGURE_DEPENDS
      ${PROJECT_SOURCE_DIR}/common/chapter/entries/*.mlir)
  endif()
  replace_namesakes(entries ${CMAKE_CURRENT_SOURCE_DIR}/entries/*.mlir)
  relative_to_source(entry_list ${entries})
  list(JOIN entry_list "\",\n          \"" entry_list)

  add_library(${name}-chapter STATIC ${pipeline_file})
  set_target_properties(${name}-chapter PROPERTIES CHAPTER_ENTRIES "${entries}")
  target_link_libraries(${name}-chapter PUBLIC gpt2-chapter)
  if(CHAPTER_PARENT)
    target_link_libraries(${name}-chapter PUBLIC ${CHAPTER_PARENT}-chapter)
  endif()

  foreach(kind cpu gpu)
    # What is inherited: sources, the namespace of stages(), of chapter().
    foreach(property SOURCES PIPELINE NAMESPACE)
      set(${property} "")
      if(CHAPTER_PARENT)
        get_property(${property} TARGET ${CHAPTER_PARENT}-chapter
          PROPERTY CHAPTER_${property}_${kind})
      elseif("${property}" STREQUAL "SOURCES")
        file(GLOB SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/common/*.mlir)
      endif()
    endforeach()
    if(kind STREQUAL cpu)
      set(inherited_cpu "${NAMESPACE}")
    endif()

    if(kind IN_LIST kinds)
      replace_namesakes(SOURCES
        ${CMAKE_CURRENT_SOURCE_DIR}/*.mlir
        ${CMAKE_CURRENT_SOURCE_DIR}/${kind}/*.mlir)
      if(NAMESPACE)
        set(parent_declaration
          "namespace ${NAMESPACE} { const Chapter &chapter(); }")
        set(parent_pointer "&${NAMESPACE}::chapter()")
      else()
        set(parent_declaration "")
        set(parent_pointer "nullptr")
      endif()
      set(NAMESPACE ${namespace})
      set(gpu_declaration "")
      set(gpu_pointer "nullptr")
      set(directory ${CMAKE_CURRENT_BINARY_DIR})
      if(kinds STREQUAL "cpu;gpu" AND kind STREQUAL cpu)
        set(gpu_declaration
          "namespace ${namespace}::gpu { const Chapter &chapter(); }")
        set(gpu_pointer "&${namespace}::gpu::chapter()")
      elseif(kinds STREQUAL "cpu;gpu")
        set(NAMESPACE ${namespace}::gpu)
        set(directory ${CMAKE_CURRENT_BINARY_DIR}/gpu)
      endif()
      if(pipeline_file)
        set(PIPELINE ${NAMESPACE})
      endif()
      set(max_threads 1)
      if(CHAPTER_THREADS AND kind STREQUAL cpu)
        set(max_threads "availableThreads()")
      endif()
      set(formats ${CHAPTER_WEIGHTS})
      if(kind STREQUAL gpu)
        set(formats ${CHAPTER_GPU_WEIGHTS})
      endif()
      file(GLOB schedules CONFIGURE_DEPENDS
        ${CMAKE_CURRENT_SOURCE_DIR}/schedules/${kind}/*.mlir)
      file(GLOB steps CONFIGURE_DEPENDS
        ${CMAKE_CURRENT_SOURCE_DIR}/schedules/${kind}/steps/*.mlir)
      list(JOIN formats "\", \"" format_list)
      foreach(list schedules steps)
        relative_to_source(${list} ${${list}})
        list(TRANSFORM ${list} REPLACE "(.+)" "\"\\1\"")
        list(JOIN ${list} ",\n          " ${list})
      endforeach()
      relative_to_source(source_list ${SOURCES})
      list(JOIN source_list "\",\n          \"" source_list)
      list(JOIN devices_${kind} "\", \"" device_list)
      foreach(file chapter.cpp main.cpp declaration.h)
        configure_file(${PROJECT_SOURCE_DIR}/cmake/${file}.in
          ${directory}/${file} @ONLY)
      endforeach()
      target_sources(${name}-chapter PRIVATE ${directory}/chapter.cpp)
      if(directory STREQUAL CMAKE_CURRENT_BINARY_DIR)
        add_executable(${name} ${directory}/main.cpp)
        target_link_libraries(${name} PRIVATE ${name}-chapter)
        add_chapter_test(
          ${name}-test ${kind} ${NAMESPACE} ${directory} ${name} "" "")
      else()
        add_chapter_test(
          ${name}-gpu-test ${kind} ${NAMESPACE} ${directory} ${name}.gpu
          --device=emulator "${CHAPTER_GPU_TEST_FILTER}")
      endif()
    elseif(kind STREQUAL gpu)
      # The first chapter with kernels starts from those for the CPU.
      if(NAMESPACE STREQUAL inherited_cpu)
        foreach(property SOURCES PIPELINE NAMESPACE)
          get_property(${property} TARGET ${name}-chapter
            PROPERTY CHAPTER_${property}_cpu)
        endforeach()
      endif()
    endif()
    set_target_properties(${name}-chapter PROPERTIES
      CHAPTER_SOURCES_${kind} "${SOURCES}"
      CHAPTER_PIPELINE_${kind} "${PIPELINE}"
      CHAPTER_NAMESPACE_${kind} "${NAMESPACE}")
  endforeach()

  # Its kernels alone, timed. (Those for a GPU: --profile.)
  if(cpu IN_LIST kinds AND NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/schedules/cpu)
    add_executable(${name}-bench $<TARGET_OBJECTS:${name}-tested>)
    target_link_libraries(${name}-bench PRIVATE
      ${name}-chapter gpt2-chapter-bench)
  endif()
endfunction()

# relative_to_source(<list> <file>...): those in the repository as paths in it,
# which may be installed elsewhere; others as they are.
function(relative_to_source list)
  string(REPLACE "${PROJECT_SOURCE_DIR}/" "" files "${ARGN}")
  set(${list} "${files}" PARENT_SCOPE)
endfunction()

# replace_namesakes(<list> <pattern>...): files that match, instead of those of
# the same name in <list>, and besides the others.
function(replace_namesakes list)
  file(GLOB files CONFIGURE_DEPENDS ${ARGN})
  set(names "")
  foreach(file IN LISTS files)
    cmake_path(GET file FILENAME name)
    list(APPEND names ${name})
  endforeach()
  foreach(file IN LISTS ${list})
    cmake_path(GET file FILENAME name)
    if(NOT name IN_LIST names)
      list(APPEND files ${file})
    endif()
  endforeach()
  set(${list} "${files}" PARENT_SCOPE)
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
    CHAPTER_PROGRAM="$<TARGET_FILE:${name}>")
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
