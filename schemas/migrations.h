/*
 * migrations.h - the scripts of schemas/sql, built into the program, by ascending number.
 */
#ifndef TRAINYARD_SCHEMAS_MIGRATIONS_H
#define TRAINYARD_SCHEMAS_MIGRATIONS_H

#include <stddef.h>

struct migration {
    int number;
    const char *name; /* 0001_tables */
    const char *sql;
};

const struct migration *migrations_all(size_t *count);

#endif
