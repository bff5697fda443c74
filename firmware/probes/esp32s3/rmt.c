/* RMT: channel 0 sends on GPIO4, channel 4 receives there; channel 3 sends by GDMA; loops, wrap, carrier. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/rmt.h"

#define PIN 4
#define TICK_HZ 10000000u
#define SECOND_PIN 5

static uint32_t sum_of(uint32_t channel, uint32_t words) {
    uint32_t sum = 0;
    for (uint32_t n = 0; n < words; n++)
        sum = sum * 31 + RMT_MEMORY(channel)[n];
    return sum;
}

static uint32_t levels(uint32_t pin, uint32_t us) {
    uint32_t edges = 0, level = gpio_get(pin);
    for (uint64_t then = time_us(); time_us() - then < us;) {
        uint32_t now = gpio_get(pin);
        edges += now != level;
        level = now;
    }
    return edges;
}

static void probes(void) {
    dma_init();
    rmt_init(TICK_HZ);
    gpio_output(PIN, 0);
    rmt_sender(0, PIN, 0);
    rmt_receiver(4, PIN, 2000);

    /* Three symbols; the receiver writes what it saw, and an end mark. */
    static const uint32_t three[] = {RMT_SYMBOL(1, 100, 0, 200), RMT_SYMBOL(1, 300, 0, 50), RMT_SYMBOL(1, 77, 0, 33)};
    rmt_receive(4);
    uint64_t then = time_us();
    rmt_send(0, three, 3);
    WAIT_UNTIL(rmt_sent(0), 1000);
    probe(1, (uint32_t)(time_us() - then));
    WAIT_UNTIL(rmt_got(4), 1000);
    probe(2, (uint32_t)(time_us() - then));
    probe(3, RMT_MEMORY(4)[0]);
    probe(4, RMT_MEMORY(4)[1]);
    probe(5, RMT_MEMORY(4)[2] & 0xffff);
    probe(6, RMT_MEMORY(4)[2] >> 16 & 0x7fff); /* the line rests: no more length is known */
    probe(7, RMT_INT_RAW & (RMT_INT_CH_RX_ERR | RMT_INT_CH_TX_ERR));

    /* The level between messages. */
    rmt_sender(0, PIN, 1);
    delay_us(1);
    probe(8, gpio_get(PIN));
    rmt_sender(0, PIN, 0);
    delay_us(1);
    probe(17, gpio_get(PIN));

    /* Ten times the same by the loop counter. */
    static const uint32_t one[] = {RMT_SYMBOL(1, 50, 0, 50)};
    RMT_CH_TX_LIM(0) = field(RMT_CH_TX_LIM_TX_LIM, 48) | field(RMT_CH_TX_LIM_TX_LOOP_NUM, 10) |
                       RMT_CH_TX_LIM_TX_LOOP_CNT_EN | RMT_CH_TX_LIM_LOOP_STOP_EN;
    set_bits(&RMT_CH_TX_LIM(0), RMT_CH_TX_LIM_LOOP_COUNT_RESET);
    clear_bits(&RMT_CH_TX_LIM(0), RMT_CH_TX_LIM_LOOP_COUNT_RESET);
    set_bits(&RMT_CH_TX_CONF0(0), RMT_CH_TX_CONF0_TX_CONTI_MODE);
    RMT_INT_CLR = RMT_INT_CH_TX_LOOP;
    rmt_receive(4);
    rmt_send(0, one, 1);
    WAIT_UNTIL(RMT_INT_RAW & RMT_INT_CH_TX_LOOP, 1000);
    probe(9, RMT_INT_RAW & RMT_INT_CH_TX_LOOP);
    WAIT_UNTIL(rmt_got(4), 1000);
    uint32_t seen = 0;
    while (seen < RMT_BLOCK && RMT_MEMORY(4)[seen] & 0x7fff)
        seen++;
    probe(10, seen);
    clear_bits(&RMT_CH_TX_CONF0(0), RMT_CH_TX_CONF0_TX_CONTI_MODE);

    /* More symbols than memory: half of it is filled again at each threshold. */
    RMT_CH_TX_LIM(0) = field(RMT_CH_TX_LIM_TX_LIM, RMT_BLOCK / 2);
    set_bits(&RMT_CH_TX_CONF0(0), RMT_CH_TX_CONF0_MEM_TX_WRAP_EN);
    RMT_INT_CLR = RMT_INT_CH_TX_THR_EVENT;
    uint32_t next = 0, refills = 0, symbols[RMT_BLOCK - 1];
    for (; next < RMT_BLOCK - 1; next++)
        symbols[next] = RMT_SYMBOL(1, 10, 0, 10);
    then = time_us();
    rmt_send(0, symbols, RMT_BLOCK - 1);
    RMT_MEMORY(0)[RMT_BLOCK - 1] = RMT_SYMBOL(1, 10, 0, 10);
    for (next = RMT_BLOCK; !rmt_sent(0) && time_us() - then < 2000;) {
        if (!(RMT_INT_RAW & RMT_INT_CH_TX_THR_EVENT))
            continue;
        RMT_INT_CLR = RMT_INT_CH_TX_THR_EVENT;
        refills++;
        for (uint32_t n = 0; n < RMT_BLOCK / 2; n++, next++)
            RMT_MEMORY(0)[next % RMT_BLOCK] = next < 200 ? RMT_SYMBOL(1, 10, 0, 10) : 0;
    }
    probe(11, (uint32_t)(time_us() - then)); /* 200 symbols of 2 us */
    probe(12, refills);
    clear_bits(&RMT_CH_TX_CONF0(0), RMT_CH_TX_CONF0_MEM_TX_WRAP_EN);

    /* 60 symbols by GDMA from channel 3. */
    static uint32_t many[62] = {RMT_SYMBOL(0, 50, 0, 50)}; /* a start that nobody misses */
    for (uint32_t n = 1; n <= 60; n++)
        many[n] = RMT_SYMBOL(1, 20, 0, 30);
    gpio_output(SECOND_PIN, 0);
    rmt_sender(3, SECOND_PIN, 0);
    then = time_us();
    rmt_send_dma(0, many, 62);
    uint32_t edges = levels(SECOND_PIN, 330);
    probe(13, edges);
    probe(14, rmt_sent(3) != 0);

    /* A carrier of 1 MHz on a mark of 50 us. */
    RMT_CHCARRIER_DUTY(0) = field(RMT_CHCARRIER_DUTY_CARRIER_HIGH, 40) | field(RMT_CHCARRIER_DUTY_CARRIER_LOW, 40);
    set_bits(&RMT_CH_TX_CONF0(0), RMT_CH_TX_CONF0_CARRIER_EN | RMT_CH_TX_CONF0_CARRIER_EFF_EN | RMT_CH_TX_CONF0_CARRIER_OUT_LV);
    static const uint32_t mark[] = {RMT_SYMBOL(1, 500, 0, 100)};
    rmt_send(0, mark, 1);
    edges = levels(PIN, 70);
    probe(15, edges);
    probe(16, sum_of(0, 1) == mark[0]);
}
