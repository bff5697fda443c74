/* UART1 looks for characters in a row, as modems have them ("+++"): how many, the silence before and behind them, and how
 * far apart they may be. It listens to what UART2 sends on GPIO4. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/uart.h"

#define BAUD 115200u
#define LINE_PIN 4
#define OTHER_PIN 5
#define SOURCE_UART1 28
#define LINE 0
#define BIT_US(bits) ((bits) * 1000000u / BAUD)

static volatile uint32_t irqs;
static void on_pattern(void *unused) {
    (void)unused;
    irqs++;
    UART_INT_CLR(1) = UART_INT_AT_CMD_CHAR_DET;
}

static uint32_t found(void) { return (UART_INT_RAW(1) & UART_INT_AT_CMD_CHAR_DET) != 0; }

static void update(void) {
    set_bits(&UART_ID(1), UART_ID_REG_UPDATE);
    WAIT_UNTIL(!(UART_ID(1) & UART_ID_REG_UPDATE), 10);
}

/* As ESP-IDF's uart_ll_set_at_cmd_char; the times are of bits. The line has been silent for long. */
static void look_for(uint32_t count, uint32_t gap, uint32_t before, uint32_t behind) {
    UART_AT_CMD_CHAR(1) = field(UART_AT_CMD_CHAR_AT_CMD_CHAR, '+') | field(UART_AT_CMD_CHAR_CHAR_NUM, count);
    UART_AT_CMD_POSTCNT(1) = behind;
    UART_AT_CMD_PRECNT(1) = before;
    UART_AT_CMD_GAPTOUT(1) = gap;
    update();
    delay_us(BIT_US(400));
    UART_INT_CLR(1) = UART_INT_AT_CMD_CHAR_DET;
}

static void say(const char *text) {
    uart_write(2, text, strlen(text));
    uart_drain(2);
    delay_us(BIT_US(2));
}

static void silence(uint32_t bits) { delay_us(BIT_US(bits)); }

static void probes(void) {
    uart_init(2, BAUD, LINE_PIN, OTHER_PIN);
    uart_init(1, BAUD, OTHER_PIN, LINE_PIN);
    delay_us(200);
    probe(1, UART_AT_CMD_CHAR(1));
    probe(2, UART_AT_CMD_PRECNT(1) << 16 | UART_AT_CMD_POSTCNT(1));
    probe(3, UART_AT_CMD_GAPTOUT(1));

    /* No silence is asked for: ESP-IDF's default. */
    look_for(3, 9, 0, 0);
    say("ab++");
    probe(4, found());
    say("+");
    probe(5, found());
    look_for(3, 9, 0, 0);
    say("++a+");
    probe(6, found());

    /* Characters too far apart. */
    look_for(3, 9, 0, 0);
    say("++");
    silence(30);
    say("+");
    probe(7, found());
    say("++");
    probe(8, found());
    look_for(3, 60, 0, 0);
    say("++");
    silence(20);
    say("+");
    probe(9, found());

    /* Silence before the first. */
    look_for(3, 9, 100, 0);
    say("+++");
    probe(10, found());
    look_for(3, 9, 100, 0);
    say("a");
    silence(20);
    say("+++");
    probe(11, found());
    look_for(3, 9, 100, 0);
    say("a");
    silence(150);
    say("+++");
    probe(12, found());

    /* Silence behind the last; without it there is none. */
    look_for(3, 9, 0, 100);
    say("+++");
    silence(20);
    probe(13, found());
    silence(120);
    probe(14, found());
    look_for(3, 9, 0, 100);
    say("+++");
    silence(20);
    say("a");
    silence(200);
    probe(15, found());

    UART_INT_CLR(1) = UART_INT_AT_CMD_CHAR_DET;
    UART_INT_ENA(1) = UART_INT_AT_CMD_CHAR_DET;
    interrupt_route(0, SOURCE_UART1, LINE);
    interrupt_handler(LINE, on_pattern, 0);
    interrupt_enable(LINE);
    look_for(2, 9, 0, 20);
    say("++");
    probe(16, irqs);
    silence(40);
    probe(17, irqs);
    /* The characters themselves are received as any other. */
    probe(18, uart_received(1));
}
