# Copies the shared library of the PyPI package scipy-openblas32 into the package. It is opened at
# run time, by its path, when a training product first needs it: nothing links with it.

execute_process(
  COMMAND ${Python_EXECUTABLE} -c
    "import scipy_openblas32 as b; print(b.get_lib_dir() + '/' + b.get_library(fullname=True))"
  OUTPUT_VARIABLE _library OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE _status)
if(NOT _status EQUAL 0)
  message(FATAL_ERROR
    "RNNCORE_BLAS=openblas needs the Python package scipy-openblas32 at build time; "
    "install it or pass -DRNNCORE_BLAS=none")
endif()

cmake_path(GET _library EXTENSION LAST_ONLY _suffix)
set(_bundled "_lib/librnncore_openblas${_suffix}")
set(_copy "${CMAKE_CURRENT_BINARY_DIR}/librnncore_openblas${_suffix}")
set(_licence "${CMAKE_CURRENT_BINARY_DIR}/LICENSE-openblas.txt")
add_custom_command(
  OUTPUT ${_copy} ${_licence}
  COMMAND ${Python_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/bundle_openblas.py ${_library} ${_copy}
    ${_licence}
  DEPENDS ${_library} cmake/bundle_openblas.py
  COMMENT "Copying OpenBLAS under a name of its own"
  VERBATIM)
add_custom_target(rnncore_openblas ALL DEPENDS ${_copy} ${_licence})
install(FILES ${_copy} ${_licence} DESTINATION rnncore/_lib COMPONENT python)
