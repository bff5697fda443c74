/* What both probes of SDHOST have: slot 1, commands and the clock. */
#ifndef SDHOST_H
#define SDHOST_H

#include "reg/sdhost.h"

#define CLOCK 36
#define COMMAND 35
/* ESP-IDF soc/gpio_sig_map.h, slot 1. */
#define SIGNAL_CLOCK 172
#define SIGNAL_COMMAND 178
#define SIGNAL_DATA 180

/* RINTSTS: ESP-IDF soc/sdmmc_reg.h. */
#define RESPONSE_ERROR BIT(1)
#define COMMAND_DONE BIT(2)
#define DATA_OVER BIT(3)
#define RESPONSE_CRC BIT(6)
#define RESPONSE_TIMEOUT BIT(8)
#define AUTO_STOP_DONE BIT(14)

#define ANSWER (SDHOST_CMD_RESPONSE_EXPECT | SDHOST_CMD_CHECK_RESPONSE_CRC)
#define READ SDHOST_CMD_DATA_EXPECTED
#define WRITE (SDHOST_CMD_DATA_EXPECTED | SDHOST_CMD_READ_WRITE)
#define BLOCK 512u

/* A descriptor of IDMAC: ESP-IDF soc/sdmmc_struct.h. */
struct descriptor {
    volatile uint32_t control, bytes;
    void *buffer;
    void *next;
};
#define OWN BIT(31)
#define CHAINED BIT(4)
#define FIRST BIT(3)
#define LAST BIT(2)

/* Until it is answered, or nobody answers. */
static void carry_out(uint32_t index, uint32_t argument, uint32_t flags) {
    SDHOST_RINTSTS = 0xffffffff;
    SDHOST_CMDARG = argument;
    SDHOST_CMD = index | flags | SDHOST_CMD_USE_HOLE | SDHOST_CMD_START_CMD;
    WAIT_UNTIL(SDHOST_RINTSTS & COMMAND_DONE, 10000);
}

static void clock(uint32_t divider) {
    for (uint32_t on = 0; on < 2; on++) {
        SDHOST_CLKENA = on;
        SDHOST_CLKDIV = divider;
        SDHOST_CMD = SDHOST_CMD_UPDATE_CLOCK_REGISTERS_ONLY | SDHOST_CMD_WAIT_PRVDATA_COMPLETE | SDHOST_CMD_START_CMD;
        WAIT_UNTIL(!(SDHOST_CMD & SDHOST_CMD_START_CMD), 1000);
    }
}

#endif
