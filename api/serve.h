/*
 * serve.h - what all routes share: path, key, scope, limits, the handler, the error as a reply, the
 * log line and the counts.
 */
#ifndef TRAINYARD_API_SERVE_H
#define TRAINYARD_API_SERVE_H

#include <stdbool.h>

struct call;

/*
 * Finds the route and checks the key, once for a call; false when it is refused. Called by
 * serve(), and earlier by who must know before the body is whole.
 */
bool serve_admit(struct call *call);

/* Answers the call: its reply is filled. */
void serve(struct call *call);

#endif
