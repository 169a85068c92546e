/* form_reader.c - see form_reader.h. */
#include "api/form_reader.h"

#include <dlfcn.h>
#include <microhttpd.h>
#include <stddef.h>

/* What the library itself has; written once by form_reader_init(), before there are threads. */
static struct {
    struct MHD_PostProcessor *(*make)(struct MHD_Connection *, size_t, MHD_PostDataIterator,
                                      void *);
    enum MHD_Result (*process)(struct MHD_PostProcessor *, const char *, size_t);
    enum MHD_Result (*destroy)(struct MHD_PostProcessor *);
} library;

static char no_reader; /* its address stands for a form that is none */

bool form_reader_init(struct error *err)
{
    library.make = dlsym(RTLD_NEXT, "MHD_create_post_processor");
    library.process = dlsym(RTLD_NEXT, "MHD_post_process");
    library.destroy = dlsym(RTLD_NEXT, "MHD_destroy_post_processor");
    return (library.make != NULL && library.process != NULL && library.destroy != NULL) ||
           error_set(err, ERROR_INTERNAL, "libmicrohttpd has no reader of forms");
}

struct MHD_PostProcessor *MHD_create_post_processor(struct MHD_Connection *connection,
                                                    size_t buffer_size,
                                                    MHD_PostDataIterator iterator, void *context)
{
    struct MHD_PostProcessor *reader = library.make(connection, buffer_size, iterator, context);

    return reader == NULL ? (struct MHD_PostProcessor *)&no_reader : reader;
}

enum MHD_Result MHD_post_process(struct MHD_PostProcessor *reader, const char *data, size_t size)
{
    return (void *)reader == &no_reader ? MHD_YES : library.process(reader, data, size);
}

enum MHD_Result MHD_destroy_post_processor(struct MHD_PostProcessor *reader)
{
    return (void *)reader == &no_reader ? MHD_YES : library.destroy(reader);
}
