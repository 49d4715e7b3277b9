# ONNX Runtime: the user's own, the one that scripts/fetch_onnxruntime.sh fetched, or the system's.
if(ONNXRUNTIME_ROOT)
  set(milan_onnxruntime_hints ${ONNXRUNTIME_ROOT})
else()
  set(milan_onnxruntime_hints ${CMAKE_SOURCE_DIR}/build/onnxruntime)
endif()
include(MilanLibraries)
if(NOT MILAN_MPI STREQUAL OFF)
  set(MILAN_MPI ${OPENMPI_FOUND})  # AUTO is decided
  find_program(MPIRUN mpirun)
endif()
find_path(ONNXRUNTIME_INCLUDE_DIR onnxruntime_cxx_api.h
  HINTS ${milan_onnxruntime_hints} PATH_SUFFIXES include include/onnxruntime onnxruntime REQUIRED)
target_include_directories(milan::onnxruntime INTERFACE ${ONNXRUNTIME_INCLUDE_DIR})

find_package(nlohmann_json REQUIRED)
if(MILAN_CAPTIONER)
  find_package(CLI11 REQUIRED)
  find_package(spdlog REQUIRED)
  # Debian's TorchConfig.cmake adds compiler flags of its own; only its library and headers are wanted.
  find_package(Torch REQUIRED)
endif()
if(MILAN_TESTS)
  find_package(GTest REQUIRED)
endif()
if(MILAN_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
