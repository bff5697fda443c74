/* SDHOST and LCD_CAM, as ESP-IDF's drivers use them. Without a card and a display it looks at timeouts and times; with
 * them (tests/test_cards_esp32s3.py) it copies a block of the card and draws. */
#include "drivers/drivers.h"
#include "probe.h"

/* ESP-IDF soc/sdmmc_reg.h */
#define SDHOST(offset) REG(0x60028000 + (offset))
#define CTRL SDHOST(0x00)
#define CLKDIV SDHOST(0x08)
#define CLKSRC SDHOST(0x0c)
#define CLKENA SDHOST(0x10)
#define TMOUT SDHOST(0x14)
#define CTYPE SDHOST(0x18)
#define BLKSIZ SDHOST(0x1c)
#define BYTCNT SDHOST(0x20)
#define CMDARG SDHOST(0x28)
#define CMD SDHOST(0x2c)
#define RESP0 SDHOST(0x30)
#define RINTSTS SDHOST(0x44)
#define STATUS SDHOST(0x48)
#define BMOD SDHOST(0x80)
#define PLDMND SDHOST(0x84)
#define DBADDR SDHOST(0x88)
#define IDSTS SDHOST(0x8c)
#define CLOCK SDHOST(0x800)

#define USE_IDMAC BIT(25)
#define RESETS 7u
#define START BIT(31)
#define HOLD BIT(29)
#define UPDATE_CLOCK BIT(21)
#define INITIALIZE BIT(15)
#define WAIT BIT(13)
#define WRITE BIT(10)
#define DATA BIT(9)
#define CHECK_CRC BIT(8)
#define LONG BIT(7)
#define ANSWER BIT(6)
#define R1 (ANSWER | CHECK_CRC | WAIT)
#define DONE BIT(2)
#define OVER BIT(3)
#define ERRORS (BIT(1) | BIT(6) | BIT(7) | BIT(8) | BIT(9) | BIT(15))
#define CARD_BUSY BIT(9)

/* ESP-IDF soc/gpio_sig_map.h: CCLK_OUT_1, CCMD_1, CDATA_10 to 13, CARD_DETECT_N_1 */
#define SIGNAL_CLK 172
#define SIGNAL_CMD 178
#define SIGNAL_DATA 180
#define SIGNAL_DETECT 194
static const uint8_t card_pins[] = {14, 15, 2, 4, 12, 13};

/* ESP-IDF soc/sdmmc_struct.h sdmmc_desc_t */
static struct {
    volatile uint32_t control;
    uint32_t size;
    void *buffer;
    void *next;
} descriptor __attribute__((aligned(4)));
#define DESCRIPTOR_OWN BIT(31)
#define DESCRIPTOR_CHAINED BIT(4)
#define DESCRIPTOR_FIRST BIT(3)
#define DESCRIPTOR_LAST BIT(2)

uint32_t card_block[128];
volatile uint32_t card_steps;

static void card_clock(uint32_t host_divisor, uint32_t divisor) {
    CLKENA = 0;
    CMD = START | HOLD | WAIT | UPDATE_CLOCK;
    WAIT_UNTIL(!(CMD & START), 1000)
    CLOCK = BIT(23) | (host_divisor - 1) << 17 | (host_divisor - 1) << 13 | (host_divisor / 2 - 1) << 9;
    CLKDIV = divisor;
    CLKSRC = 0;
    CLKENA = 1;
    CMD = START | HOLD | WAIT | UPDATE_CLOCK;
    WAIT_UNTIL(!(CMD & START), 1000)
    TMOUT = 2000000u << 8 | 0xff;
}

static void card_init(void) {
    peripheral_on(PERIP_SDHOST);
    peripheral_reset(PERIP_SDHOST);
    for (uint32_t n = 0; n < sizeof card_pins; n++) {
        uint32_t signal = n == 0 ? SIGNAL_CLK : n == 1 ? SIGNAL_CMD : SIGNAL_DATA + n - 2;
        gpio_input(card_pins[n], PULL_UP);
        gpio_out_signal(card_pins[n], signal);
        gpio_in_signal(signal, card_pins[n]);
    }
    gpio_in_signal(SIGNAL_DETECT, SIGNAL_LOW);
    CTRL = RESETS;
    WAIT_UNTIL(!(CTRL & RESETS), 1000)
    RINTSTS = 0xffffffff;
    card_clock(10, 20);
}

/* A command and its answer; the flags of RINTSTS, errors where its data does not end. With `bytes` IDMAC moves a block. */
static uint32_t card_command(uint32_t index, uint32_t argument, uint32_t flags, uint32_t *data, uint32_t bytes) {
    RINTSTS = 0xffffffff;
    IDSTS = 0xffffffff;
    if (bytes) {
        descriptor.control = DESCRIPTOR_OWN | DESCRIPTOR_CHAINED | DESCRIPTOR_FIRST | DESCRIPTOR_LAST;
        descriptor.size = bytes;
        descriptor.buffer = data;
        descriptor.next = 0;
        BYTCNT = bytes;
        BLKSIZ = bytes;
        DBADDR = (uintptr_t)&descriptor;
        CTRL = USE_IDMAC;
        BMOD = BIT(7) | BIT(1);
        PLDMND = 1;
        flags |= DATA;
    }
    CMDARG = argument;
    CMD = START | HOLD | flags | index;
    WAIT_UNTIL(RINTSTS & DONE, 10000)
    if (bytes && !(RINTSTS & ERRORS)) {
        WAIT_UNTIL(RINTSTS & OVER, 200000)
    }
    return bytes && !(RINTSTS & OVER) ? ERRORS : RINTSTS;
}

static uint32_t card_ok(uint32_t index, uint32_t argument, uint32_t flags) {
    return !(card_command(index, argument, flags, 0, 0) & ERRORS);
}

