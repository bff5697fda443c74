/* What every engine must be able to do (tests/test_hello_esp32s3.py): a text, a line that is typed, both cores, flash that keeps,
 * a reset that says why. The commands are lines: `reset`, `count`; all others come back turned round.
 */
#include "drivers/drivers.h"
#include "reg/rtc_cntl.h"
#include "runtime.h"

#define UART0 0
#define LINE 32
#define TYPE_DATA 1
#define SUBTYPE_UNDEFINED 6

volatile uint32_t second_core_count; /* of the second core, which does nothing else */
char line[LINE];

static void second_core(void) {
    for (;;)
        second_core_count++;
}

/* Boots so far: a byte less of ones in flash for each. */
static uint32_t count_boots(void) {
    static uint32_t bytes[64];
    struct partition data;
    if (!partition_find(TYPE_DATA, SUBTYPE_UNDEFINED, &data))
        return 0;
    flash_read(data.offset, bytes, sizeof bytes);
    uint32_t boots = 0;
    while (boots < 64 && bytes[boots] == 0)
        boots++;
    uint32_t zero = 0;
    if (boots < 64)
        flash_write(data.offset + 4 * boots, &zero, sizeof zero);
    return boots + 1;
}

/* The order of the characters is the other way round. Tests stand in for this function. */
__attribute__((noinline, noclone)) uint32_t turn_round(char *text, uint32_t length) {
    for (uint32_t n = 0; n < length / 2; n++) {
        char c = text[n];
        text[n] = text[length - 1 - n];
        text[length - 1 - n] = c;
    }
    return length;
}

static uint32_t is(const char *command) {
    return strlen(line) == strlen(command) && !memcmp(line, command, strlen(command));
}

static void take_line(void) {
    uint32_t length = 0;
    for (;;) {
        while (!uart_received(UART0)) {
        }
        char c = (char)uart_get(UART0);
        if (c == '\r')
            break;
        if (length < LINE - 1 && c != '\n')
            line[length++] = c;
    }
    line[length] = 0;
}

int main(void) {
    clocks_init();
    log_init();
    uint32_t reason = field_get(RTC_CNTL_RESET_STATE, RTC_CNTL_RESET_STATE_RESET_CAUSE_PROCPU);
    uint32_t boots = count_boots();
    second_core_start(second_core);
    log_printf("hello %u, reset by %u\n", boots, reason);
    for (;;) {
        take_line();
        if (is("reset")) {
            log_flush();
            RTC_CNTL_OPTIONS0 |= RTC_CNTL_OPTIONS0_SW_SYS_RST;
        } else if (is("count")) {
            uint32_t before = second_core_count;
            delay_us(1000);
            log_printf("%s\n", second_core_count != before ? "both" : "one");
        } else {
            log_printf("%u %s\n", turn_round(line, strlen(line)), line);
        }
    }
}
