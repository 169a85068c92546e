/*
 * download.h - fetches a file from the web, from the public Internet alone unless told otherwise.
 *
 * A module of its own, libtrainyard-fetch.so, that a worker's child opens: so no other process maps
 * libcurl and all that comes with it. One thread.
 */
#ifndef TRAINYARD_WORKERS_FETCH_DOWNLOAD_H
#define TRAINYARD_WORKERS_FETCH_DOWNLOAD_H

#include "infra/base/error.h"
#include "workers/fetch/address.h"

#include <stdint.h>

#define FETCH_MODULE_FILE "libtrainyard-fetch.so"
#define FETCH_MODULE_SYMBOL "trainyard_fetch"

struct download {
    const char *url;
    const char *path; /* of the file to write over */
    int64_t most_bytes;
    int timeout_s;
    bool allow_private;             /* also addresses that are not public */
    bool (*stopped)(void *context); /* asked now and then, with NULL; may be NULL */
    /* set by it: */
    int64_t size_bytes;
    char address[ADDRESS_TEXT_BYTES]; /* of who sent it */
};

struct fetch_module {
    /*
     * Follows up to five redirects; each URL and each address that is connected to is checked.
     * ERROR_VALIDATION: the URL, or what it leads to, is at fault; ERROR_UNAVAILABLE: it may work
     * later; ERROR_CANCELLED: stopped said so.
     */
    bool (*download)(struct download *download, struct error *err);
};

#endif