static uint32_t application(uint32_t address, uint32_t index, uint32_t argument, uint32_t flags) {
    return card_ok(55, address, R1) && card_ok(index, argument, flags);
}

/* SD specification 4.2.3, then block 5 is copied to block 6 on four lines at 20 MHz. */
static void card_copy(void) {
    card_steps = 1;
    do {
        if (!application(0, 41, 0x40ff8000, ANSWER | WAIT))
            return;
    } while (!(RESP0 >> 31));
    card_steps = 2;
    if (!card_ok(2, 0, R1 | LONG) || !card_ok(3, 0, R1))
        return;
    uint32_t address = RESP0 & 0xffff0000;
    if (!card_ok(7, address, R1) || !application(address, 6, 2, R1))
        return;
    CTYPE = 1;
    card_clock(8, 0);
    card_steps = 3;
    if (card_command(17, 5, R1, card_block, 512) & ERRORS)
        return;
    card_steps = 4;
    if (card_command(24, 6, R1 | WRITE, card_block, 512) & ERRORS)
        return;
    WAIT_UNTIL(!(STATUS & CARD_BUSY), 100000)
    card_steps = STATUS & CARD_BUSY ? 5 : 6;
}

static void probe_card(void) {
    card_init();
    probe(1, card_ok(0, 0, INITIALIZE));
    uint64_t begun = time_us();
    uint32_t seen = card_command(8, 0x1aa, R1, 0, 0);
    uint32_t took = (uint32_t)(time_us() - begun);
    if (!(seen & ERRORS)) {
        probe(2, RESP0);
        card_copy();
        return;
    }
    probe(2, seen);
    probe(3, took);
    probe(4, CMD & START);
}

/* ESP-IDF soc/lcd_cam_reg.h */
#define LCD(offset) REG(0x60041000 + (offset))
#define LCD_CLOCK LCD(0x00)
#define LCD_USER LCD(0x14)
#define LCD_MISC LCD(0x18)
#define LCD_CMD_VAL LCD(0x28)
#define LCD_INT_RAW LCD(0x68)
#define LCD_INT_CLR LCD(0x70)
#define LCD_RESET BIT(28)
#define LCD_START BIT(27)
#define LCD_CMD BIT(26)
#define LCD_DOUT BIT(24)
#define LCD_UPDATE BIT(20)
#define LCD_ALWAYS_OUT BIT(13)
#define LCD_TRANS_DONE BIT(1)
#define SIGNAL_LCD_CS 132
#define SIGNAL_LCD_DATA 133
#define SIGNAL_LCD_DC 153
#define SIGNAL_LCD_PCLK 154
static const uint8_t data_pins[] = {5, 6, 7, 8, 9, 10, 11, 16};
#define WR_PIN 17
#define DC_PIN 18
#define CS_PIN 21

static struct dma_descriptor chain;

/* LCD_PCLK = 160 MHz / 2 / 8, idle high; D/C is low for commands. */
static void lcd_init(void) {
    peripheral_on(PERIP_LCD_CAM);
    peripheral_reset(PERIP_LCD_CAM);
    dma_init();
    LCD_CLOCK = BIT(31) | 3u << 29 | 2 << 9 | BIT(7) | 7;
    LCD_MISC = BIT(31) | BIT(30) | BIT(26);
    gpio_out_signal(CS_PIN, SIGNAL_LCD_CS);
    gpio_out_signal(DC_PIN, SIGNAL_LCD_DC);
    gpio_out_signal(WR_PIN, SIGNAL_LCD_PCLK);
    for (uint32_t n = 0; n < 8; n++)
        gpio_out_signal(data_pins[n], SIGNAL_LCD_DATA + n);
}

/* The cycles of the processor from LCD_START to LCD_TRANS_DONE. */
static uint32_t lcd_command(uint32_t command, const uint8_t *data, uint32_t bytes) {
    LCD_CMD_VAL = command;
    LCD_USER = LCD_RESET;
    LCD_INT_CLR = LCD_TRANS_DONE;
    uint32_t user = LCD_CMD | LCD_ALWAYS_OUT | (bytes ? LCD_DOUT : 0);
    if (bytes) {
        dma_describe(&chain, 1, data, bytes, 0);
        dma_out_start(0, DMA_LCD_CAM, &chain);
    }
    LCD_USER = user | LCD_UPDATE;
    uint64_t begun = systimer_ticks();
    LCD_USER = user | LCD_START;
    WAIT_UNTIL(LCD_INT_RAW & LCD_TRANS_DONE, 10000)
    return (uint32_t)(systimer_ticks() - begun);
}

static uint8_t pixels[1600];

static void probe_display(void) {
    static const uint8_t window[] = {0, 10, 0, 49}, colours[] = {0x55}, order[] = {0x48};
    lcd_init();
    delay_us(130000);
    probe(10, lcd_command(0x00, 0, 0) < 32);
    probe(11, LCD_INT_RAW);
    probe(12, LCD_USER & LCD_START);
    lcd_command(0x11, 0, 0);
    delay_us(120000);
    lcd_command(0x3a, colours, sizeof colours);
    lcd_command(0x36, order, sizeof order);
    lcd_command(0x29, 0, 0);
    lcd_command(0x2a, window, sizeof window);
    lcd_command(0x2b, window, sizeof window);
    for (uint32_t n = 0; n < sizeof pixels; n += 2)
        pixels[n] = 0xf8;
    /* 1600 bytes, and 3 cycles of setup, command and hold: 160.3 us, of which the clock tells 2564 or 2565 sixteenths. */
    probe(13, lcd_command(0x2c, pixels, sizeof pixels));
}

static void probes(void) {
    probe_card();
    probe_display();
}
