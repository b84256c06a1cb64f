# add_chapter(<name> TITLE <line> [PARENT <chapter>] DEVICES <device>...
#             [WEIGHTS <format>...])
#
# Makes a chapter of the folder it is called in:
#   *.mlir         kernels; they replace the parent's files of the same name
#                  (the first chapter's parent is common/*.mlir, the skeleton)
#   pipeline.cpp   if present, the chapter's stages(); otherwise the parent's
#   *_test.cpp     the chapter's own tests, beside those every chapter has
#
# Targets: the program <name>, the library <name>-chapter with the function
# gpt2::<name, with _ for ->::chapter(), the tests <name>-test, whose CTest label
# is <name>, and, if it runs on the CPU, the kernels' benchmark <name>-bench.
function(add_chapter name)
  cmake_parse_arguments(PARSE_ARGV 1 CHAPTER "" "TITLE;PARENT" "DEVICES;WEIGHTS")
  string(REPLACE "-" "_" namespace ${name})

  # Sources: the parent's, less those that have a namesake here.
  if(CHAPTER_PARENT)
    get_property(inherited TARGET ${CHAPTER_PARENT}-chapter
      PROPERTY CHAPTER_SOURCES)
  else()
    file(GLOB inherited CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/common/*.mlir)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.mlir)
  foreach(file IN LISTS inherited)
    cmake_path(GET file FILENAME namesake)
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${namesake})
      list(APPEND sources ${file})
    endif()
  endforeach()

  # The stages: this folder's, or the parent's.
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/pipeline.cpp)
    set(pipeline_file pipeline.cpp)
    set(pipeline ${namespace})
  else()
    set(pipeline_file "")
    get_property(pipeline TARGET ${CHAPTER_PARENT}-chapter
      PROPERTY CHAPTER_PIPELINE)
  endif()

  # chapter.cpp and main.cpp, from templates.
  list(JOIN sources "\",\n          \"" source_list)
  list(JOIN CHAPTER_DEVICES "\", \"" device_list)
  list(JOIN CHAPTER_WEIGHTS "\", \"" format_list)
  if(NOT CHAPTER_WEIGHTS)
    set(format_list f32)
  endif()
  if(CHAPTER_PARENT)
    string(REPLACE "-" "_" parent_namespace ${CHAPTER_PARENT})
    set(parent_declaration
      "namespace ${parent_namespace} { const Chapter &chapter(); }")
    set(parent_pointer "&${parent_namespace}::chapter()")
  else()
    set(parent_declaration "")
    set(parent_pointer "nullptr")
  endif()
  foreach(file chapter.cpp main.cpp declaration.h)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/${file}.in
      ${CMAKE_CURRENT_BINARY_DIR}/${file} @ONLY)
  endforeach()

  add_library(${name}-chapter STATIC
    ${CMAKE_CURRENT_BINARY_DIR}/chapter.cpp ${pipeline_file})
  target_link_libraries(${name}-chapter PUBLIC gpt2-chapter)
  if(CHAPTER_PARENT)
    target_link_libraries(${name}-chapter PUBLIC ${CHAPTER_PARENT}-chapter)
  endif()
  set_target_properties(${name}-chapter PROPERTIES
    CHAPTER_SOURCES "${sources}" CHAPTER_PIPELINE ${pipeline})

  add_executable(${name} ${CMAKE_CURRENT_BINARY_DIR}/main.cpp)
  target_link_libraries(${name} PRIVATE ${name}-chapter)

  # Its kernels alone, timed. (Those for a GPU: --profile.)
  if(cpu IN_LIST CHAPTER_DEVICES)
    add_executable(${name}-bench
      ${PROJECT_SOURCE_DIR}/common/chapter/kernels_bench.cpp)
    target_include_directories(${name}-bench PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
    target_link_libraries(${name}-bench PRIVATE
      ${name}-chapter benchmark::benchmark)
    target_compile_definitions(${name}-bench PRIVATE
      CHAPTER=gpt2::${namespace}::chapter)
  endif()

  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  add_executable(${name}-test ${tests})
  # The tests that every chapter passes, for this chapter.
  target_sources(${name}-test PRIVATE
    ${PROJECT_SOURCE_DIR}/common/chapter/divergence_test.cpp
    ${PROJECT_SOURCE_DIR}/common/chapter/folder_test.cpp
    ${PROJECT_SOURCE_DIR}/common/chapter/forward_test.cpp
    ${PROJECT_SOURCE_DIR}/common/chapter/idle_passes_test.cpp
    ${PROJECT_SOURCE_DIR}/common/chapter/kernels_test.cpp
    ${PROJECT_SOURCE_DIR}/common/chapter/program_looks_test.cpp
    ${PROJECT_SOURCE_DIR}/common/chapter/program_test.cpp)
  target_include_directories(${name}-test PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(${name}-test PRIVATE
    ${name}-chapter gpt2-chapter-testing)
  add_dependencies(${name}-test ${name} gpt2-run)
  target_compile_definitions(${name}-test PRIVATE
    CHAPTER=gpt2::${namespace}::chapter
    CHAPTER_PROGRAM="$<TARGET_FILE:${name}>"
    RUN_PROGRAM="$<TARGET_FILE:gpt2-run>")
  gpt2_discover_tests(${name}-test ${name})
endfunction()

# Registers the GoogleTests of `target` with CTest under `label`.
function(gpt2_discover_tests target label)
  gtest_discover_tests(${target} TEST_PREFIX "${label}." NO_PRETTY_VALUES
    DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${label} TIMEOUT 600)
endfunction()
