/* RMT's receivers, fed by its own transmitters: the filter, more symbols than memory, memory that is not theirs, GDMA, a
 * carrier that is taken off; transmitters that start together, and one whose carrier goes on while it rests. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/pcnt.h"
#include "reg/rmt.h"

#define PIN 4
#define SECOND_PIN 5
#define THIRD_PIN 6
#define TICK_HZ 10000000u
#define HALF (RMT_BLOCK / 2)
#define SIGNAL_PULSE 33 /* ESP-IDF soc/gpio_sig_map.h: PCNT unit 0, channel 0 */
#define SIGNAL_CONTROL 35
#define LINE 0

static volatile uint32_t thresholds;
static uint32_t taken[256], count;

/* The receiver of channel 5 has filled half of its memory: it is taken out. */
static void take(uint32_t symbols) {
    for (uint32_t n = 0; n < symbols && count < 256; n++, count++)
        taken[count] = RMT_MEMORY(5)[count % RMT_BLOCK];
}
static void on_threshold(void *unused) {
    (void)unused;
    RMT_INT_CLR = RMT_INT_CH_RX_THR_EVENT << 1;
    thresholds++;
    take(HALF);
}

static uint32_t is_symbol(uint32_t word, uint32_t high, uint32_t low) { return word == RMT_SYMBOL(1, high, 0, low); }

/* Marks of 11, 12, ... ticks with rests of 20 between them, by GDMA from channel 3. */
static void send_marks(uint32_t marks) {
    static uint32_t symbols[256];
    for (uint32_t n = 0; n < marks; n++)
        symbols[n] = RMT_SYMBOL(1, 11 + n, 0, 20);
    symbols[marks] = 0;
    rmt_send_dma(0, symbols, marks + 1);
    WAIT_UNTIL(rmt_sent(3), 10000);
}

static uint32_t pulses(uint32_t pin, uint32_t us) {
    gpio_in_signal(SIGNAL_PULSE, pin);
    set_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    clear_bits(&PCNT_CTRL, PCNT_CTRL_CNT_RST_U0);
    delay_us(us);
    return PCNT_U_CNT(0) & 0xffff;
}

static void filter(void) {
    rmt_sender(0, PIN, 0);
    rmt_receiver(4, PIN, 2000);
    /* 100 cycles of the group's 80 MHz: 1.25 us. A glitch of 1 us, a mark of 30 us with a gap of 1 us, and one of 5 us. */
    set_bits(&RMT_CH_RX_CONF1(0), RMT_CH_RX_CONF1_RX_FILTER_EN);
    field_set(&RMT_CH_RX_CONF1(0), RMT_CH_RX_CONF1_RX_FILTER_THRES, 100);
    uint32_t conf = RMT_CH_RX_CONF1(0);
    rmt_receive(4); /* which writes CONF1 */
    RMT_CH_RX_CONF1(0) = conf | RMT_CH_RX_CONF1_RX_EN | RMT_CH_RX_CONF1_MEM_OWNER | RMT_CH_RX_CONF1_CONF_UPDATE;
    static const uint32_t frame[] = {RMT_SYMBOL(1, 10, 0, 200), RMT_SYMBOL(1, 100, 0, 10), RMT_SYMBOL(1, 190, 0, 150),
                                     RMT_SYMBOL(1, 50, 0, 20)};
    rmt_send(0, frame, 4);
    WAIT_UNTIL(rmt_got(4), 1000);
    probe(1, RMT_MEMORY(4)[0]);
    probe(2, RMT_MEMORY(4)[1]);
}

