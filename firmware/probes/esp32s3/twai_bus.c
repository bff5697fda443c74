/* TWAI with another node on its bus, GPIO4, which the test is: a rising edge of GPIO5 tells it what to do next. Acknowledge,
 * extended and remote frames, filters, arbitration, errors of each kind, listening only, overrun, bus-off, CLKOUT. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/pcnt.h"
#include "reg/twai.h"

#define BUS 4
#define CUE 5
#define CLOCK_OUT 6
/* ESP-IDF soc/gpio_sig_map.h. */
#define SIGNAL_TWAI 116
#define SIGNAL_TWAI_CLKOUT 118
#define SIGNAL_PULSE 33 /* PCNT unit 0, channel 0 */
#define SIGNAL_CONTROL 35
#define SOURCE_TWAI 37
#define LINE 0
#define DATA(n) (&TWAI_DATA_0)[n]
#define EXTENDED BIT(7)
#define REMOTE BIT(6)
#define FRAME_US 400 /* the longest lasts 150 bits of 2 us */

static volatile uint32_t events;
static void on_event(void *unused) {
    (void)unused;
    events |= TWAI_INT_RAW;
    TWAI_INT_ENA = events & TWAI_INT_RX_INT_ST ? 0xfe : 0xff; /* that one stays until the messages are gone */
}

static void cue(void) {
    gpio_put(CUE, 1);
    delay_us(1);
    gpio_put(CUE, 0);
}

static void configure(uint32_t mode, uint32_t code, uint32_t mask) {
    TWAI_MODE = TWAI_MODE_RESET_MODE;
    TWAI_TX_ERR_CNT = TWAI_RX_ERR_CNT = 0;
    for (uint32_t n = 0; n < 4; n++) {
        DATA(n) = code >> (24 - 8 * n) & 0xff;
        DATA(4 + n) = mask >> (24 - 8 * n) & 0xff;
    }
    TWAI_MODE = mode;
    delay_us(50); /* 11 recessive bits */
    while (TWAI_RX_MESSAGE_CNT)
        TWAI_CMD = TWAI_CMD_RELEASE_BUF;
    (void)TWAI_ARB_LOST_CAP;
    (void)TWAI_ERR_CODE_CAP;
    events |= TWAI_INT_RAW;
    events = 0;
    TWAI_INT_ENA = 0xff;
}

static void frame(uint32_t id, const char *bytes) {
    uint32_t count = strlen(bytes);
    DATA(0) = count;
    DATA(1) = id >> 3;
    DATA(2) = (id & 7) << 5;
    for (uint32_t n = 0; n < count; n++)
        DATA(3 + n) = (uint8_t)bytes[n];
}

static void send(uint32_t command) {
    cue();
    TWAI_CMD = command;
    delay_us(FRAME_US);
}

static void listen(void) {
    cue();
    delay_us(FRAME_US);
}

static uint32_t id_of_message(void) { return (DATA(1) & 0xff) << 3 | (DATA(2) & 0xff) >> 5; }

static void traffic(void) {
    configure(TWAI_MODE_RX_FILTER_MODE, 0, 0xffffffff);
    frame(0x5a5, "abc");
    send(TWAI_CMD_TX_REQ);
    probe(1, TWAI_STATUS & (TWAI_STATUS_TX_COMPLETE | TWAI_STATUS_TX_BUF_ST));
    probe(2, events);
    probe(3, TWAI_TX_ERR_CNT << 8 | TWAI_RX_MESSAGE_CNT);
    events = 0;

    listen();
    probe(4, TWAI_RX_MESSAGE_CNT << 8 | (DATA(0) & 0xff));
    probe(5, (DATA(1) & 0xff) << 21 | (DATA(2) & 0xff) << 13 | (DATA(3) & 0xff) << 5 | (DATA(4) & 0xff) >> 3);
    uint32_t sum = 0;
    for (uint32_t n = 5; n < 13; n++)
        sum = sum << 4 | (DATA(n) & 0xf);
    probe(6, sum);
    probe(7, events & TWAI_INT_RX_INT_ST);
    TWAI_CMD = TWAI_CMD_RELEASE_BUF;
    listen();
    probe(8, (DATA(0) & 0xff) << 16 | id_of_message());
    TWAI_CMD = TWAI_CMD_RELEASE_BUF;

    /* Two filters: 0x111 and 0x222; 0x333 is not for this node. */
    configure(0, 0x111u << 21 | 0x222u << 5, 0x001f001f);
    uint32_t seen = 0;
    for (uint32_t n = 0; n < 3; n++)
        listen();
    for (; TWAI_RX_MESSAGE_CNT; TWAI_CMD = TWAI_CMD_RELEASE_BUF)
        seen = seen << 12 | id_of_message();
    probe(9, seen);
}

