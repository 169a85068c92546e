/*
 * format.h - the layout of an artifact file: a header, then sections of flat records.
 *
 * Numbers are little-endian and aligned, so that the mapped file is used as it is. Every
 * reference is an index or an offset; artifact_check() proves them all in bounds. The file holds
 * no time, path, host or name: equal builds give equal bytes.
 */
#ifndef TRAINYARD_ENGINE_PREDICT_FORMAT_H
#define TRAINYARD_ENGINE_PREDICT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define ARTIFACT_MAGIC "TRNYARD" /* with its NUL: 8 bytes */

enum {
    ARTIFACT_VERSION = 1,
    SECTION_ALIGN = 64,
    FEATURES_MAX = 4096, /* so that a row's features fit on the stack */
    OUTPUTS_MAX = 1024,
    CATEGORY_NONE = 63, /* the code of a category that is missing, rare or unseen */
};

enum section {
    SECTION_MODEL,      /* one model_record */
    SECTION_STRINGS,    /* texts, each followed by a NUL */
    SECTION_FIELDS,     /* field_record */
    SECTION_NAMES,      /* hash table of the field names: uint32_t, index + 1, 0 is empty */
    SECTION_FEATURES,   /* feature_record */
    SECTION_CATEGORIES, /* category_record: a hash table for each categorical feature */
    SECTION_CLASSES,    /* text_ref */
    SECTION_ANSWERS,    /* answer_record */
    SECTION_TREES,      /* tree_record, by round, then by class */
    SECTION_NODES,      /* node */
    SECTION_BITSETS,    /* uint32_t: wide sets of categories */
    SECTION_REPORT,     /* JSON, followed by a NUL */
    SECTIONS
};

struct section_record {
    uint64_t offset; /* from the start of the file, a multiple of SECTION_ALIGN */
    uint64_t size;   /* bytes */
};

struct artifact_header {
    char magic[8];
    uint32_t version;
    uint32_t sections;
    uint64_t size;     /* of the whole file */
    uint64_t checksum; /* of the whole file, this field as zero: see artifact_checksum() */
    struct section_record section[SECTIONS];
};

/* length bytes at offset in SECTION_STRINGS, then a NUL. */
struct text_ref {
    uint32_t offset;
    uint32_t length;
};

struct model_record {
    uint32_t task;        /* enum task */
    uint32_t scores;      /* trees a round: classes, or 1 (binary, regression) */
    uint32_t target_type; /* enum field_type */
    uint32_t positive_class;
    struct text_ref target;
};

struct field_record {
    struct text_ref name;
    uint32_t type; /* enum field_type */
    uint32_t required;
};

enum feature_kind {
    FEATURE_NUMBER,
    FEATURE_CATEGORY,  /* the code of the value */
    FEATURE_FREQUENCY, /* how often the value occurs in training, 0 to 1 */
    FEATURE_YEAR,
    FEATURE_MONTH,
    FEATURE_DAY,
    FEATURE_WEEKDAY, /* 0 is Monday */
    FEATURE_YEARDAY,
    FEATURE_HOUR,
    FEATURE_EPOCH, /* days since 1970 */
    FEATURE_KINDS
};

struct feature_record {
    uint32_t kind; /* enum feature_kind */
    uint32_t field;
    uint32_t first; /* slot of SECTION_CATEGORIES */
    uint32_t slots; /* a power of two; 0 for features that are no category */
    double fill;    /* stands for a missing value; NaN: stays missing */
};

/* One slot of an open-addressing table; empty when count is 0. */
struct category_record {
    struct text_ref text;
    uint32_t code;  /* below CATEGORY_NONE, which is a rare one's */
    uint32_t count; /* training rows that have it */
    double frequency;
};

struct answer_record {
    struct text_ref name;
    uint32_t kind; /* enum answer_kind */
    uint32_t type; /* enum field_type */
    uint32_t class_index;
    uint32_t unused;
};

enum { TREE_FAST, TREE_SLOW };

/* Nodes are numbered from 0 within their tree; the root is 0, children come after parents. */
struct tree_record {
    uint32_t first; /* node */
    uint32_t count;
    uint32_t depth; /* steps from the root to the deepest leaf */
    uint32_t kind;  /* TREE_SLOW has nodes with NODE_ZERO or NODE_WIDE */
};

enum node_bits {
    NODE_INNER = 1,        /* else a leaf: left is the node itself */
    NODE_CATEGORY = 2,     /* goes left when the code's bit in mask is set */
    NODE_DEFAULT_LEFT = 4, /* where a missing number goes */
    NODE_ZERO = 8,         /* zero counts as missing */
    NODE_WIDE = 16,        /* mask is a range of SECTION_BITSETS: first | words << 32 */
    NODE_BITS = 31
};

struct node {
    union {
        double number; /* threshold (left when x <= it), or the value of a leaf */
        uint64_t mask;
    } u;
    uint32_t left; /* the right child is the next one */
    uint16_t feature;
    uint8_t bits;
    uint8_t unused;
};

/* Over all bytes of an artifact but the checksum itself. Any change of one word changes it. */
uint64_t artifact_checksum(const void *data, size_t size);

/* The hash of the tables in SECTION_NAMES and SECTION_CATEGORIES. */
uint64_t text_hash(const char *text, size_t length);

#endif
