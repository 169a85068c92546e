/*
 * build_task.h - what a worker tells the child that builds: the job, and where its files lie here.
 */
#ifndef TRAINYARD_SCHEMAS_BUILD_TASK_H
#define TRAINYARD_SCHEMAS_BUILD_TASK_H

#include "schemas/build_job.h"

/* Points into json, which the struct owns after decoding; clear with build_task_clear(). */
struct build_task {
    struct build_job job;
    const char *paths[JOB_FILES_MOST]; /* of job.files */
    const char *artifact;              /* the file to write */
    int memory_mb;
    int timeout_s;
    json_t *json;
};

/* The task of a job message as one line with its newline; free() it. NULL (ERROR_NO_MEMORY). */
MUST_CHECK char *build_task_encode(const struct build_task *task, const char *message,
                                   struct error *err);
MUST_CHECK bool build_task_decode(const char *line, size_t length, struct build_task *task,
                                  struct error *err);
void build_task_clear(struct build_task *task);

#endif
