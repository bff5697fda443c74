/* RSA: multiplication, multiplication and exponentiation modulo a number; operands chosen so that anybody can check. */
#include "probe.h"
#include "reg/rsa.h"
#include "reg/system.h"

#define WORDS 4

static const uint32_t a[WORDS] = {0x76543210, 0xfedcba98, 0x89abcdef, 0x01234567};
static const uint32_t b[WORDS] = {0x89abcdef, 0x01234567, 0x76543210, 0xfedcba98};
/* Modulo 2^127 - 1. */
static const uint32_t b_reduced[WORDS] = {0x89abcdf0, 0x01234567, 0x76543210, 0x7edcba98};
static const uint32_t m[WORDS] = {0xffffffff, 0xffffffff, 0xffffffff, 0x7fffffff};

static void idle(void) { WAIT_UNTIL(RSA_IDLE & RSA_IDLE_IDLE, 10000); }

static void probes(void) {
    peripheral_on(PERIP_RSA);
    clear_bits(&SYSTEM_RSA_PD_CTRL, SYSTEM_RSA_PD_CTRL_RSA_MEM_PD);
    WAIT_UNTIL(RSA_CLEAN & RSA_CLEAN_CLEAN, 1000);
    probe(1, RSA_CLEAN & RSA_CLEAN_CLEAN);

    /* The second factor stands behind the room for the first. */
    for (uint32_t n = 0; n < WORDS; n++) {
        RSA_X_MEM(n) = a[n];
        RSA_Z_MEM(n) = 0;
        RSA_Z_MEM(WORDS + n) = b[n];
    }
    RSA_MODE = 2 * WORDS - 1;
    RSA_MULT_START = 1;
    idle();
    probe(2, RSA_Z_MEM(0));
    probe(3, RSA_Z_MEM(3));
    probe(4, RSA_Z_MEM(7));

    /* R is 2^128, its square modulo 2^127 - 1 is 4; M' is 1. */
    for (uint32_t n = 0; n < WORDS; n++) {
        RSA_X_MEM(n) = a[n];
        RSA_Y_MEM(n) = b_reduced[n];
        RSA_M_MEM(n) = m[n];
        RSA_Z_MEM(n) = n ? 0 : 4;
    }
    RSA_M_PRIME = 1;
    RSA_MODE = WORDS - 1;
    RSA_MODMULT_START = 1;
    idle();
    probe(5, RSA_Z_MEM(0));
    probe(6, RSA_Z_MEM(3));

    /* 123456789^65537 modulo 2^32 - 5. */
    RSA_X_MEM(0) = 123456789;
    RSA_Y_MEM(0) = 65537;
    RSA_M_MEM(0) = 0xfffffffb;
    RSA_Z_MEM(0) = 25;
    RSA_M_PRIME = 0xcccccccd;
    RSA_MODE = 0;
    RSA_MODEXP_START = 1;
    idle();
    probe(7, RSA_Z_MEM(0));
}
