# milan_module(NAME HEADERS … SOURCES … TESTS … DEPENDS … PRIVATE …): one module of milan/, its library
# milan_NAME (alias milan::NAME) and its test program milan_NAME_test.
#   HEADERS: those for users of the library, which are installed.
#   DEPENDS: modules whose headers appear in this one's headers or sources.
#   PRIVATE: heavy libraries, used in .cc files only.
function(milan_module name)
  cmake_parse_arguments(arg "" "" "HEADERS;SOURCES;TESTS;DEPENDS;PRIVATE;TEST_LIBRARIES" ${ARGN})
  add_library(milan_${name} STATIC ${arg_SOURCES})
  add_library(milan::${name} ALIAS milan_${name})
  target_sources(milan_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}
    FILES ${arg_HEADERS})
  target_compile_features(milan_${name} PUBLIC cxx_std_20)
  foreach(dependency IN LISTS arg_DEPENDS)
    target_link_libraries(milan_${name} PUBLIC milan_${dependency})
  endforeach()
  target_link_libraries(milan_${name} PRIVATE ${arg_PRIVATE} fmt::fmt)
  milan_install_module(${name})
  if(MILAN_TESTS AND arg_TESTS)
    add_executable(milan_${name}_test ${arg_TESTS})
    target_link_libraries(milan_${name}_test PRIVATE milan_${name} milan_test_support
      ${arg_PRIVATE} ${arg_TEST_LIBRARIES} fmt::fmt GTest::gmock GTest::gtest_main)
    milan_compile_as_test(milan_${name}_test)
    gtest_discover_tests(milan_${name}_test TEST_PREFIX "${name}/" DISCOVERY_TIMEOUT 60)
  endif()
endfunction()

# The captioner's are a package component of their own: only its users need libtorch.
function(milan_install_module name)
  set(export milanTargets)
  if(name STREQUAL captioner)
    set(export milanCaptionerTargets)
  endif()
  set_target_properties(milan_${name} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS milan_${name} EXPORT ${export} FILE_SET HEADERS)
endfunction()

# What takes long to compile in a test is the test framework's headers: parsed once for all of them,
# and optimised little.
function(milan_compile_as_test target)
  # GCC takes a precompiled header only for the same position independence, which CMake sets to
  # another value for programs.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC $<$<CONFIG:Release>:-O1>
    $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)  # lets ccache see through precompiled headers
  if(NOT ${target} STREQUAL milan_captioner_test)  # it takes libtorch's
    target_precompile_headers(${target} REUSE_FROM milan_test_headers)
  endif()
endfunction()
