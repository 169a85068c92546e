/*
 * account.h - whom a key belongs to, and what was used this month. Handlers; see call.h.
 */
#ifndef TRAINYARD_API_ACCOUNT_H
#define TRAINYARD_API_ACCOUNT_H

#include "api/call.h"

/* GET /auth/user */
bool api_account_user(struct call *call, struct error *err);
/* GET /usage/current */
bool api_account_usage(struct call *call, struct error *err);
/* GET /usage/profile: both in one. */
bool api_account_profile(struct call *call, struct error *err);

#endif
