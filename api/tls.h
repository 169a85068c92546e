/*
 * tls.h - the certificate that the ports present, and its key.
 *
 * Both are read from files, and again whenever told: new connections then get the new certificate,
 * those that are open keep theirs. tls_use() may be called from any thread, the rest from one.
 */
#ifndef TRAINYARD_API_TLS_H
#define TRAINYARD_API_TLS_H

#include "infra/base/error.h"

#include <microhttpd.h>

struct tls;

/*
 * Reads a certificate (PEM, its chain after it) and its key. Borrows the names of the files. NULL
 * on failure: ERROR_INVALID_REQUEST says which file is wrong, and how.
 */
MUST_CHECK struct tls *tls_new(const char *certificate_file, const char *key_file,
                               struct error *err);

/* When no connection is left. NULL is allowed. */
void tls_free(struct tls *tls);

/* Reads both files again. On failure, as of tls_new(), everything stays as it is. */
MUST_CHECK bool tls_reload(struct tls *tls, struct error *err);

/* When the certificate ends, as a log tells it: 2027-01-31T12:00:00Z. Owned by tls. */
const char *tls_expires(const struct tls *tls);

/* What libmicrohttpd is started with; nothing but ends when tls is NULL. */
enum { TLS_OPTIONS = 4 };
void tls_options(const struct tls *tls, struct MHD_OptionItem options[static TLS_OPTIONS]);

/* The flag for that start; 0 when tls is NULL. */
unsigned tls_flag(const struct tls *tls);

/* Called when a connection is new: it will be shown the newest certificate. NULL is allowed. */
void tls_use(struct tls *tls, struct MHD_Connection *connection);

#endif
