# Finds LightGBM's C API: LightGBM::lightgbm. Looked for in TRAINYARD_NATIVE, then on the system.
find_path(LightGBM_INCLUDE_DIR LightGBM/c_api.h HINTS ${TRAINYARD_NATIVE}/include)
find_library(LightGBM_LIBRARY NAMES _lightgbm HINTS ${TRAINYARD_NATIVE}/lib)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LightGBM REQUIRED_VARS LightGBM_LIBRARY LightGBM_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "run scripts/setup, which fetches it")
if(LightGBM_FOUND AND NOT TARGET LightGBM::lightgbm)
    add_library(LightGBM::lightgbm SHARED IMPORTED)
    set_target_properties(LightGBM::lightgbm PROPERTIES IMPORTED_LOCATION ${LightGBM_LIBRARY}
        IMPORTED_NO_SONAME OFF INTERFACE_INCLUDE_DIRECTORIES ${LightGBM_INCLUDE_DIR}
        INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${LightGBM_INCLUDE_DIR})
endif()
