/* states.c - the tables of states.h. */
#include "schemas/states.h"

#include <string.h>

enum { STATES_MOST = 8 };

#define TO(state) (1u << (state))

static const struct {
    const char *words[STATES_MOST];
    unsigned moves[STATES_MOST]; /* a bit for each state that this one leads to */
} MACHINES[] = {
    [MACHINE_JOB] = {{"PENDING", "RUNNING", "RETRYING", "CANCELLING", "COMPLETED", "FAILED",
                      "CANCELLED"},
                     {[JOB_PENDING] = TO(JOB_RUNNING) | TO(JOB_CANCELLED),
                      [JOB_RUNNING] = TO(JOB_RETRYING) | TO(JOB_CANCELLING) | TO(JOB_COMPLETED) |
                                      TO(JOB_FAILED) | TO(JOB_CANCELLED),
                      [JOB_RETRYING] = TO(JOB_RUNNING) | TO(JOB_CANCELLED),
                      [JOB_CANCELLING] = TO(JOB_COMPLETED) | TO(JOB_FAILED) | TO(JOB_CANCELLED)}},
    [MACHINE_VERSION] = {{"DRAFT", "BUILDING", "READY", "ERROR", "DELETED"},
                         {[VERSION_DRAFT] =
                              TO(VERSION_BUILDING) | TO(VERSION_ERROR) | TO(VERSION_DELETED),
                          [VERSION_BUILDING] =
                              TO(VERSION_READY) | TO(VERSION_ERROR) | TO(VERSION_DELETED),
                          [VERSION_READY] = TO(VERSION_DELETED),
                          [VERSION_ERROR] = TO(VERSION_DELETED)}},
    [MACHINE_DEPLOYMENT] = {{"DEPLOYING", "ACTIVE", "FAILED", "UNDEPLOYING", "UNDEPLOYED"},
                            {[DEPLOYMENT_DEPLOYING] = TO(DEPLOYMENT_ACTIVE) |
                                                      TO(DEPLOYMENT_FAILED) |
                                                      TO(DEPLOYMENT_UNDEPLOYING),
                             [DEPLOYMENT_ACTIVE] =
                                 TO(DEPLOYMENT_DEPLOYING) | TO(DEPLOYMENT_UNDEPLOYING),
                             [DEPLOYMENT_FAILED] = TO(DEPLOYMENT_UNDEPLOYING),
                             [DEPLOYMENT_UNDEPLOYING] = TO(DEPLOYMENT_UNDEPLOYED)}},
    [MACHINE_UPLOAD] = {{"pending", "processing", "complete", "failed", "deleted"},
                        {[UPLOAD_PENDING] = TO(UPLOAD_PROCESSING) | TO(UPLOAD_COMPLETE) |
                                            TO(UPLOAD_FAILED) | TO(UPLOAD_DELETED),
                         [UPLOAD_PROCESSING] =
                             TO(UPLOAD_COMPLETE) | TO(UPLOAD_FAILED) | TO(UPLOAD_DELETED),
                         [UPLOAD_COMPLETE] = TO(UPLOAD_DELETED),
                         [UPLOAD_FAILED] = TO(UPLOAD_DELETED)}},
};

const char *state_word(enum machine machine, int state)
{
    return state >= 0 && state < STATES_MOST ? MACHINES[machine].words[state] : NULL;
}

int state_from_word(enum machine machine, const char *word)
{
    for (int state = 0; state_word(machine, state) != NULL; state++)
        if (strcmp(state_word(machine, state), word) == 0)
            return state;
    return -1;
}

bool state_may_move(enum machine machine, int from, int to)
{
    return state_word(machine, from) != NULL && state_word(machine, to) != NULL &&
           (MACHINES[machine].moves[from] & TO(to)) != 0;
}

bool state_is_final(enum machine machine, int state)
{
    return state_word(machine, state) != NULL && MACHINES[machine].moves[state] == 0;
}
