/*
 * tables.h - small tables for the tests of the engine, written to a folder of the test's own.
 */
#ifndef TRAINYARD_TESTS_UNIT_ENGINE_TABLES_H
#define TRAINYARD_TESTS_UNIT_ENGINE_TABLES_H

#include <stdio.h>

#include "engine/train/build.h"

/* A folder under /tmp, removed with all that is in it by folder_free(). NULL on failure. */
char *folder_new(void);
void folder_free(char *folder);

/* folder/name, in a buffer that the next call but seven reuses. */
const char *folder_path(const char *folder, const char *name);

/* Writes size bytes to folder/name and gives the path. */
const char *folder_write(const char *folder, const char *name, const void *data, size_t size);

/* The path of a table of tests/data. */
const char *data_path(const char *name);

/*
 * A CSV of rows in which churn (yes, no) follows from age and plan:
 * customer_id,age,plan,monthly_cost,signup,churn
 */
const char *write_customers(const char *folder, const char *name, int rows);

#endif
