/*
 * table_map.h - how the columns of a table file become the fields of a model. One thread.
 */
#ifndef TRAINYARD_ENGINE_BATCH_TABLE_MAP_H
#define TRAINYARD_ENGINE_BATCH_TABLE_MAP_H

#include "engine/predict/predictor.h"
#include "engine/train/duck.h"
#include "engine/train/source.h"
#include "engine/train/watch.h"

enum cell { CELL_NONE, CELL_NUMBER, CELL_TEXT };

struct table_map {
    const struct field *fields; /* of the model */
    size_t count;
    enum cell *cells;  /* by field: how its column is read; CELL_NONE: there is none */
    size_t *positions; /* by field: where it stands in a chunk of the query */
    struct text query; /* the SQL that reads it */
};

/*
 * Looks at the columns of a source and makes the query. Says in the log what is passed over.
 * ERROR_VALIDATION names a required column that is not there. Clear with table_map_clear().
 */
MUST_CHECK bool table_map_make(struct table_map *map, const struct predictor *predictor,
                               struct duck *duck, const struct source *source, struct watch *watch,
                               struct error *err);
void table_map_clear(struct table_map *map);

/*
 * Reads a row of a chunk into values, which point into the chunk. False when infer would refuse
 * the row: problem says why.
 */
bool table_map_row(const struct table_map *map, duckdb_data_chunk chunk, size_t row,
                   struct value *values, char *problem, size_t size);

#endif
