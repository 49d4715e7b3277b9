// Compiled for its precompiled header only (CMakeLists.txt).