static void more_than_memory(void) {
    rmt_sender(3, PIN, 0);
    rmt_receiver(5, PIN, 1000);
    RMT_CH_RX_LIM(1) = HALF;
    interrupt_route(0, SOURCE_RMT, LINE);
    interrupt_handler(LINE, on_threshold, 0);
    interrupt_enable(LINE);
    rmt_receive(5);
    set_bits(&RMT_CH_RX_CONF1(1), RMT_CH_RX_CONF1_MEM_RX_WRAP_EN | RMT_CH_RX_CONF1_CONF_UPDATE);
    RMT_INT_CLR = RMT_INT_CH_RX_THR_EVENT << 1;
    RMT_INT_ENA = RMT_INT_CH_RX_THR_EVENT << 1;
    send_marks(200);
    WAIT_UNTIL(rmt_got(5), 1000);
    RMT_INT_ENA = 0;
    take(200 - count);
    uint32_t right = 0;
    for (uint32_t n = 0; n < 199; n++)
        right += is_symbol(taken[n], 11 + n, 20);
    probe(3, right);
    probe(4, taken[199]);
    probe(5, thresholds);
    probe(6, RMT_INT_RAW & RMT_INT_CH_RX_ERR << 1);

    /* Without wrapping it ends in an error; so does memory that is software's. */
    RMT_INT_CLR = 0xffffffff;
    rmt_receive(5);
    send_marks(60);
    probe(7, (RMT_INT_RAW & RMT_INT_CH_RX_ERR << 1) != 0);
    probe(8, (RMT_CH_RX_STATUS(1) & RMT_CH_RX_STATUS_MEM_FULL) != 0);
    rmt_receive(5);
    clear_bits(&RMT_CH_RX_CONF1(1), RMT_CH_RX_CONF1_MEM_OWNER);
    set_bits(&RMT_CH_RX_CONF1(1), RMT_CH_RX_CONF1_CONF_UPDATE);
    RMT_INT_CLR = 0xffffffff;
    send_marks(3);
    probe(9, (RMT_INT_RAW & RMT_INT_CH_RX_ERR << 1) != 0);
    probe(10, (RMT_CH_RX_STATUS(1) & RMT_CH_RX_STATUS_MEM_OWNER_ERR) != 0);
    RMT_CH_RX_CONF1(1) = RMT_CH_RX_CONF1_CONF_UPDATE;
}

static void by_dma(void) {
    static uint32_t memory[128];
    static struct dma_descriptor in[1];
    dma_describe(in, 1, memory, sizeof memory, 1);
    rmt_receiver(7, PIN, 1000);
    RMT_CH_RX_CONF0(3) |= BIT(23); /* DMA access, in channel 7 alone: ESP-IDF soc/rmt_reg.h */
    dma_in_start(1, DMA_RMT, in);
    rmt_receive(7);
    send_marks(90);
    WAIT_UNTIL(rmt_got(7), 1000);
    uint32_t right = 0;
    for (uint32_t n = 0; n < 89; n++)
        right += is_symbol(memory[n], 11 + n, 20);
    probe(11, dma_received(in));
    probe(12, right);
    RMT_CH_RX_CONF1(3) = RMT_CH_RX_CONF1_CONF_UPDATE;
}

static void carriers(void) {
    /* Bursts of 1 MHz: the receiver, told of 4 and 6 ticks, which none of them reaches, sees the marks alone. */
    rmt_sender(0, PIN, 0);
    RMT_CHCARRIER_DUTY(0) = field(RMT_CHCARRIER_DUTY_CARRIER_HIGH, 32) | field(RMT_CHCARRIER_DUTY_CARRIER_LOW, 46);
    set_bits(&RMT_CH_TX_CONF0(0), RMT_CH_TX_CONF0_CARRIER_EN | RMT_CH_TX_CONF0_CARRIER_EFF_EN |
             RMT_CH_TX_CONF0_CARRIER_OUT_LV);
    rmt_receiver(4, PIN, 2000);
    set_bits(&RMT_CH_RX_CONF0(0), RMT_CH_RX_CONF0_CARRIER_EN | RMT_CH_RX_CONF0_CARRIER_OUT_LV);
    RMT_CH_RX_CARRIER_RM(0) = field(RMT_CH_RX_CARRIER_RM_CARRIER_HIGH_THRES, 4 - 1) |
                              field(RMT_CH_RX_CARRIER_RM_CARRIER_LOW_THRES, 6 - 1);
    rmt_receive(4);
    static const uint32_t two[] = {RMT_SYMBOL(1, 500, 0, 300), RMT_SYMBOL(1, 200, 0, 100)};
    rmt_send(0, two, 2);
    WAIT_UNTIL(rmt_got(4), 1000);
    probe(13, RMT_MEMORY(4)[0]);
    probe(14, RMT_MEMORY(4)[1]);

    /* A carrier in all states: at rest too where the level is the carrier's. */
    probe(15, pulses(PIN, 100));
    clear_bits(&RMT_CH_TX_CONF0(0), RMT_CH_TX_CONF0_CARRIER_EFF_EN);
    set_bits(&RMT_CH_TX_CONF0(0), RMT_CH_TX_CONF0_IDLE_OUT_LV);
    set_bits(&RMT_CH_TX_CONF0(0), RMT_CH_TX_CONF0_CONF_UPDATE);
    delay_us(2);
    probe(16, pulses(PIN, 100));
    rmt_sender(0, PIN, 0);
}

