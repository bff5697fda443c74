/* What Debian's Xtensa assembler and linker load through XTENSA_GNU_CONFIG to know the LX7 of the ESP32-S3.
 *
 * binutils asks a plugin for three objects: `xtensa_modules`, the instruction set table, which is built in here from
 * Debian's sources of QEMU (core de233_fpu, an LX7.1 with windows, loops, FPU, MAC16 and S32C1I), and two lists of
 * numbers in the order of binutils' xtensa-dynconfig.h. The numbers are those of ESP-IDF's
 * xtensa/config/core-isa.h for the ESP32-S3. Not in the table: MULUH, MULSH and the `ee.*` instructions.
 */
#include <stdint.h>
#include <string.h>

#define ATTRIBUTE_UNUSED __attribute__((unused))
#include "xtensa-modules.c.inc"

const int xtensa_config_v1[] = {
    0, /* big endian */
    1, /* density */
    0, /* const16 */
    1, /* abs */
    1, /* addx */
    1, /* l32r */
    0, /* absolute literals */
    0, /* text section literals */
    1, /* mac16 */
    1, /* mul16 */
    1, /* mul32 */
    1, /* mul32_high */
    1, /* div32 */
    1, /* nsa */
    1, /* minmax */
    1, /* sext */
    1, /* loops */
    1, /* threadptr */
    1, /* release_sync */
    1, /* s32c1i */
    1, /* booleans */
    1, /* fp */
    1, /* fp_div */
    1, /* fp_recip */
    1, /* fp_sqrt */
    1, /* fp_rsqrt */
    0, /* fp_postinc */
    0, /* dfp */
    0, /* dfp_div */
    0, /* dfp_recip */
    0, /* dfp_sqrt */
    0, /* dfp_rsqrt */
    1, /* windowed */
    64, /* address registers */
    0, /* wide branches */
    0, /* predicted branches */
    0, /* instruction cache, bytes */
    0, /* data cache, bytes */
    16, /* instruction cache line */
    16, /* data cache line */
    4, /* log2 of it */
    4, /* log2 of it */
    0, /* write back */
    0, /* MMU */
    1, /* smallest page */
    1, /* debug */
    2, /* instruction breakpoints */
    2, /* data breakpoints */
    6, /* debug level */
    3, /* longest instruction */
    4, /* fetch width */
    0, /* ABI of this configuration: windowed */
    0, /* number of the windowed ABI */
    1, /* number of the call0 ABI */
};

const int xtensa_config_v2[] = {
    0, /* memory stage */
    281030, /* newest hardware the code is for */
    281030, /* oldest hardware the code is for */
};
