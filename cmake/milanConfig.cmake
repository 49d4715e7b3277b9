# find_package(milan): milan::base, image, network, exemplar, text, evaluate and report. With COMPONENTS
# captioner also milan::captioner, which needs libtorch.
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH milan_onnxruntime_hints)
cmake_path(GET milan_onnxruntime_hints PARENT_PATH milan_onnxruntime_hints)  # lib/
list(PREPEND milan_onnxruntime_hints ${ONNXRUNTIME_ROOT})
include(${CMAKE_CURRENT_LIST_DIR}/MilanLibraries.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/milanTargets.cmake)
if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/milanCaptionerTargets.cmake AND captioner IN_LIST milan_FIND_COMPONENTS)
  find_package(Torch REQUIRED)
  include(${CMAKE_CURRENT_LIST_DIR}/milanCaptionerTargets.cmake)
endif()
foreach(component IN LISTS milan_FIND_COMPONENTS)
  if(TARGET milan::${component})
    set(milan_${component}_FOUND TRUE)
  elseif(milan_FIND_REQUIRED_${component})
    set(milan_FOUND FALSE)
    set(milan_NOT_FOUND_MESSAGE "milan was built without its module ${component}")
  endif()
endforeach()
