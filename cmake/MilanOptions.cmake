option(MILAN_CAPTIONER "Build the captioner (libtorch) and the command line" ON)
set(MILAN_MPI "AUTO" CACHE STRING "Runs on many machines by Open MPI: ON, OFF, or AUTO: when it is found")
option(MILAN_TESTS "Build the tests" ON)
option(MILAN_BENCHMARKS "Build the benchmarks" OFF)
option(MILAN_UNITY "Compile several libtorch sources as one: a cold build is quicker, a rebuild slower" ON)
option(MILAN_WARNINGS_AS_ERRORS "Stop on compiler warnings (CI)" OFF)
set(MILAN_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize= (address,undefined or thread)")
set(ONNXRUNTIME_ROOT "" CACHE PATH "ONNX Runtime to use, a folder with include/ and lib/ (GPU build)")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# `make headers`: compiles each installed header alone.
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

find_program(CCACHE ccache)
if(CCACHE)
  # pch_defines and time_macros: what ccache needs to cache files that use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
# GCC 12 warns wrongly about `"literal" + std::string` (GCC bug 105651).
add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(MILAN_WARNINGS_AS_ERRORS)
  add_compile_options(-Werror)
endif()
if(MILAN_SANITIZE)
  add_compile_options(-fsanitize=${MILAN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MILAN_SANITIZE})
endif()
