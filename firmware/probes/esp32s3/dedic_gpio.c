/* Dedicated GPIO of both cores: outputs and inputs by the core's own instructions, through the GPIO matrix. The assembler
 * does not know them: ESP32-S3 TRM, chapter "Processor Instruction Extensions", says how they look. */
#include "drivers/drivers.h"
#include "probe.h"
#include "reg/system.h"

#define PIN 4 /* and the next three */
#define OTHER 8
#define SIGNAL_PRO 221u /* outputs and inputs from 0 on: ESP-IDF soc/gpio_sig_map.h */
#define SIGNAL_APP 129u

/* ee.set_bit_gpio_out, ee.clr_bit_gpio_out: their mask is in the instruction. */
#define SET_BITS(mask) __asm__ volatile(".byte 4 | (%0 & 15) << 4, 0x40 | %0 >> 4, 0x75" ::"i"(mask))
#define CLEAR_BITS(mask) __asm__ volatile(".byte 4 | (%0 & 15) << 4, 0x40 | %0 >> 4, 0x76" ::"i"(mask))

static void write_masked(uint32_t value, uint32_t mask) { /* ee.wr_mask_gpio_out a8, a9 */
    register uint32_t a8 __asm__("a8") = value;
    register uint32_t a9 __asm__("a9") = mask;
    __asm__ volatile(".byte 0x84, 0x49, 0x72" ::"r"(a8), "r"(a9));
}
static uint32_t inputs(void) { /* ee.get_gpio_in a8 */
    register uint32_t a8 __asm__("a8");
    __asm__ volatile(".byte 0x84, 0x08, 0x65" : "=r"(a8));
    return a8;
}
static uint32_t outputs(void) { /* rur.gpio_out a8 */
    register uint32_t a8 __asm__("a8");
    __asm__ volatile(".byte 0xc0, 0x80, 0xe3" : "=r"(a8));
    return a8;
}
static void put(uint32_t value) { /* wur.gpio_out a8 */
    register uint32_t a8 __asm__("a8") = value;
    __asm__ volatile(".byte 0x80, 0x0c, 0xf3" ::"r"(a8));
}

static uint32_t pins(uint32_t first) {
    uint32_t levels = 0;
    for (uint32_t n = 0; n < 4; n++)
        levels |= gpio_get(first + n) << n;
    return levels;
}

static volatile uint32_t seen_by_second, second_done;
static void second(void) {
    put(0);
    SET_BITS(1);
    seen_by_second = outputs();
    second_done = 1;
}

static void probes(void) {
    set_bits(&SYSTEM_CPU_PERI_CLK_EN, SYSTEM_CPU_PERI_CLK_EN_CLK_EN_DEDICATED_GPIO);
    clear_bits(&SYSTEM_CPU_PERI_RST_EN, SYSTEM_CPU_PERI_RST_EN_RST_EN_DEDICATED_GPIO);
    probe(1, outputs());
    for (uint32_t n = 0; n < 4; n++) {
        gpio_out_signal(PIN + n, SIGNAL_PRO + n);
        gpio_in_signal(SIGNAL_PRO + n, PIN + n);
    }
    gpio_output(OTHER, 0);
    gpio_in_signal(SIGNAL_PRO + 7, OTHER);

    SET_BITS(0x85);
    probe(2, outputs());
    probe(3, pins(PIN));
    probe(4, inputs() & 0xf);
    CLEAR_BITS(0x81);
    probe(5, outputs());
    probe(6, pins(PIN));
    write_masked(0xff, 0x0a);
    probe(7, pins(PIN));
    write_masked(0, 0x03);
    probe(8, pins(PIN));
    put(0x39);
    probe(9, outputs());
    probe(10, pins(PIN));

    /* An input that is no output of its own. */
    probe(11, inputs() >> 7 & 1);
    gpio_put(OTHER, 1);
    delay_us(1);
    probe(12, inputs() >> 7 & 1);

    /* The other core has outputs of its own. */
    gpio_out_signal(PIN + 1, SIGNAL_APP);
    second_core_start(second);
    WAIT_UNTIL(second_done, 1000);
    probe(13, seen_by_second);
    probe(14, outputs());
    probe(15, gpio_get(PIN + 1));
    put(0);
    probe(16, gpio_get(PIN + 1));

    /* GPIO_OUT has no part in it. */
    gpio_put(PIN, 1);
    probe(17, gpio_get(PIN));
}
