# The client library as other programs get it, and what `cmake --install` installs.
#
# libsluice-client.so holds proxy/client whole and what that needs of the rest. It exports the classes
# of the public headers and nothing else, and needs no library that its own code does not call.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# What it needs of a folder, compiled apart from the rest of that folder, which needs much more.
set_source_files_properties(
  config/endpoint.cc config/printable.cc config/selector.cc config/units.cc config/utf8.cc
  proxy/health/transfers.cc proxy/session/backoff.cc
  PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)

file(WRITE ${PROJECT_BINARY_DIR}/client/empty.cc "")  # a library of libraries alone is none to CMake
add_library(sluice-client SHARED ${PROJECT_BINARY_DIR}/client/empty.cc)
set(exports ${PROJECT_SOURCE_DIR}/proxy/client/exports.map)
target_link_libraries(sluice-client PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,sluice_client>)
target_link_options(sluice-client PRIVATE -Wl,--as-needed -Wl,--version-script=${exports})
if(NOT SLUICE_SANITIZE)  # a sanitizer's own functions are the program's
  target_link_options(sluice-client PRIVATE -Wl,-z,defs)
endif()
set_target_properties(sluice-client PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  EXPORT_NAME client LINK_DEPENDS ${exports} UNITY_BUILD OFF)
target_include_directories(sluice-client INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(sluice-client INTERFACE cxx_std_20)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/sluice-client)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/client/sluice-client-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(TARGETS sluice-client EXPORT sluice-client)
install(FILES proxy/client/registrar.h proxy/client/discoverer.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sluice)
install(EXPORT sluice-client NAMESPACE sluice:: DESTINATION ${package}
  FILE sluice-client-config.cmake)
install(FILES ${PROJECT_BINARY_DIR}/client/sluice-client-config-version.cmake
  DESTINATION ${package})
if(TARGET sluice)
  install(TARGETS sluice)
endif()
