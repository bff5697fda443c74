/* UART1 sends to UART2, which says by its RTS when its FIFO is full enough; CTS of UART1 listens there. RTS by software, and
 * the interrupt when CTS changes. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/uart.h"

#define BAUD 1000000u
#define DATA 4
#define READY 5 /* low: go on */
#define OTHER 6
#define SIGNAL_U1CTS 16u /* ESP-IDF soc/gpio_sig_map.h */
#define SIGNAL_U2RTS 19u

static void update(uint32_t port) {
    set_bits(&UART_ID(port), UART_ID_REG_UPDATE);
    WAIT_UNTIL(!(UART_ID(port) & UART_ID_REG_UPDATE), 10);
}

static void probes(void) {
    uint8_t bytes[100];
    uart_init(1, BAUD, DATA, OTHER);
    uart_init(2, BAUD, OTHER, DATA);
    gpio_out_signal(READY, SIGNAL_U2RTS);
    gpio_in_signal(SIGNAL_U1CTS, READY);
    delay_us(100);
    while (uart_received(2))
        uart_get(2);
    for (uint32_t n = 0; n < sizeof bytes; n++)
        bytes[n] = (uint8_t)(n + 1);

    /* RTS by software: UART_RTSN is low when SW_RTS is set. */
    clear_bits(&UART_CONF1(2), UART_CONF1_RX_FLOW_EN);
    clear_bits(&UART_CONF0(2), UART_CONF0_SW_RTS);
    update(2);
    probe(1, gpio_get(READY));
    UART_INT_CLR(1) = UART_INT_CTS_CHG;
    set_bits(&UART_CONF0(2), UART_CONF0_SW_RTS);
    update(2);
    delay_us(2);
    probe(2, gpio_get(READY));
    probe(3, (UART_INT_RAW(1) & UART_INT_CTS_CHG) != 0);

    /* The receiver: RTS rises at 20 characters; without flow control the sender does not care. */
    field_set(&UART_MEM_CONF(2), UART_MEM_CONF_RX_FLOW_THRHD, 20);
    set_bits(&UART_CONF1(2), UART_CONF1_RX_FLOW_EN);
    update(2);
    probe(4, gpio_get(READY));
    uart_write(1, bytes, 30);
    uart_drain(1);
    delay_us(20);
    probe(5, uart_received(2));
    probe(6, gpio_get(READY));
    while (uart_received(2))
        uart_get(2);
    delay_us(2);
    probe(7, gpio_get(READY));

    /* With it the sender stops behind the character that is on its way. */
    set_bits(&UART_CONF0(1), UART_CONF0_TX_FLOW_EN);
    update(1);
    uart_write(1, bytes, 100);
    delay_us(1500);
    probe(8, uart_received(2));
    probe(9, uart_received(2) + field_get(UART_STATUS(1), UART_STATUS_TXFIFO_CNT) >= 99);
    uint32_t got = 0, wrong = 0;
    for (uint64_t since = time_us(); got < 100 && time_us() - since < 5000;)
        if (uart_received(2)) {
            wrong += uart_get(2) != (uint8_t)(got + 1);
            got++;
        }
    probe(10, got);
    probe(11, wrong);
}
