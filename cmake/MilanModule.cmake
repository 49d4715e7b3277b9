# milan_module(NAME SOURCES … TESTS … DEPENDS … PRIVATE …): one module of milan/, its library
# milan_NAME (alias milan::NAME) and its test program milan_NAME_test.
#   DEPENDS: modules whose headers appear in this one's headers or sources.
#   PRIVATE: heavy libraries, used in .cc files only.
function(milan_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;TESTS;DEPENDS;PRIVATE;TEST_LIBRARIES" ${ARGN})
  add_library(milan_${name} STATIC ${arg_SOURCES})
  add_library(milan::${name} ALIAS milan_${name})
  target_include_directories(milan_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>)
  foreach(dependency IN LISTS arg_DEPENDS)
    target_link_libraries(milan_${name} PUBLIC milan_${dependency})
  endforeach()
  target_link_libraries(milan_${name} PRIVATE ${arg_PRIVATE} fmt::fmt)
  if(MILAN_TESTS AND arg_TESTS)
    add_executable(milan_${name}_test ${arg_TESTS})
    target_link_libraries(milan_${name}_test PRIVATE milan_${name} milan_test_support
      ${arg_PRIVATE} ${arg_TEST_LIBRARIES} fmt::fmt GTest::gmock GTest::gtest_main)
    gtest_discover_tests(milan_${name}_test TEST_PREFIX "${name}/" DISCOVERY_TIMEOUT 60)
  endif()
endfunction()