static void together(void) {
    static const uint32_t mark[] = {RMT_SYMBOL(1, 300, 0, 10)};
    rmt_sender(1, SECOND_PIN, 0);
    rmt_sender(2, THIRD_PIN, 0);
    RMT_TX_SIM = RMT_TX_SIM_EN | RMT_TX_SIM_CH1 | RMT_TX_SIM_CH2;
    rmt_send(1, mark, 1);
    delay_us(20);
    probe(17, gpio_get(SECOND_PIN) << 1 | gpio_get(THIRD_PIN));
    rmt_send(2, mark, 1);
    delay_us(2);
    probe(18, gpio_get(SECOND_PIN) << 1 | gpio_get(THIRD_PIN));
    delay_us(40);
    probe(19, (RMT_INT_RAW & RMT_INT_CH_TX_END * 6) == RMT_INT_CH_TX_END * 6);
    RMT_TX_SIM = 0;

    /* Over and over until it is stopped. */
    static const uint32_t beat[] = {RMT_SYMBOL(1, 10, 0, 10)};
    set_bits(&RMT_CH_TX_CONF0(1), RMT_CH_TX_CONF0_TX_CONTI_MODE);
    rmt_send(1, beat, 1);
    probe(20, pulses(SECOND_PIN, 200));
    set_bits(&RMT_CH_TX_CONF0(1), RMT_CH_TX_CONF0_TX_STOP);
    set_bits(&RMT_CH_TX_CONF0(1), RMT_CH_TX_CONF0_CONF_UPDATE);
    delay_us(5);
    probe(21, pulses(SECOND_PIN, 100));

    /* Memory that is over before the message is: an error, where it may not begin anew. */
    uint32_t full[RMT_BLOCK - 1];
    for (uint32_t n = 0; n < RMT_BLOCK - 1; n++)
        full[n] = RMT_SYMBOL(1, 10, 0, 10);
    RMT_INT_CLR = 0xffffffff;
    rmt_sender(2, THIRD_PIN, 0);
    rmt_send(2, full, RMT_BLOCK - 1);
    RMT_MEMORY(2)[RMT_BLOCK - 1] = RMT_SYMBOL(1, 10, 0, 10);
    delay_us(50);
    probe(22, RMT_INT_RAW & RMT_INT_CH_TX_ERR << 2);
    delay_us(100);
    probe(23, (RMT_INT_RAW & RMT_INT_CH_TX_ERR << 2) != 0 && (RMT_CH_TX_STATUS(2) & RMT_CH_TX_STATUS_MEM_EMPTY) != 0);
}

static void probes(void) {
    dma_init();
    rmt_init(TICK_HZ);
    peripheral_on(PERIP_PCNT);
    PCNT_CTRL = PCNT_CTRL_CLK_EN;
    PCNT_U_CONF0(0) = field(PCNT_U_CONF0_CH0_POS_MODE, 1);
    gpio_in_signal(SIGNAL_CONTROL, SIGNAL_HIGH);
    gpio_in_signal(SIGNAL_PULSE, SIGNAL_LOW);
    gpio_output(PIN, 0);
    filter();
    more_than_memory();
    by_dma();
    carriers();
    together();
}
