/* address.c - see address.h. After the special-purpose registries of IANA. */
#include "workers/fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct {
    uint8_t first[4];
    int bits;
} NOT_PUBLIC_4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private */
    {{100, 64}, 10},      /* shared by a carrier */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link-local, where clouds keep their secrets */
    {{172, 16}, 12},      /* private */
    {{192, 0, 0}, 24},    /* protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 88, 99}, 24},  /* relays of old */
    {{192, 168}, 16},     /* private */
    {{198, 18}, 15},      /* benchmarks */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},           /* multicast */
    {{240}, 4},           /* reserved, broadcast */
};

/* Of IPv6 only 2000::/3 is handed out, and not all of that. */
static const struct {
    uint8_t first[8];
    int bits;
} NOT_PUBLIC_6[] = {
    {{0x20, 0x01, 0, 0}, 23},       /* protocol assignments: Teredo and others */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4: holds an IPv4 address */
    {{0x3f, 0xff}, 20},             /* documentation */
};

/* Prefixes of 96 bits behind which an IPv4 address stands. */
static const uint8_t HOLD_4[][12] = {
    {[10] = 0xff, [11] = 0xff}, /* ::ffff:0:0, mapped */
    {0x00, 0x64, 0xff, 0x9b},   /* 64:ff9b::, translated */
};

static bool begins(const uint8_t *address, const uint8_t *first, int bits)
{
    int bytes = bits / 8;
    int mask = 0xff << (8 - bits % 8) & 0xff;

    return memcmp(address, first, (size_t)bytes) == 0 &&
           (bits % 8 == 0 || (address[bytes] & mask) == (first[bytes] & mask));
}

static bool is_public_4(const uint8_t *address)
{
    for (size_t at = 0; at < sizeof NOT_PUBLIC_4 / sizeof *NOT_PUBLIC_4; at++)
        if (begins(address, NOT_PUBLIC_4[at].first, NOT_PUBLIC_4[at].bits))
            return false;
    return true;
}

static bool is_public_6(const uint8_t *address)
{
    for (size_t at = 0; at < sizeof HOLD_4 / sizeof *HOLD_4; at++)
        if (memcmp(address, HOLD_4[at], sizeof HOLD_4[at]) == 0)
            return is_public_4(address + sizeof HOLD_4[at]);
    if ((address[0] & 0xe0) != 0x20)
        return false;
    for (size_t at = 0; at < sizeof NOT_PUBLIC_6 / sizeof *NOT_PUBLIC_6; at++)
        if (begins(address, NOT_PUBLIC_6[at].first, NOT_PUBLIC_6[at].bits))
            return false;
    return true;
}

bool address_is_public(const struct sockaddr *address, size_t size)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET && size >= sizeof v4) {
        memcpy(&v4, address, sizeof v4);
        return is_public_4((const uint8_t *)&v4.sin_addr);
    }
    if (address->sa_family == AF_INET6 && size >= sizeof v6) {
        memcpy(&v6, address, sizeof v6);
        return is_public_6(v6.sin6_addr.s6_addr);
    }
    return false;
}

void address_text(const struct sockaddr *address, size_t size, char text[static ADDRESS_TEXT_BYTES])
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    snprintf(text, ADDRESS_TEXT_BYTES, "unknown");
    if (address->sa_family == AF_INET && size >= sizeof v4) {
        memcpy(&v4, address, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, text, ADDRESS_TEXT_BYTES);
    } else if (address->sa_family == AF_INET6 && size >= sizeof v6) {
        memcpy(&v6, address, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, text, ADDRESS_TEXT_BYTES);
    }
}
