# The warnings that every file of ours compiles without, under gcc 12 and clang 14.
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes
                    -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla)
if(TRAINYARD_WERROR)
    add_compile_options(-Werror)
endif()
