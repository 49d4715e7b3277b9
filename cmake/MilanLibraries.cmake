# The libraries that milan's own are linked with. Read by milan's build and, where milan is installed, by
# milanConfig.cmake: so both look for the same things, each where it is.
#   milan_onnxruntime_hints: folders to look for ONNX Runtime in, before the system's.
find_package(Threads REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(LibArchive REQUIRED)
find_package(Protobuf REQUIRED)
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HIGHWAY REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp libwebpdemux)
# numpy's .npz files. By pkg-config: libzip's CMake file also demands its command-line tools.
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

# Open MPI, for runs on many machines. By pkg-config: FindMPI would also ask for its old C++ bindings.
if(NOT MILAN_MPI STREQUAL OFF)
  pkg_check_modules(OPENMPI QUIET IMPORTED_TARGET ompi-c)
  if(MILAN_MPI STREQUAL ON AND NOT OPENMPI_FOUND)
    message(FATAL_ERROR "Open MPI not found: install libopenmpi-dev, or pass -DMILAN_MPI=OFF")
  endif()
endif()

# ONNX's protobuf messages (graph reading and surgery); operators are ONNX Runtime's business.
find_library(ONNX_PROTO_LIBRARY onnx_proto REQUIRED)
if(NOT TARGET milan::onnx_proto)
  add_library(milan::onnx_proto INTERFACE IMPORTED)
  target_compile_definitions(milan::onnx_proto INTERFACE ONNX_ML=1 ONNX_NAMESPACE=onnx)
  target_link_libraries(milan::onnx_proto INTERFACE ${ONNX_PROTO_LIBRARY} protobuf::libprotobuf)
endif()

# ONNX Runtime's headers are the build's business: none of milan's own includes them.
find_library(ONNXRUNTIME_LIBRARY onnxruntime HINTS ${milan_onnxruntime_hints} PATH_SUFFIXES lib lib64)
if(NOT ONNXRUNTIME_LIBRARY)
  message(FATAL_ERROR "ONNX Runtime not found: pass -DONNXRUNTIME_ROOT=DIR (milan's own build: or `make deps`)")
endif()
if(NOT TARGET milan::onnxruntime)
  add_library(milan::onnxruntime UNKNOWN IMPORTED)
  set_target_properties(milan::onnxruntime PROPERTIES IMPORTED_LOCATION ${ONNXRUNTIME_LIBRARY})
endif()
