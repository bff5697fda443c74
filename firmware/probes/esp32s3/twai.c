/* TWAI alone on its bus, in self-test mode: its frames go out on GPIO4 and come back there. A bit that is disturbed at its
 * sample point, with one sample and with three. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/twai.h"

#define PIN 4
#define SIGNAL 116
#define DATA(n) (&TWAI_DATA_0)[n]

static void frame(uint32_t id, const uint8_t *bytes, uint32_t count) {
    DATA(0) = count;
    DATA(1) = id >> 3;
    DATA(2) = (id & 7) << 5;
    for (uint32_t n = 0; n < count; n++)
        DATA(3 + n) = bytes[n];
}

static void configure(uint32_t mode, uint32_t code, uint32_t mask) {
    TWAI_MODE = TWAI_MODE_RESET_MODE;
    /* 80 MHz by 10, 16 quanta: 500 kbit/s. */
    TWAI_BUS_TIMING_0 = field(TWAI_BUS_TIMING_0_BAUD_PRESC, 4);
    TWAI_BUS_TIMING_1 = field(TWAI_BUS_TIMING_1_TIME_SEG1, 11) | field(TWAI_BUS_TIMING_1_TIME_SEG2, 2);
    for (uint32_t n = 0; n < 4; n++) {
        DATA(n) = code >> (24 - 8 * n) & 0xff;
        DATA(4 + n) = mask >> (24 - 8 * n) & 0xff;
    }
    TWAI_MODE = mode | TWAI_MODE_RX_FILTER_MODE;
}

/* A frame at 25 kbit/s, 20 quanta of 2 us a bit. After SOF, which is dominant, the first bit of the identifier is
 * recessive: at its sample point, 36 quanta behind the begin, the bus looks dominant for as long as said. */
#define QUANTUM 32 /* ticks of SYSTIMER */
static uint32_t disturbed(uint32_t thrice, uint32_t ticks_before) {
    static const uint8_t bytes[] = {0x55};
    TWAI_MODE = TWAI_MODE_RESET_MODE;
    TWAI_BUS_TIMING_0 = field(TWAI_BUS_TIMING_0_BAUD_PRESC, 79);
    TWAI_BUS_TIMING_1 = field(TWAI_BUS_TIMING_1_TIME_SEG1, 14) | field(TWAI_BUS_TIMING_1_TIME_SEG2, 3) |
                        (thrice ? TWAI_BUS_TIMING_1_TIME_SAMP : 0);
    for (uint32_t n = 4; n < 8; n++)
        DATA(n) = 0xff;
    TWAI_MODE = TWAI_MODE_SELF_TEST_MODE | TWAI_MODE_RX_FILTER_MODE;
    delay_us(500);
    (void)TWAI_INT_RAW;
    (void)TWAI_ARB_LOST_CAP; /* or no other is told */
    gpio_put(PIN, 0);
    frame(0x5a5, bytes, 1);
    TWAI_CMD = TWAI_CMD_SELF_RX_REQ | TWAI_CMD_ABORT_TX; /* tried once */
    WAIT_UNTIL(!gpio_get(PIN), 200);
    uint64_t sample = systimer_ticks() + 36 * QUANTUM;
    while (systimer_ticks() < sample - ticks_before) {
    }
    gpio_out_signal(PIN, SIGNAL_GPIO_OUT);
    while (systimer_ticks() < sample + QUANTUM / 2) {
    }
    gpio_out_signal(PIN, SIGNAL);
    delay_us(4000);
    uint32_t came = TWAI_RX_MESSAGE_CNT, lost = TWAI_INT_RAW & TWAI_INT_ARB_LOST_INT_ST ? 1 : 0;
    return came | lost << 4;
}

static void probes(void) {
    peripheral_on(PERIP_TWAI);
    gpio_output(PIN, 1);
    gpio_out_signal(PIN, SIGNAL);
    gpio_in_signal(SIGNAL, PIN);
    configure(TWAI_MODE_SELF_TEST_MODE, 0, 0xffffffff);
    probe(1, TWAI_MODE & TWAI_MODE_RESET_MODE);
    delay_us(100);

    static const uint8_t bytes[] = {0xde, 0xad, 0xbe};
    frame(0x5a5, bytes, 3);
    uint64_t then = time_us();
    TWAI_CMD = TWAI_CMD_SELF_RX_REQ;
    WAIT_UNTIL(TWAI_STATUS & TWAI_STATUS_RX_BUF_ST, 2000);
    probe(2, (uint32_t)(time_us() - then));
    probe(3, TWAI_RX_MESSAGE_CNT);
    probe(4, DATA(0) & 0xff);
    probe(5, (DATA(1) & 0xff) << 3 | (DATA(2) & 0xff) >> 5);
    probe(6, (DATA(3) & 0xff) << 16 | (DATA(4) & 0xff) << 8 | (DATA(5) & 0xff));
    WAIT_UNTIL(TWAI_STATUS & TWAI_STATUS_TX_COMPLETE, 1000);
    probe(7, TWAI_STATUS & (TWAI_STATUS_TX_COMPLETE | TWAI_STATUS_TX_BUF_ST));
    TWAI_CMD = TWAI_CMD_RELEASE_BUF;
    probe(8, TWAI_STATUS & TWAI_STATUS_RX_BUF_ST);
    probe(9, TWAI_TX_ERR_CNT);

    /* The filter lets nothing but 0x123 through. */
    configure(TWAI_MODE_SELF_TEST_MODE, 0x123u << 21, 0x001fffff);
    delay_us(100);
    frame(0x124, bytes, 1);
    TWAI_CMD = TWAI_CMD_SELF_RX_REQ;
    delay_us(300);
    probe(10, TWAI_STATUS & TWAI_STATUS_RX_BUF_ST);
    frame(0x123, bytes, 1);
    TWAI_CMD = TWAI_CMD_SELF_RX_REQ;
    delay_us(300);
    probe(11, TWAI_STATUS & TWAI_STATUS_RX_BUF_ST);
    TWAI_CMD = TWAI_CMD_RELEASE_BUF;

    /* In normal mode nobody acknowledges: the error counter rises by 8 each time, up to the passive limit. */
    configure(0, 0, 0xffffffff);
    delay_us(100);
    frame(0x1, bytes, 0);
    TWAI_CMD = TWAI_CMD_TX_REQ;
    WAIT_UNTIL(TWAI_TX_ERR_CNT >= 128, 20000);
    probe(12, TWAI_TX_ERR_CNT);
    delay_us(2000);
    probe(13, TWAI_STATUS & (TWAI_STATUS_ERR_ST | TWAI_STATUS_BUS_OFF_ST));

    /* One sample: the disturbance takes the bit, and with it the arbitration. Of three samples one does not count. */
    TWAI_CMD = TWAI_CMD_ABORT_TX;
    probe(14, disturbed(0, QUANTUM / 2));
    probe(15, disturbed(1, QUANTUM / 2));
    probe(16, disturbed(1, 5 * QUANTUM / 2));
    probe(17, (TWAI_BUS_TIMING_1 & TWAI_BUS_TIMING_1_TIME_SAMP) != 0);
}
