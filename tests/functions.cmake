# What every folder of tests uses.
find_package(GTest REQUIRED)
include(GoogleTest)

set(PUSHBROOM_TEST_DATA "${CMAKE_SOURCE_DIR}/../shared/data" CACHE PATH
    "real rasters and items that tests read")

add_library(pushbroom_test_support INTERFACE)
target_link_libraries(pushbroom_test_support INTERFACE
  pushbroom_options pushbroom_base GTest::gmock GTest::gtest_main)
target_compile_definitions(pushbroom_test_support INTERFACE
  PUSHBROOM_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
  PUSHBROOM_TEST_DATA_DEFAULT="${PUSHBROOM_TEST_DATA}")

# pushbroom_test(NAME SOURCES a_test.cc … DEPENDS target … LABELS label …)
# One binary a folder; ctest runs it whole, its cases count in the summary.
function(pushbroom_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE pushbroom_test_support ${ARG_DEPENDS})
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES
    LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
