/*
 * form_reader.h - stands between ulfius and libmicrohttpd's reader of forms.
 *
 * For a form whose Content-Type has no boundary libmicrohttpd makes no reader, upon which ulfius
 * hangs up without an answer. ulfius has no hook there, so this file defines libmicrohttpd's three
 * functions anew: the dynamic linker gives ulfius these, and they call the library's own. A form
 * that is none then has no fields, and the handler refuses the body, or takes it for what it is.
 */
#ifndef TRAINYARD_API_FORM_READER_H
#define TRAINYARD_API_FORM_READER_H

#include "infra/base/error.h"

/* Finds the library's own functions; once, before the first request. ERROR_INTERNAL. */
MUST_CHECK bool form_reader_init(struct error *err);

#endif
