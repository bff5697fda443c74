/* TWAI alone on its bus, in self-test mode: its frames go out on GPIO4 and come back there. */
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
}