static void errors(void) {
    configure(TWAI_MODE_RX_FILTER_MODE, 0, 0xffffffff);
    /* The other node's identifier is lower: its frame comes first, then ours. */
    frame(0x5a5, "abc");
    cue();
    TWAI_CMD = TWAI_CMD_TX_REQ;
    delay_us(2 * FRAME_US);
    probe(10, TWAI_ARB_LOST_CAP & 31);
    probe(11, (events & TWAI_INT_ARB_LOST_INT_ST) | (TWAI_STATUS & TWAI_STATUS_TX_COMPLETE));
    probe(12, TWAI_RX_MESSAGE_CNT << 12 | id_of_message());
    probe(13, TWAI_TX_ERR_CNT);
    TWAI_CMD = TWAI_CMD_RELEASE_BUF;

    /* A recessive bit of our data is overwritten: 8, and 7 after the frame that got through. */
    configure(TWAI_MODE_RX_FILTER_MODE, 0, 0xffffffff);
    frame(0x5a5, "abc");
    cue();
    TWAI_CMD = TWAI_CMD_TX_REQ;
    WAIT_UNTIL(TWAI_TX_ERR_CNT, FRAME_US);
    probe(14, TWAI_TX_ERR_CNT);
    probe(15, TWAI_ERR_CODE_CAP & 0xff);
    cue();
    delay_us(2 * FRAME_US);
    probe(16, TWAI_TX_ERR_CNT);
    probe(17, events & TWAI_INT_BUS_ERR_INT_ST);
    /* Once more, tried but once. */
    configure(TWAI_MODE_RX_FILTER_MODE, 0, 0xffffffff);
    frame(0x5a5, "abc");
    send(TWAI_CMD_TX_REQ | TWAI_CMD_ABORT_TX);
    delay_us(FRAME_US);
    probe(18, TWAI_TX_ERR_CNT << 8 | (TWAI_STATUS & (TWAI_STATUS_TX_COMPLETE | TWAI_STATUS_TX_BUF_ST |
                                                     TWAI_STATUS_TX_ST)));

    /* What is wrong with frames of others: a bit of the CRC; seven equal bits; a form error in the end of frame. */
    configure(TWAI_MODE_RX_FILTER_MODE, 0, 0xffffffff);
    listen();
    probe(19, TWAI_RX_ERR_CNT << 8 | TWAI_RX_MESSAGE_CNT);
    uint32_t code = TWAI_ERR_CODE_CAP;
    probe(20, (code >> 6 & 3) << 4 | (code >> 5 & 1));
    configure(TWAI_MODE_RX_FILTER_MODE, 0, 0xffffffff);
    listen();
    code = TWAI_ERR_CODE_CAP;
    probe(21, TWAI_RX_ERR_CNT << 8 | TWAI_RX_MESSAGE_CNT);
    probe(22, code & 0xff);
    configure(TWAI_MODE_RX_FILTER_MODE, 0, 0xffffffff);
    listen();
    code = TWAI_ERR_CODE_CAP;
    probe(23, TWAI_RX_ERR_CNT << 8 | TWAI_RX_MESSAGE_CNT);
    probe(24, code & 0xff);

    /* Listening only: a frame is taken and not acknowledged; the test looks at the bus. */
    configure(TWAI_MODE_LISTEN_ONLY_MODE | TWAI_MODE_RX_FILTER_MODE, 0, 0xffffffff);
    listen();
    probe(25, TWAI_RX_MESSAGE_CNT << 12 | id_of_message());
}

