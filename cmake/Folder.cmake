# trainyard_folder(TARGET FOLDER LINKS ... PRIVATE ...)
#
# Makes a static library of the .c files of one folder (main.c is the caller's). Includes are
# written from the root of the project ("infra/base/error.h"); a target sees its own folder and
# those of the targets it LINKS, and no other: each gets an include root of its own that holds
# nothing but a link to the folder.
function(trainyard_folder target folder)
    cmake_parse_arguments(ARG "" "" "LINKS;PRIVATE" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.c)
    list(FILTER sources EXCLUDE REGEX "/main\\.c$")
    add_library(${target} STATIC ${sources})
    trainyard_include_root(${target} ${folder})
    target_link_libraries(${target} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE})
endfunction()

function(trainyard_include_root target folder)
    set(root ${CMAKE_BINARY_DIR}/include/${target})
    get_filename_component(parent ${folder} DIRECTORY)
    file(MAKE_DIRECTORY ${root}/${parent})
    if(NOT IS_SYMLINK ${root}/${folder})
        file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${folder} ${root}/${folder} SYMBOLIC)
    endif()
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
        target_include_directories(${target} PRIVATE ${root})
    else()
        target_include_directories(${target} PUBLIC ${root})
    endif()
endfunction()
