/* options.c - see options.h. */
#include "workers/runtime/options.h"

struct runtime_options runtime_options_default(void)
{
    return (struct runtime_options){
        .slots = 2,
        .lease_s = 30,
        .renew_ms = 5000,
        .cancel_ms = 1000,
        .waiting_ms = 500,
        .waiting_least_ms = 200,
    };
}
