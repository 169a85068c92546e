/*
 * predict_task.h - what a worker tells the child that predicts: the job, and where its files lie
 * here.
 */
#ifndef TRAINYARD_SCHEMAS_PREDICT_TASK_H
#define TRAINYARD_SCHEMAS_PREDICT_TASK_H

#include "schemas/predict_job.h"

/* Points into json, which the struct owns after decoding; clear with predict_task_clear(). */
struct predict_task {
    struct predict_job job;
    const char *paths[JOB_FILES_MOST]; /* of job.files */
    const char *artifact;              /* the model's file */
    const char *output;                /* the file to write */
    const char *scratch;               /* a file that may be written on the way */
    int memory_mb;
    int timeout_s;
    json_t *json;
};

/* The task of a job message as one line with its newline; free() it. NULL (ERROR_NO_MEMORY). */
MUST_CHECK char *predict_task_encode(const struct predict_task *task, const char *message,
                                     struct error *err);
MUST_CHECK bool predict_task_decode(const char *line, size_t length, struct predict_task *task,
                                    struct error *err);
void predict_task_clear(struct predict_task *task);

#endif
