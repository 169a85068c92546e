/*
 * states.h - the states of things and the moves between them, written down once.
 *
 * The words are those of the database's CHECKs and of the API; a test compares them.
 */
#ifndef TRAINYARD_SCHEMAS_STATES_H
#define TRAINYARD_SCHEMAS_STATES_H

#include <stdbool.h>

enum machine { MACHINE_JOB, MACHINE_VERSION, MACHINE_DEPLOYMENT, MACHINE_UPLOAD };

enum job_status {
    JOB_PENDING,
    JOB_RUNNING,
    JOB_RETRYING,
    JOB_CANCELLING,
    JOB_COMPLETED,
    JOB_FAILED,
    JOB_CANCELLED
};
enum version_status {
    VERSION_DRAFT,
    VERSION_BUILDING,
    VERSION_READY,
    VERSION_ERROR,
    VERSION_DELETED
};
enum deployment_status {
    DEPLOYMENT_DEPLOYING,
    DEPLOYMENT_ACTIVE,
    DEPLOYMENT_FAILED,
    DEPLOYMENT_UNDEPLOYING,
    DEPLOYMENT_UNDEPLOYED
};
enum upload_status {
    UPLOAD_PENDING,
    UPLOAD_PROCESSING,
    UPLOAD_COMPLETE,
    UPLOAD_FAILED,
    UPLOAD_DELETED
};

/* The word of a state; NULL past the last. */
const char *state_word(enum machine machine, int state);

/* The state of a word; -1 when there is none. */
int state_from_word(enum machine machine, const char *word);

/* Whether a thing may go from one state to another; staying is no move. */
bool state_may_move(enum machine machine, int from, int to);

/* Whether nothing leads out of a state. */
bool state_is_final(enum machine machine, int state);

#endif
