/* I2C0 as controller, I2C1 as target. The test joins GPIO4 with GPIO6 (SDA) and GPIO5 with GPIO7 (SCL), both pulled up. */
#include "probe.h"

#define TARGET 0x17u
#define NOBODY 0x55u
#define IC_CON_CONTROLLER 0x63u /* controller, standard mode, restart enabled, target part off */
#define IC_CON_TARGET 0x02u
#define IC_STATUS_TFE BIT(2)
#define IC_STATUS_MST_ACTIVITY BIT(5)

static void idle(void) { WAIT_UNTIL(!(I2C0->IC_STATUS & IC_STATUS_MST_ACTIVITY) && I2C0->IC_STATUS & IC_STATUS_TFE, 20000); }

/* Standard mode at 125 MHz: 625 low and 625 high counts, less what the block adds, give 100 kHz at most. */
static void set_up(uint32_t address) {
    I2C0->IC_ENABLE = 0;
    I2C0->IC_CON = IC_CON_CONTROLLER;
    I2C0->IC_SS_SCL_HCNT = 617;
    I2C0->IC_SS_SCL_LCNT = 624;
    I2C0->IC_SDA_HOLD = 38;
    I2C0->IC_TAR = address;
    I2C0->IC_ENABLE = 1;
    (void)I2C0->IC_CLR_INTR;
}

static void probes(void) {
    unreset(RESET_I2C0);
    unreset(RESET_I2C1);
    for (uint32_t pin = 4; pin < 8; pin++) {
        gpio_function(pin, FUNC_I2C);
        PADS_BANK0->GPIO[pin] = PAD_IE | PAD_SCHMITT | PAD_PUE | PAD_DRIVE_4MA;
    }
    probe(1, I2C0->IC_CON);
    probe(2, I2C0->IC_COMP_TYPE);
    probe(3, I2C0->IC_COMP_VERSION);
    probe(4, I2C0->IC_STATUS);

    I2C1->IC_ENABLE = 0;
    I2C1->IC_CON = IC_CON_TARGET;
    I2C1->IC_SAR = TARGET;
    I2C1->IC_ENABLE = 1;

    /* An address that nobody answers. */
    set_up(NOBODY);
    I2C0->IC_DATA_CMD = 0x11 | IC_DATA_CMD_STOP;
    WAIT_UNTIL(I2C0->IC_RAW_INTR_STAT & IC_INTR_TX_ABRT, 2000);
    probe(5, I2C0->IC_RAW_INTR_STAT & IC_INTR_TX_ABRT);
    probe(6, I2C0->IC_TX_ABRT_SOURCE & 0xffff);
    (void)I2C0->IC_CLR_TX_ABRT;
    probe(7, I2C0->IC_TX_ABRT_SOURCE & 0xffff);
    WAIT_UNTIL(0, 100);

    /* Three bytes to the target: its FIFO, the first one marked; and the time of 4 x 9 bits, START and STOP. */
    set_up(TARGET);
    uint32_t since = time_us_32();
    I2C0->IC_DATA_CMD = 0xa1;
    I2C0->IC_DATA_CMD = 0xa2;
    I2C0->IC_DATA_CMD = 0xa3 | IC_DATA_CMD_STOP;
    WAIT_UNTIL(I2C0->IC_RAW_INTR_STAT & IC_INTR_STOP_DET, 2000);
    probe(8, time_us_32() - since);
    probe(9, I2C1->IC_RXFLR);
    uint32_t first = I2C1->IC_DATA_CMD;
    probe(10, first & 0xff);
    probe(11, first >> 11 & 1);
    probe(12, I2C1->IC_DATA_CMD);
    probe(13, I2C1->IC_DATA_CMD);
    probe(14, I2C1->IC_RAW_INTR_STAT & IC_INTR_STOP_DET);
    (void)I2C1->IC_CLR_INTR;

    /* A read: the target holds SCL low until it has an answer. */
    set_up(TARGET);
    I2C0->IC_DATA_CMD = IC_DATA_CMD_READ | IC_DATA_CMD_STOP;
    WAIT_UNTIL(I2C1->IC_RAW_INTR_STAT & IC_INTR_RD_REQ, 2000);
    probe(15, I2C1->IC_RAW_INTR_STAT & IC_INTR_RD_REQ);
    WAIT_UNTIL(0, 500);
    probe(16, I2C0->IC_RXFLR);
    I2C1->IC_DATA_CMD = 0x3c;
    (void)I2C1->IC_CLR_RD_REQ;
    WAIT_UNTIL(I2C0->IC_RXFLR, 2000);
    probe(17, I2C0->IC_DATA_CMD & 0xff);
    idle();
    probe(18, I2C0->IC_STATUS & 0x26u);
}
