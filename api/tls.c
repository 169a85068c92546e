/* tls.c - see tls.h. */
#include "api/tls.h"

#include "infra/base/clock.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* TLS 1.2 and 1.3. */
static const char PRIORITIES[] = "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1";

enum { FILE_BYTES_MOST = 1 << 20 };

/* What was read at one time. Kept until the end, since connections may use it; few come to be. */
struct pair {
    struct pair *older;
    char *certificate;
    char *key;
    gnutls_certificate_credentials_t credentials;
    char expires[CLOCK_TEXT_BYTES];
};

struct tls {
    /* read-only after _new */
    const char *certificate_file;
    const char *key_file;
    /* any thread */
    _Atomic(struct pair *) newest;
};

/* One pair ------------------------------------------------------------------------------------*/

static void pair_free(struct pair *pair)
{
    if (pair == NULL)
        return;
    if (pair->credentials != NULL)
        gnutls_certificate_free_credentials(pair->credentials);
    if (pair->key != NULL)
        explicit_bzero(pair->key, strlen(pair->key));
    free(pair->certificate);
    free(pair->key);
    free(pair);
}

static char *read_text(const char *setting, const char *path, struct error *err)
{
    FILE *file = fopen(path, "re");
    char *text = calloc(1, FILE_BYTES_MOST + 1);
    size_t length = file == NULL || text == NULL ? 0 : fread(text, 1, FILE_BYTES_MOST, file);
    char *fitting = NULL;

    if (text == NULL)
        error_no_memory(err);
    else if (file == NULL || ferror(file))
        error_set(err, ERROR_INVALID_REQUEST, "%s: cannot read %.120s: %.60s", setting, path,
                  strerror(errno));
    else if (length == 0)
        error_set(err, ERROR_INVALID_REQUEST, "%s: %.120s is empty", setting, path);
    else if ((fitting = realloc(text, length + 1)) != NULL)
        text = fitting;
    if (file != NULL)
        fclose(file);
    if (fitting == NULL)
        free(text);
    return fitting;
}

/* Notes when the first certificate ends, which is the one that is presented. */
static void read_expiry(struct pair *pair)
{
    gnutls_x509_crt_t *chain = NULL;
    unsigned count = 0;

    if (gnutls_certificate_get_x509_crt(pair->credentials, 0, &chain, &count) != 0)
        return;
    if (count > 0)
        clock_text((int64_t)gnutls_x509_crt_get_expiration_time(chain[0]) * 1000, pair->expires);
    for (unsigned at = 0; at < count; at++)
        gnutls_x509_crt_deinit(chain[at]);
    gnutls_free(chain);
}

static bool make_credentials(const struct tls *tls, struct pair *pair, struct error *err)
{
    gnutls_datum_t certificate = {.data = (unsigned char *)pair->certificate,
                                  .size = (unsigned)strlen(pair->certificate)};
    gnutls_datum_t key = {.data = (unsigned char *)pair->key, .size = (unsigned)strlen(pair->key)};
    int code;

    if (gnutls_certificate_allocate_credentials(&pair->credentials) != 0)
        return error_no_memory(err);
    code = gnutls_certificate_set_x509_key_mem(pair->credentials, &certificate, &key,
                                               GNUTLS_X509_FMT_PEM);
    if (code < 0)
        return error_set(err, ERROR_INVALID_REQUEST,
                         "TRAINYARD_TLS_CERT and TRAINYARD_TLS_KEY: %.60s and %.60s are no "
                         "certificate and its key: %.60s",
                         tls->certificate_file, tls->key_file, gnutls_strerror(code));
    read_expiry(pair);
    return true;
}

static struct pair *pair_new(const struct tls *tls, struct error *err)
{
    struct pair *pair = calloc(1, sizeof *pair);

    if (pair == NULL) {
        error_no_memory(err);
        return NULL;
    }
    pair->certificate = read_text("TRAINYARD_TLS_CERT", tls->certificate_file, err);
    pair->key =
        pair->certificate == NULL ? NULL : read_text("TRAINYARD_TLS_KEY", tls->key_file, err);
    if (pair->key != NULL && make_credentials(tls, pair, err))
        return pair;
    pair_free(pair);
    return NULL;
}

/* All of them ---------------------------------------------------------------------------------*/

struct tls *tls_new(const char *certificate_file, const char *key_file, struct error *err)
{
    struct tls *tls = calloc(1, sizeof *tls);

    if (tls == NULL) {
        error_no_memory(err);
        return NULL;
    }
    tls->certificate_file = certificate_file;
    tls->key_file = key_file;
    if (tls_reload(tls, err))
        return tls;
    tls_free(tls);
    return NULL;
}

void tls_free(struct tls *tls)
{
    struct pair *pair = tls == NULL ? NULL : atomic_load(&tls->newest);

    while (pair != NULL) {
        struct pair *older = pair->older;

        pair_free(pair);
        pair = older;
    }
    free(tls);
}

bool tls_reload(struct tls *tls, struct error *err)
{
    struct pair *known = atomic_load(&tls->newest);
    struct pair *pair = pair_new(tls, err);

    if (pair == NULL)
        return false;
    if (known != NULL && strcmp(known->certificate, pair->certificate) == 0 &&
        strcmp(known->key, pair->key) == 0) {
        pair_free(pair); /* told again of what we have: nothing is piled up */
        return true;
    }
    pair->older = known;
    atomic_store(&tls->newest, pair);
    return true;
}

const char *tls_expires(const struct tls *tls)
{
    return atomic_load(&tls->newest)->expires;
}

unsigned tls_flag(const struct tls *tls)
{
    return tls == NULL ? 0 : MHD_USE_TLS;
}

void tls_options(const struct tls *tls, struct MHD_OptionItem options[static TLS_OPTIONS])
{
    const struct pair *pair = tls == NULL ? NULL : atomic_load(&tls->newest);
    size_t used = 0;

    if (pair != NULL) {
        options[used++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, pair->certificate};
        options[used++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, pair->key};
        options[used++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)PRIORITIES};
    }
    options[used] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

/* libmicrohttpd gave the session its own credentials, those of the start; ours take their place. */
void tls_use(struct tls *tls, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info;

    if (tls == NULL)
        return;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info != NULL && info->tls_session != NULL)
        gnutls_credentials_set(info->tls_session, GNUTLS_CRD_CERTIFICATE,
                               atomic_load(&tls->newest)->credentials);
}
