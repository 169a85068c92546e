/*
 * documentation.h - the API's description of itself, for programs and for people. Handlers; see
 * call.h. Nobody needs a key for these.
 */
#ifndef TRAINYARD_API_DOCUMENTATION_H
#define TRAINYARD_API_DOCUMENTATION_H

#include "api/call.h"

/* GET /openapi.json: schemas/openapi.yaml, with the public URL of this server. */
bool api_documentation_openapi(struct call *call, struct error *err);
/* GET /docs: the same as a page that needs no other host. */
bool api_documentation_page(struct call *call, struct error *err);
/* GET /docs/:file: what the page consists of. */
bool api_documentation_file(struct call *call, struct error *err);

#endif