static void limits(void) {
    /* Five frames of 13 bytes are one too many for 64. */
    configure(TWAI_MODE_RX_FILTER_MODE, 0, 0xffffffff);
    for (uint32_t n = 0; n < 5; n++)
        listen();
    probe(26, (TWAI_STATUS & TWAI_STATUS_OVERRUN_ST) | (events & TWAI_INT_OVERRUN_INT_ST));
    for (uint32_t n = 0; n < 4; n++)
        TWAI_CMD = TWAI_CMD_RELEASE_BUF;
    probe(27, TWAI_STATUS & (TWAI_STATUS_MISS_ST | TWAI_STATUS_RX_BUF_ST));
    TWAI_CMD = TWAI_CMD_RELEASE_BUF;
    TWAI_CMD = TWAI_CMD_CLR_OVERRUN;
    probe(28, TWAI_STATUS & (TWAI_STATUS_OVERRUN_ST | TWAI_STATUS_RX_BUF_ST));

    /* Every attempt is destroyed: warning at 96, passive at 128, off at 256, and back after 128 times 11 recessive bits. */
    configure(TWAI_MODE_RX_FILTER_MODE, 0, 0xffffffff);
    frame(0x5a5, "abc");
    cue();
    TWAI_CMD = TWAI_CMD_TX_REQ;
    WAIT_UNTIL(events & TWAI_INT_ERR_WARN_INT_ST, 20000);
    probe(29, TWAI_TX_ERR_CNT);
    WAIT_UNTIL(events & TWAI_INT_ERR_PASSIVE_INT_ST, 20000);
    probe(30, TWAI_TX_ERR_CNT);
    WAIT_UNTIL(TWAI_STATUS & TWAI_STATUS_BUS_OFF_ST, 20000);
    probe(31, TWAI_MODE & TWAI_MODE_RESET_MODE);
    probe(32, TWAI_TX_ERR_CNT);
    cue(); /* nothing more */
    uint64_t then = time_us();
    TWAI_MODE = TWAI_MODE_RX_FILTER_MODE;
    WAIT_UNTIL(!(TWAI_STATUS & TWAI_STATUS_BUS_OFF_ST), 20000);
    probe(33, (uint32_t)(time_us() - then));
    probe(34, TWAI_TX_ERR_CNT);

    /* APB_CLK by 8 on a pin. */
    peripheral_on(PERIP_PCNT);
    PCNT_CTRL = PCNT_CTRL_CLK_EN;
    PCNT_U_CONF0(0) = field(PCNT_U_CONF0_CH0_POS_MODE, 1);
    gpio_in_signal(SIGNAL_PULSE, CLOCK_OUT);
    gpio_in_signal(SIGNAL_CONTROL, SIGNAL_HIGH);
    gpio_out_signal(CLOCK_OUT, SIGNAL_TWAI_CLKOUT);
    TWAI_CLOCK_DIVIDER = 3;
    set_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    clear_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    delay_us(200);
    TWAI_CLOCK_DIVIDER = TWAI_CLOCK_DIVIDER_CLOCK_OFF | 3;
    probe(35, PCNT_U_CNT(0) & 0xffff);
    uint32_t stopped = PCNT_U_CNT(0);
    delay_us(10);
    probe(36, PCNT_U_CNT(0) - stopped);
}

static void probes(void) {
    gpio_output(CUE, 0);
    peripheral_on(PERIP_TWAI);
    gpio_open_drain(BUS, 1, PULL_UP);
    gpio_out_signal(BUS, SIGNAL_TWAI);
    gpio_in_signal(SIGNAL_TWAI, BUS);
    TWAI_MODE = TWAI_MODE_RESET_MODE;
    /* 80 MHz by 10, 16 quanta: 500 kbit/s. */
    TWAI_BUS_TIMING_0 = field(TWAI_BUS_TIMING_0_BAUD_PRESC, 4);
    TWAI_BUS_TIMING_1 = field(TWAI_BUS_TIMING_1_TIME_SEG1, 11) | field(TWAI_BUS_TIMING_1_TIME_SEG2, 2);
    TWAI_ERR_WARNING_LIMIT = 96;
    interrupt_route(0, SOURCE_TWAI, LINE);
    interrupt_handler(LINE, on_event, 0);
    interrupt_enable(LINE);
    traffic();
    errors();
    limits();
}
