/* handler.c - see handler.h. */
#include "workers/runtime/handler.h"

#include <string.h>

bool job_head_set(struct job_head *head, const char *job_id, const char *account, struct error *err)
{
    if (strlen(job_id) >= HEAD_BYTES || strlen(account) >= HEAD_BYTES)
        return error_set(err, ERROR_VALIDATION, "an id in the message is longer than %d bytes",
                         HEAD_BYTES - 1);
    strcpy(head->job_id, job_id);
    strcpy(head->account, account);
    return true;
}
