# The Python extension rnncore._core, and the OpenBLAS that the wheel carries.

find_package(Python REQUIRED COMPONENTS Interpreter Development.Module NumPy)
include(UseCython)

cython_transpile(src/rnncore/_core.pyx LANGUAGE C MODULE_NAME rnncore._core OUTPUT_VARIABLE _core_c)
python_add_library(_core MODULE WITH_SOABI ${_core_c})
target_link_libraries(_core PRIVATE rnncore_c Python::NumPy)
target_include_directories(_core PRIVATE csrc) # core/testing.h
# Headers of NumPy 2 build an extension that runs with NumPy 1.26 too.
target_compile_definitions(_core PRIVATE NPY_NO_DEPRECATED_API=NPY_1_7_API_VERSION)
install(TARGETS _core DESTINATION rnncore COMPONENT python)

# Relative to the folder of _core; empty when the package carries no BLAS.
set(_bundled "")
if(RNNCORE_BLAS STREQUAL "openblas")
  include(cmake/BundleOpenBLAS.cmake)
endif()
target_compile_definitions(_core PRIVATE RNNCORE_BUNDLED_BLAS="${_bundled}")
