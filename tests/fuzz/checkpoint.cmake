# For tests/fuzz/CMakeLists.txt, which defines milan_fuzz_target: include(checkpoint.cmake).
milan_fuzz_target(checkpoint)

# Writes corpus/checkpoint again: milan_fuzz_checkpoint_corpus FOLDER.
add_executable(milan_fuzz_checkpoint_corpus EXCLUDE_FROM_ALL make_checkpoint_corpus.cc)
target_include_directories(milan_fuzz_checkpoint_corpus PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(milan_fuzz_checkpoint_corpus PRIVATE milan_test_support milan_base)
