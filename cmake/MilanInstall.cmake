# What `cmake --install` writes beside the libraries and headers of the modules (MilanModule.cmake) and
# the program (cli/): the package that find_package(milan) finds, ONNX Runtime and the bundle. Nothing
# installed names a folder of this machine, so the whole may be moved.
include(CMakePackageConfigHelpers)
set(milan_package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/milan)

install(EXPORT milanTargets NAMESPACE milan:: DESTINATION ${milan_package_folder})
if(MILAN_CAPTIONER)
  install(EXPORT milanCaptionerTargets NAMESPACE milan:: DESTINATION ${milan_package_folder})
endif()
write_basic_package_version_file(milanConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_SOURCE_DIR}/cmake/milanConfig.cmake ${CMAKE_SOURCE_DIR}/cmake/MilanLibraries.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/milanConfigVersion.cmake DESTINATION ${milan_package_folder})

# The system's ONNX Runtime stays where it is; one that was fetched or given comes along.
cmake_path(IS_PREFIX milan_onnxruntime_hints ${ONNXRUNTIME_LIBRARY} NORMALIZE is_own_onnxruntime)
if(is_own_onnxruntime)
  cmake_path(GET ONNXRUNTIME_LIBRARY PARENT_PATH onnxruntime_folder)
  install(DIRECTORY ${onnxruntime_folder}/ DESTINATION ${CMAKE_INSTALL_LIBDIR}
    FILES_MATCHING PATTERN "libonnxruntime*.so*" PATTERN "cmake" EXCLUDE PATTERN "pkgconfig" EXCLUDE)
endif()
install(DIRECTORY ${CMAKE_SOURCE_DIR}/models/base DESTINATION share/milan/models)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION share/doc/milan)
