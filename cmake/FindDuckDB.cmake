# Finds DuckDB's C API: DuckDB::duckdb. Looked for in TRAINYARD_NATIVE, then on the system.
find_path(DuckDB_INCLUDE_DIR duckdb.h HINTS ${TRAINYARD_NATIVE}/include)
find_library(DuckDB_LIBRARY NAMES duckdb HINTS ${TRAINYARD_NATIVE}/lib)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB REQUIRED_VARS DuckDB_LIBRARY DuckDB_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "run scripts/setup, which fetches it")
if(DuckDB_FOUND AND NOT TARGET DuckDB::duckdb)
    add_library(DuckDB::duckdb SHARED IMPORTED)
    set_target_properties(DuckDB::duckdb PROPERTIES IMPORTED_LOCATION ${DuckDB_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${DuckDB_INCLUDE_DIR}
        INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${DuckDB_INCLUDE_DIR})
endif()
