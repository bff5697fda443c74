/* ESP32-S3 TRM, chapter "UART Controller". */
#include "drivers/drivers.h"
#include "reg/uart.h"

#define SCLK_XTAL 3
#define FIFO_BYTES 128u

static const uint8_t peripherals[] = {PERIP_UART0, PERIP_UART1, PERIP_UART2};
/* RXD and TXD have the same number in the GPIO matrix: ESP-IDF soc/gpio_sig_map.h. */
static const uint8_t signals[] = {12, 15, 18};

static void update(uint32_t port) {
    set_bits(&UART_ID(port), UART_ID_REG_UPDATE);
    while (UART_ID(port) & UART_ID_REG_UPDATE) {
    }
}

void uart_init(uint32_t port, uint32_t baud, uint32_t tx, uint32_t rx) {
    peripheral_on(peripherals[port]);
    UART_CLK_CONF(port) = field(UART_CLK_CONF_SCLK_SEL, SCLK_XTAL) | UART_CLK_CONF_SCLK_EN | UART_CLK_CONF_TX_SCLK_EN |
                          UART_CLK_CONF_RX_SCLK_EN;
    uint32_t sixteenths = (XTAL_HZ * 16u + baud / 2) / baud;
    UART_CLKDIV(port) = field(UART_CLKDIV_CLKDIV, sixteenths / 16) | field(UART_CLKDIV_FRAG, sixteenths % 16);
    uint32_t conf = field(UART_CONF0_BIT_NUM, 3) | field(UART_CONF0_STOP_BIT_NUM, 1) | UART_CONF0_MEM_CLK_EN;
    UART_CONF0(port) = conf | UART_CONF0_RXFIFO_RST | UART_CONF0_TXFIFO_RST;
    UART_CONF0(port) = conf;
    update(port);
    gpio_out_signal(tx, signals[port]);
    gpio_in_signal(signals[port], rx);
}

uint32_t uart_received(uint32_t port) { return field_get(UART_STATUS(port), UART_STATUS_RXFIFO_CNT); }
uint8_t uart_get(uint32_t port) { return (uint8_t)UART_FIFO(port); }

void uart_put(uint32_t port, uint8_t byte) {
    while (field_get(UART_STATUS(port), UART_STATUS_TXFIFO_CNT) >= FIFO_BYTES - 1) {
    }
    UART_FIFO(port) = byte;
}

void uart_write(uint32_t port, const void *data, uint32_t bytes) {
    for (const uint8_t *at = data; bytes--; at++)
        uart_put(port, *at);
}

void uart_drain(uint32_t port) {
    while (field_get(UART_STATUS(port), UART_STATUS_TXFIFO_CNT) || field_get(UART_FSM_STATUS(port), UART_FSM_STATUS_ST_UTX_OUT)) {
    }
}
