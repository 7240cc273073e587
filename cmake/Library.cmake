# The C library: csrc/core, csrc/cells and csrc/train once, csrc/kernels once for each ISA. The objects
# make the static library `rnncore_c` and, where CMake can install it, the shared one `rnncore_shared`.

# A section for each function: a static link with --gc-sections leaves out what is not called.
set(_sections -ffunction-sections -fdata-sections)
set(RNNCORE_WARNINGS -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Wundef
  -Wno-psabi)  # gcc's note on passing vectors by value: they never cross a translation unit
if(RNNCORE_WERROR)
  list(APPEND RNNCORE_WARNINGS -Werror)
endif()

# MinSizeRel leaves out kernels that give the bits of others (RNNCORE_SMALL), and tables that only
# exceptions and debuggers read.
set(_small $<CONFIG:MinSizeRel>)
list(APPEND _sections "$<${_small}:-fno-asynchronous-unwind-tables>")
# Not -ffast-math: NaN, infinities and the order of sums are part of the contract.
set(_math_flags -fno-math-errno -fno-trapping-math)
set(_kernel_flags $<IF:${_small},-O2,-O3> -ffp-contract=fast ${_math_flags})
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  # On ARM GCC would move the loads of a tile so far ahead that its sums leave the registers.
  list(APPEND _kernel_flags -fno-schedule-insns)
endif()
if(RNNCORE_SANITIZE)
  list(APPEND _kernel_flags -O1)  # the checks at -O3 take minutes to compile
endif()

file(GLOB _sources CONFIGURE_DEPENDS csrc/core/*.c csrc/cells/*.c csrc/train/*.c
  csrc/runtime/*.c csrc/runtime/nodes/*.c)
file(GLOB _kernel_sources CONFIGURE_DEPENDS csrc/kernels/*.c)
if(RNNCORE_THREADS)
  list(FILTER _sources EXCLUDE REGEX "/no_threads\\.c$")
else()
  list(FILTER _sources EXCLUDE REGEX "/(platform_)?threads\\.c$")
endif()
if(NOT RNNCORE_TRAIN)
  list(FILTER _sources EXCLUDE REGEX
    "/train/|/(backward|backward_table|products|product|blas|context_blas|platform_libraries)\\.c$")
  list(FILTER _kernel_sources EXCLUDE REGEX "/training\\.c$")
endif()
set(_includes ${PROJECT_SOURCE_DIR}/csrc/include ${PROJECT_SOURCE_DIR}/csrc)

# What a program needs beside the library, for CMake and for pkg-config.
set(_needs "")
if(RNNCORE_THREADS)
  set(THREADS_PREFER_PTHREAD_FLAG OFF)
  find_package(Threads REQUIRED)
  list(APPEND _needs Threads::Threads)
endif()
if(RNNCORE_TRAIN)
  list(APPEND _needs ${CMAKE_DL_LIBS})
endif()
if(NOT WIN32)
  list(APPEND _needs m)
elseif(RNNCORE_THREADS)
  list(APPEND _needs synchronization) # WaitOnAddress
endif()

add_library(rnncore_objects OBJECT ${_sources})
target_include_directories(rnncore_objects PRIVATE ${_includes})
target_compile_options(rnncore_objects PRIVATE ${RNNCORE_WARNINGS} ${_math_flags} ${_sections})
set(_objects rnncore_objects)

# rnncore_add_isa(name vector_bytes flags...): the kernels once more, with this ISA's flags.
function(rnncore_add_isa name vector_bytes)
  string(TOUPPER ${name} upper)
  set(target rnncore_kernels_${name})
  add_library(${target} OBJECT ${_kernel_sources})
  target_include_directories(${target} PRIVATE ${_includes})
  target_compile_options(${target} PRIVATE ${RNNCORE_WARNINGS} ${_kernel_flags} ${_sections} ${ARGN})
  target_compile_definitions(${target} PRIVATE
    RNNCORE_ISA=${name} RNNCORE_KERNELS_${upper}=1 RNNCORE_VECTOR_BYTES=${vector_bytes}
    RNNCORE_DOUBLE=$<BOOL:${RNNCORE_DOUBLE}> RNNCORE_SMALL=${_small})
  if(RNNCORE_WIDE_TEST)
    target_compile_definitions(${target} PRIVATE RNNCORE_WIDE_TEST=1)
  endif()
  set(_objects ${_objects} ${target} PARENT_SCOPE)
endfunction()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(_known baseline avx2 avx512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  set(_known neon)
else()
  message(FATAL_ERROR "rnncore runs on x86-64 and aarch64, got ${CMAKE_SYSTEM_PROCESSOR}")
endif()
set(_isas ${RNNCORE_ISAS})
if(_isas STREQUAL "all")
  set(_isas ${_known})
endif()
foreach(_isa IN LISTS _isas)
  if(NOT _isa IN_LIST _known)
    message(FATAL_ERROR "RNNCORE_ISAS: expected all or some of ${_known}, got ${RNNCORE_ISAS}")
  endif()
endforeach()
if(NOT _isas)
  message(FATAL_ERROR "RNNCORE_ISAS: expected all or some of ${_known}, got nothing")
endif()
foreach(_isa baseline avx2 avx512 neon)
  string(TOUPPER RNNCORE_HAVE_${_isa} _macro)
  if(_isa IN_LIST _isas)
    target_compile_definitions(rnncore_objects PRIVATE ${_macro}=1)
  else()
    target_compile_definitions(rnncore_objects PRIVATE ${_macro}=0)
  endif()
endforeach()
target_compile_definitions(rnncore_objects PRIVATE
  RNNCORE_TRAIN=$<BOOL:${RNNCORE_TRAIN}> RNNCORE_DOUBLE=$<BOOL:${RNNCORE_DOUBLE}>)

set(_bytes_baseline 16)
set(_bytes_avx2 32)
set(_bytes_avx512 64)
set(_bytes_neon 16)
set(_flags_avx2 -mavx2 -mfma)
set(_flags_avx512 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mprefer-vector-width=512)
if(RNNCORE_WIDE_TEST)
  # The compiler splits each 64-byte vector in two: slow, but the same tiles and tails.
  target_compile_definitions(rnncore_objects PRIVATE RNNCORE_WIDE_TEST=1)
  set(_flags_avx512 ${_flags_avx2})
endif()
foreach(_isa IN LISTS _isas)
  rnncore_add_isa(${_isa} ${_bytes_${_isa}} ${_flags_${_isa}})
endforeach()

if(RNNCORE_BLAS STREQUAL "system" AND RNNCORE_TRAIN)
  find_package(BLAS REQUIRED)
  list(APPEND _needs BLAS::BLAS)
  target_compile_definitions(rnncore_objects PRIVATE RNNCORE_BLAS_LINKED=1)
endif()

list(TRANSFORM _objects REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>")
# rnncore_add_library(target STATIC|SHARED)
function(rnncore_add_library target kind)
  add_library(${target} ${kind} ${_objects})
  target_include_directories(${target} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/csrc/include>)
  target_link_libraries(${target} PUBLIC ${_needs})
endfunction()
rnncore_add_library(rnncore_c STATIC)
# For a project that has this one as a part: the names that an installed library has.
add_library(rnncore::rnncore_static ALIAS rnncore_c)
if(NOT PROJECT_IS_TOP_LEVEL)
  add_library(rnncore::rnncore ALIAS rnncore_c)
endif()
