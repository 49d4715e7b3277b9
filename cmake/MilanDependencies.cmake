find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(Protobuf REQUIRED)
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

# ONNX's protobuf messages (graph reading and surgery); operators are ONNX Runtime's business.
find_library(ONNX_PROTO_LIBRARY onnx_proto REQUIRED)
add_library(milan_onnx_proto INTERFACE)
target_compile_definitions(milan_onnx_proto INTERFACE ONNX_ML=1 ONNX_NAMESPACE=onnx)
target_link_libraries(milan_onnx_proto INTERFACE ${ONNX_PROTO_LIBRARY} protobuf::libprotobuf)

# ONNX Runtime: the user's own, the one that scripts/fetch_onnxruntime.sh fetched, or the system's.
if(ONNXRUNTIME_ROOT)
  set(onnxruntime_hints ${ONNXRUNTIME_ROOT})
else()
  set(onnxruntime_hints ${CMAKE_SOURCE_DIR}/build/onnxruntime)
endif()
find_path(ONNXRUNTIME_INCLUDE_DIR onnxruntime_cxx_api.h
  HINTS ${onnxruntime_hints} PATH_SUFFIXES include include/onnxruntime onnxruntime)
find_library(ONNXRUNTIME_LIBRARY onnxruntime HINTS ${onnxruntime_hints} PATH_SUFFIXES lib lib64)
if(NOT ONNXRUNTIME_INCLUDE_DIR OR NOT ONNXRUNTIME_LIBRARY)
  message(FATAL_ERROR "ONNX Runtime not found: run `make deps`, or pass -DONNXRUNTIME_ROOT=DIR")
endif()
add_library(milan_onnxruntime INTERFACE)
target_include_directories(milan_onnxruntime SYSTEM INTERFACE ${ONNXRUNTIME_INCLUDE_DIR})
target_link_libraries(milan_onnxruntime INTERFACE ${ONNXRUNTIME_LIBRARY})

if(MILAN_CAPTIONER)
  find_package(CLI11 REQUIRED)
  find_package(spdlog REQUIRED)
  # Debian's TorchConfig.cmake adds compiler flags of its own; only its library and headers are wanted.
  find_package(Torch REQUIRED)
endif()
if(MILAN_TESTS)
  find_package(GTest REQUIRED)
  find_package(libzip REQUIRED)  # .npz parity files
endif()
if(MILAN_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
