# What a C program builds with: headers, the static and the shared library, a CMake package and a
# file for pkg-config. `cmake --install` puts them under a prefix; a wheel has them in the folder of
# the package, so that it is the prefix.

include(CMakePackageConfigHelpers)
if(SKBUILD)
  set(_prefix rnncore)
  set(CMAKE_INSTALL_LIBDIR lib)
  set(CMAKE_INSTALL_INCLUDEDIR include)
  set(_component python)
else()
  include(GNUInstallDirs)
  set(_prefix .)
  set(_component c)
endif()
set(_lib ${_prefix}/${CMAKE_INSTALL_LIBDIR})
set(_package ${_lib}/cmake/rnncore)

set(_headers csrc/include/rnncore.h csrc/include/rnncore_model.h)
if(RNNCORE_TRAIN)
  list(APPEND _headers csrc/include/rnncore_train.h)
endif()
set(_include ${_prefix}/${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${_headers} DESTINATION ${_include} COMPONENT ${_component})

set_target_properties(rnncore_c PROPERTIES EXPORT_NAME rnncore_static)
if(NOT WIN32)
  # Before 1.0 each minor version may break the ABI: docs/abi.md.
  set(_abi ${PROJECT_VERSION_MAJOR})
  if(_abi EQUAL 0)
    set(_abi 0.${PROJECT_VERSION_MINOR})
  endif()
  rnncore_add_library(rnncore_shared SHARED)
  set_target_properties(rnncore_shared PROPERTIES OUTPUT_NAME rnncore SOVERSION ${_abi})
  if(NOT SKBUILD) # a wheel has no symbolic links, so there the file is called like its SONAME
    set_target_properties(rnncore_shared PROPERTIES VERSION ${PROJECT_VERSION})
    set(_namelink "")
  else()
    set(_namelink NAMELINK_SKIP)
  endif()
  set_target_properties(rnncore_c PROPERTIES OUTPUT_NAME rnncore)
  install(TARGETS rnncore_shared EXPORT rnncore LIBRARY DESTINATION ${_lib}
    COMPONENT ${_component} NAMELINK_COMPONENT ${_component} ${_namelink}
    INCLUDES DESTINATION ${_include})
endif()
install(TARGETS rnncore_c EXPORT rnncore ARCHIVE DESTINATION ${_lib} COMPONENT ${_component}
  INCLUDES DESTINATION ${_include})

install(EXPORT rnncore NAMESPACE rnncore:: FILE rnncoreTargets.cmake DESTINATION ${_package}
  COMPONENT ${_component})
configure_package_config_file(cmake/rnncoreConfig.cmake.in rnncoreConfig.cmake
  INSTALL_DESTINATION ${_package} NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(rnncoreConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/rnncoreConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/rnncoreConfigVersion.cmake DESTINATION ${_package}
  COMPONENT ${_component})

# Relative to the file itself, so that the prefix may move.
set(_private "")
foreach(_need IN LISTS _needs)
  if(_need STREQUAL "Threads::Threads")
    string(APPEND _private " ${CMAKE_THREAD_LIBS_INIT}")
  elseif(_need STREQUAL "BLAS::BLAS")
    string(JOIN " " _blas ${BLAS_LIBRARIES})
    string(APPEND _private " ${_blas}")
  else()
    string(APPEND _private " -l${_need}")
  endif()
endforeach()
string(STRIP "${_private}" _private)
set(_libs "-L\${libdir} -lrnncore")
if(SKBUILD) # -lrnncore finds the static library
  string(APPEND _libs " ${_private}")
endif()
file(RELATIVE_PATH _up /${_lib}/pkgconfig /${_prefix})
string(REGEX REPLACE "/$" "" _up "${_up}")
configure_file(cmake/rnncore.pc.in rnncore.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/rnncore.pc DESTINATION ${_lib}/pkgconfig
  COMPONENT ${_component})
