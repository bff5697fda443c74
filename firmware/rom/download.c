/* Download mode: esptool's serial protocol over UART0, USB On-The-Go or the USB Serial/JTAG (esptool documentation, "Serial Protocol";
 * what it leaves open as the silicon's ROM answers on our own core, tests/realimages/test_esp32s3_download.py). The
 * registers are those of ESP-IDF's soc/uart_reg.h, soc/usb_serial_jtag_reg.h and soc/efuse_reg.h. */
#include "boot.h"
#include "usb.h"

#define UART_FIFO REG(0x60000000u)
#define UART_CLKDIV REG(0x60000014u)
#define UART_STATUS REG(0x6000001cu)
#define UART_CONF0 REG(0x60000020u)
#define UART_LOWPULSE REG(0x60000028u)
#define UART_HIGHPULSE REG(0x6000002cu)
#define UART_RXD_CNT REG(0x60000030u)
enum { UART_COUNT = 0x3ff, UART_ROOM = 120, UART_AUTOBAUD_EN = 1 << 27, PULSE = 0xfff, EDGES = 30 };
#define UART_CONF1 REG(0x60000024u) /* the interrupt comes with the first byte */
#define UART_MAP REG(0x600c206cu)   /* INTERRUPT_CORE0_UART_INTR_MAP: esptool's stub attaches itself there */
enum { UART_INTERRUPT = 5 };
#define USB_EP1 REG(0x60038000u)
#define USB_EP1_CONF REG(0x60038004u)
enum { USB_WR_DONE = 1, USB_IN_FREE = 2, USB_OUT_AVAIL = 4 };

int tinfl_decompress(void *state, const uint8_t *in, uint32_t *in_count, uint8_t *start, uint8_t *out,
                     uint32_t *out_count, uint32_t flags);
void MD5Init(void *context);
void MD5Update(void *context, const void *data, uint32_t count);
void MD5Final(uint8_t *digest, void *context);
int esp_rom_spiflash_read(uint32_t from, void *to, int count);
int esp_rom_spiflash_write(uint32_t to, const void *from, int count);
int esp_rom_spiflash_write_encrypted(uint32_t to, const void *from, int count);
int esp_rom_spiflash_unlock(void);
int esp_rom_spiflash_config_param(uint32_t id, uint32_t size, uint32_t block, uint32_t sector, uint32_t page,
                                  uint32_t status_mask);
int esp_rom_spiflash_erase_sector(uint32_t number);
void spi_flash_attach(uint32_t pins, uint32_t legacy);
int ets_efuse_secure_boot_enabled(void);
int ets_efuse_usb_download_mode_disabled(uint32_t line);
void uart_tx_wait_idle(uint8_t number);
void uart_tx_one_char2(uint8_t byte);
void uart_div_modify(uint8_t number, uint32_t sixteenths);
void send_packet(const uint8_t *data, uint32_t count);
int recv_packet(uint8_t *to, int most, uint8_t one_of_two);
void ets_isr_mask(uint32_t interrupts);
void ets_isr_unmask(uint32_t interrupts);
void ets_delay_us(uint32_t us);
void ets_set_xtal_div(uint32_t divider);
void ets_update_cpu_frequency(uint32_t megahertz);

#define REPEAT_DATA(n) REG(0x60007030u + 4 * (n)) /* EFUSE_RD_REPEAT_DATA0 and on */

/* chip_size of what rom_spiflash_legacy_data points at */
#define FLASH_SIZE (*(uint32_t **)0x3fceffe4u)[1]

enum { SECTOR = 4096, MOST = 0x1800, PACKET_BYTES = 0x2000, WINDOW = 0x8000 };

/* Commands and errors of the protocol. */
enum {
    FLASH_BEGIN = 2, FLASH_DATA, FLASH_END, MEM_BEGIN, MEM_END, MEM_DATA, SYNC, WRITE_REG, READ_REG, SPI_SET_PARAMS,
    SPI_ATTACH = 13, READ_FLASH, CHANGE_BAUDRATE, DEFL_BEGIN, DEFL_DATA, DEFL_END, FLASH_MD5, SECURITY_INFO, UNKNOWN
};
enum { FINE, FORBIDDEN = 100, WRONG = 5, FAILED = 6, WRONG_SUM = 7, NOT_WRITTEN, READ_ERROR = 9, READ_LENGTH = 10, INFLATE = 11, INFLATE_SUM = 12 };

struct head {
    uint8_t direction, command;
    uint16_t size;
    uint32_t value;
};
struct packet {
    struct head head;
    union {
        uint8_t data[PACKET_BYTES - 8];
        uint32_t word[16];
    };
};

/* Where silicon has them: the packet, what is inflated and who does it, in memory that an application in RAM leaves
 * alone until it runs (ets_rom_layout_t, dram0_stack_shared_mem_start). */
#define PACKET ((struct packet *)0x3fcd7e04u)
#define INFLATED ((uint8_t *)0x3fcd9e28u)
#define INFLATOR ((uint32_t *)0x3fce1e28u)

/* What MEM_BEGIN, FLASH_BEGIN and FLASH_DEFL_BEGIN ask for. */
struct blocks {
    uint32_t at, size, next, encrypted, count, total, done;
};

struct loader {
    enum { ANY, UART, OTG_LINE, USB, ATTACHED } line; /* the last: whichever GetUartDevice says */
    struct packet *packet;
    struct blocks plain, deflated;
    uint32_t deflated_left; /* packets to come */
    uint32_t window;        /* bytes that wait to be written */
    uint8_t error;
    struct head head; /* in front of the answer */
    uint8_t answer[68];
    uint32_t run, leave, reset, no_usb, no_otg;
};

/* One byte of any line, or of the one that was chosen; -1 while there is none. */
static int take(struct loader *l, int *from) {
    uint8_t byte;
    if ((l->line == ANY || l->line == UART) && (UART_STATUS & UART_COUNT)) {
        *from = UART;
        return UART_FIFO & 0xff;
    }
    if ((l->line == ANY || l->line == USB) && !l->no_usb && (USB_EP1_CONF & USB_OUT_AVAIL)) {
        *from = USB;
        return USB_EP1 & 0xff;
    }
    if ((l->line == ANY || l->line == OTG_LINE) && !l->no_otg && !usb_uart_otg_rx_one_char(&byte)) {
        *from = OTG_LINE;
        return byte;
    }
    return -1;
}

/* The rate by the shortest pulse (TRM, "UART Controller", automatic baud rate detection), which begins to count at 0: of a
 * SYNC's head, the length has single bits that are high. */
static void find_rate(void) {
    if (!(UART_CONF0 & UART_AUTOBAUD_EN) || (UART_RXD_CNT & UART_COUNT) < EDGES)
        return;
    uint32_t low = UART_LOWPULSE & PULSE, high = UART_HIGHPULSE & PULSE;
    UART_CONF0 &= ~UART_AUTOBAUD_EN;
    UART_CLKDIV = (low < high ? low : high) + 1;
}

static void put(struct loader *l, uint8_t byte) {
    if (l->line == USB) {
        while (!(USB_EP1_CONF & USB_IN_FREE))
            ;
        USB_EP1 = byte;
    } else if (l->line == OTG_LINE) {
        usb_uart_otg_tx_one_char(byte);
    } else {
        while ((UART_STATUS >> 16 & UART_COUNT) >= UART_ROOM)
            ;
        UART_FIFO = byte;
    }
}

/* RFC 1055. */
enum { END = 0xc0, ESC = 0xdb, ESC_END = 0xdc, ESC_ESC = 0xdd };

static void put_bytes(struct loader *l, const uint8_t *data, uint32_t count) {
    for (uint32_t n = 0; n < count; n++)
        if (data[n] == END || data[n] == ESC) {
            put(l, ESC);
            put(l, data[n] == END ? ESC_END : ESC_ESC);
        } else {
            put(l, data[n]);
        }
}

/* Until a packet is whole; what is too long for the memory is lost. The answer is the line that it came by. */
static int receive(struct loader *l, uint32_t *count) {
    uint8_t *to = (uint8_t *)l->packet;
    int open = 0, escaped = 0, from = ANY;
    *count = 0;
    for (;;) {
        int byte = take(l, &from);
        if (byte < 0) {
            find_rate();
            continue;
        }
        if (escaped) {
            escaped = 0;
            byte = byte == ESC_END ? END : byte == ESC_ESC ? ESC : byte;
        } else if (byte == END) {
            if (open && *count)
                return from;
            open = 1;
            continue;
        } else if (byte == ESC) {
            escaped = 1;
            continue;
        }
        if (open && *count < PACKET_BYTES)
            to[(*count)++] = byte;
    }
}

/* The answer's head, `size` bytes of it and the status, whose second byte keeps the last error. */
static void reply(struct loader *l, uint32_t size, int failed) {
    l->answer[size] = failed;
    l->answer[size + 1] = l->error;
    l->head.direction = 1;
    l->head.size = size + 4;
    if (l->line == ATTACHED)
        return send_packet((const uint8_t *)&l->head, 8 + size + 4);
    put(l, END);
    put_bytes(l, (const uint8_t *)&l->head, 8);
    put_bytes(l, l->answer, size + 4);
    put(l, END);
    if (l->line == USB)
        USB_EP1_CONF = USB_WR_DONE;
}

/* Eight times to SYNC, and to all that follows it and is no command. */
static void answer(struct loader *l, uint32_t size, int failed) {
    for (uint32_t n = l->head.command == SYNC ? 8 : 1; n; n--)
        reply(l, size, failed);
}

static int checked(const struct packet *p) {
    uint8_t sum = 0xef;
    for (uint32_t n = 0; n < p->word[0]; n++)
        sum ^= p->data[16 + n];
    return sum == (uint8_t)p->head.value;
}

/* A packet of data: its length, its number, and its sum, after which its number has been used. */
static int accept(struct blocks *b, const struct packet *p, uint32_t align) {
    if (p->word[0] > b->size || p->word[0] % align || p->word[1] != b->next)
        return WRONG;
    b->next++;
    return checked(p) ? FINE : WRONG_SUM;
}

/* Bytes in all, packets, bytes in each, where. */
static int begin(struct blocks *b, const struct packet *p) {
    if (p->word[2] > MOST)
        return WRONG;
    *b = (struct blocks){p->word[3], p->word[2], 0, 0, p->word[1], p->word[0], 0};
    return FINE;
}

/* As the begin of it said; where it fails the host finds out by the MD5. */
static void write(const struct blocks *b, const void *from, uint32_t count) {
    (b->encrypted ? esp_rom_spiflash_write_encrypted : esp_rom_spiflash_write)(b->at, from, count);
}

static int begin_flash(struct blocks *b, const struct packet *p) {
    if (p->head.size != 20 || p->word[2] > MOST)
        return WRONG;
    if (p->word[4] && (REPEAT_DATA(0) >> 20 & 1)) /* DIS_DOWNLOAD_MANUAL_ENCRYPT */
        return FORBIDDEN;
    begin(b, p);
    b->encrypted = p->word[4];
    uint32_t end = p->word[3] + p->word[0];
    if (esp_rom_spiflash_unlock() || p->word[3] % SECTOR || end < p->word[3] || end > FLASH_SIZE)
        return FAILED;
    for (uint32_t at = p->word[3]; at < end; at += SECTOR)
        if (esp_rom_spiflash_erase_sector(at / SECTOR))
            return FAILED;
    return FINE;
}

/* Whole words, the last with what the window had there. Where the flash ends before, data is lost: the host finds out by
 * the MD5. */
static void flush(struct loader *l) {
    write(&l->deflated, INFLATED, (l->window + 3) & ~3u);
    l->deflated.at += l->window;
    l->window = 0;
}

static int inflate(struct loader *l, const uint8_t *in, uint32_t left) {
    enum { DONE = 0, HAS_MORE_OUTPUT = 2, WRONG_ADLER32 = -2, ZLIB = 1, MORE_INPUT = 2, ADLER32 = 8 };
    int state, last = !--l->deflated_left;
    do {
        uint32_t taken = left, given = WINDOW - l->window;
        state = tinfl_decompress(INFLATOR, in, &taken, INFLATED, INFLATED + l->window, &given,
                                 ZLIB | ADLER32 | MORE_INPUT);
        in += taken;
        left -= taken;
        l->window += given;
        if (l->window == WINDOW)
            flush(l);
    } while (state == HAS_MORE_OUTPUT);
    if (state == WRONG_ADLER32)
        return INFLATE_SUM;
    if (state < 0 || (last && state != DONE))
        return INFLATE;
    if (last)
        flush(l);
    return FINE;
}

/* What is not encrypted is read back. */
static int write_flash(const struct blocks *b, const struct packet *p) {
    uint8_t *back = (uint8_t *)p->data + 16, sum = 0;
    write(b, back, p->word[0]);
    if (b->encrypted)
        return 1;
    for (uint32_t n = 0; n < p->word[0]; n++)
        sum ^= back[n];
    esp_rom_spiflash_read(b->at, back, p->word[0]);
    for (uint32_t n = 0; n < p->word[0]; n++)
        sum ^= back[n];
    return !sum;
}

static int data(struct loader *l, const struct packet *p) {
    struct blocks *b = p->head.command == DEFL_DATA ? &l->deflated : &l->plain;
    int error = p->head.size > MOST + 16 ? WRONG : accept(b, p, p->head.command == FLASH_DATA ? 4 : 1);
    if (error)
        return error;
    if (p->head.command == DEFL_DATA)
        return inflate(l, p->data + 16, p->word[0]);
    if (p->head.command == FLASH_DATA && b->encrypted && (b->at | p->word[0]) % 16)
        return FORBIDDEN;
    if (p->head.command == FLASH_DATA && !write_flash(b, p))
        return NOT_WRITTEN;
    if (p->head.command == MEM_DATA)
        rom_memcpy((void *)b->at, p->data + 16, p->word[0]);
    b->at += p->word[0];
    b->done += p->word[0];
    return FINE;
}

/* Whether all came that was announced. */
static int end_flash(struct loader *l, uint32_t stay) {
    l->leave = 1;
    if (l->plain.next != l->plain.count || l->plain.done != l->plain.total)
        return FAILED;
    l->reset = !(uint8_t)stay;
    return FINE;
}

/* Address, value, mask, microseconds before it; as many as come. */
static void write_registers(const struct packet *p, uint32_t count) {
    for (const uint32_t *w = p->word; count >= 8 + 16 && (const uint8_t *)w <= p->data + count - 8 - 16; w += 4) {
        ets_delay_us(w[3]);
        REG(w[0]) = w[2] == 0xffffffffu ? w[1] : (REG(w[0]) & ~w[2]) | (w[1] & w[2]);
    }
}

static int digest(struct loader *l, uint32_t at, uint32_t count) {
    uint32_t context[24];
    uint8_t md5[16];
    int error = FINE;
    MD5Init(context);
    while (count && !error) {
        uint32_t some = count < SECTOR ? count : SECTOR;
        error = esp_rom_spiflash_read(at, INFLATED, some) ? READ_ERROR : FINE;
        if (!error)
            MD5Update(context, INFLATED, some);
        at += some;
        count -= some;
    }
    if (error)
        return error;
    MD5Final(md5, context);
    for (uint32_t n = 0; n < 32; n++) {
        uint8_t digit = n % 2 ? md5[n / 2] & 0xf : md5[n / 2] >> 4;
        l->answer[n] = digit < 10 ? '0' + digit : 'a' + digit - 10;
    }
    return FINE;
}

/* Flags, how often flash encryption was switched, purposes of the keys, the chip and the protocol (esptool
 * documentation, "Serial Protocol", Security Info). */
static int GetSecurityInfoProc(void *message, void *error, uint8_t *to) {
    (void)message, (void)error;
    const uint32_t e0 = REG(0x60007030u), e1 = REG(0x60007034u), e2 = REG(0x60007038u), e3 = REG(0x6000703cu);
    uint32_t jtag = e0 >> 16 & 7;
    uint32_t flags = (e2 >> 20 & 3) | (e3 >> 5 & 1) << 2 | (e1 >> 21 & 7) << 3 | (jtag == 7) << 6 | (e0 >> 19 & 1) << 7 |
                     (e0 >> 13 & 1) << 8 | (e0 >> 11 & 1) << 9 | (e0 >> 10 & 1) << 10;
    enum { CHIP = 9, NO_PURPOSE = 12 };
    uint8_t all[20] = {flags, flags >> 8, 0, 0, e1 >> 18 & 7, e1 >> 24 & 0xf, e1 >> 28, e2 & 0xf, e2 >> 4 & 0xf,
                       e2 >> 8 & 0xf, e2 >> 12 & 0xf, NO_PURPOSE, CHIP};
    rom_memcpy(to, all, sizeof all);
    return 0;
}
/* esptool's stub calls it where silicon has it, which no linker script of ESP-IDF's names. */
ENTRY(GetSecurityInfoProc, 0x40048174);

/* ENABLE_SECURITY_DOWNLOAD, and what it leaves of the commands. */
static int is_secure(void) { return REPEAT_DATA(3) >> 5 & 1; }
#define SECURE                                                                                                             \
    (1u << FLASH_BEGIN | 1u << FLASH_DATA | 1u << FLASH_END | 1u << SYNC | 1u << SPI_SET_PARAMS | 1u << SPI_ATTACH |              \
     1u << CHANGE_BAUDRATE | 1u << SECURITY_INFO | 1u << UNKNOWN)

/* Does as a packet of `count` bytes says. */
static void obey(struct loader *l, uint32_t count) {
    enum { SLOW_READ = 64, MD5_DIGITS = 32, INFO = 20 };
    const struct packet *p = l->packet;
    uint32_t size = 0;
    int error = FINE, clears = 0;
    if (p->head.direction || (is_secure() && !(SECURE >> p->head.command & 1)) || p->head.command < FLASH_BEGIN || p->head.command > UNKNOWN || p->head.command == SPI_SET_PARAMS + 1) {
        l->error = WRONG;
        return answer(l, 0, 1);
    }
    l->head.command = p->head.command;
    switch (p->head.command) {
    case FLASH_BEGIN:
        error = begin_flash(&l->plain, p);
        break;
    case DEFL_BEGIN:
        error = begin_flash(&l->deflated, p);
        l->deflated_left = p->word[1];
        l->window = 0;
        INFLATOR[0] = 0; /* tinfl_init */
        break;
    case MEM_BEGIN:
        error = p->head.size != 16 ? WRONG : begin(&l->plain, p);
        break;
    case FLASH_DATA:
    case MEM_DATA:
    case DEFL_DATA:
        error = data(l, p);
        break;
    case FLASH_END:
        l->run = 0;
        error = end_flash(l, p->word[0]);
        break;
    case MEM_END:
        if (p->head.size > 8) {
            error = WRONG;
            break;
        }
        l->run = p->word[1];
        l->leave = !p->data[0];
        break;
    case SYNC:
        clears = 1;
        l->head.value = p->word[0];
        break;
    case WRITE_REG:
        clears = 1;
        write_registers(p, count);
        break;
    case READ_REG:
        clears = 1;
        l->head.value = REG(p->word[0]);
        break;
    case SPI_SET_PARAMS:
        if (p->head.size != 24)
            error = WRONG;
        else
            esp_rom_spiflash_config_param(p->word[0], p->word[1], p->word[2], p->word[3], p->word[4], p->word[5]);
        break;
    case SPI_ATTACH:
        clears = 1;
        spi_flash_attach(p->word[0], p->word[1]);
        break;
    case READ_FLASH:
        clears = 1;
        size = SLOW_READ;
        error = p->word[1] > SLOW_READ                                         ? READ_LENGTH
                : esp_rom_spiflash_read(p->word[0], l->answer, p->word[1]) ? READ_ERROR
                                                                               : FINE;
        break;
    case CHANGE_BAUDRATE:
        clears = 1;
        break;
    case DEFL_END:
        l->run = 0;
        l->leave = l->reset = !p->word[0];
        break;
    case FLASH_MD5:
        clears = 1;
        size = MD5_DIGITS;
        error = digest(l, p->word[0], p->word[1]);
        break;
    case SECURITY_INFO:
        size = INFO;
        GetSecurityInfoProc(0, 0, l->answer);
        break;
    default:
        error = WRONG;
    }
    if (error || clears)
        l->error = error;
    answer(l, size, error != FINE);
    if (p->head.command == CHANGE_BAUDRATE && l->line == UART && p->word[0]) {
        enum { XTAL = 40000000 };
        uart_tx_wait_idle(0);
        uint32_t sixteenths = 16u * XTAL / p->word[0];
        UART_CLKDIV = sixteenths >> 4 | (sixteenths & 0xf) << 20;
    }
}

/* By the fuses and the straps: which download it is. */
static void greet(void) {
    enum { STRAP = 0x60004038, UART0_BOOT = 7, SPI_DOWNLOAD = 6, OTHERS = 12 };
    uint32_t strap = REG(STRAP) & 0xf;
    if (REPEAT_DATA(3) & 1) /* DIS_DOWNLOAD_MODE */
        give_up("Download boot modes disabled\n");
    if (is_secure()) {
        if ((strap & OTHERS) && strap != UART0_BOOT)
            give_up("Invalid mode for secure boot download\n");
        ets_printf("wait uart download(secure mode)\n");
    } else if (strap == UART0_BOOT) {
        ets_printf("wait uart0 download\n");
    } else {
        ets_printf(strap == SPI_DOWNLOAD ? "wait spi download\n" : "waiting for download\n");
    }
}

/* With the fuses' leave USB On-The-Go is a line, too, and takes firmware updates; the processor gets all of the crystal's
 * clock for it. Where silicon has the memories. */
static void start_otg(void) {
    enum { MEGAHERTZ = 40, UPDATER_BYTES = 0x3000, LINE_BYTES = 0x880 };
    ets_set_xtal_div(1);
    ets_update_cpu_frequency(MEGAHERTZ);
    dfu_updater_enable((void *)0x3fce5e04, UPDATER_BYTES);
    Uart_Init_USB((void *)0x3fce8e04, LINE_BYTES);
}

/* Two empty packets, and until they are out. */
static void end_line(void) {
    uart_tx_one_char2(END);
    uart_tx_one_char2(END);
    uart_tx_wait_idle(GetUartDevice()->number);
}

/* The protocol, over the line that is attached, into memory of the caller's. A host may have changed the fuses before each
 * packet. */
static int UartDwnLdProc(uint8_t *packet, uint32_t bytes, uint32_t *run) {
    enum { INTERRUPT = 1 << UART_INTERRUPT, XTAL = 40000000 };
    struct loader l;
    rom_memset(&l, 0, sizeof l);
    l.line = ATTACHED;
    l.packet = (struct packet *)packet;
    if (REPEAT_DATA(3) & (1 | 1 << 5))
        hang("msg_proc.c", 120);
    ets_isr_unmask(INTERRUPT);
    while (!l.leave) {
        if (REPEAT_DATA(3) & (1 | 1 << 5))
            software_reset();
        obey(&l, recv_packet(packet, (uint16_t)bytes, 0));
        *run = l.run;
        if (l.reset) {
            end_line();
            software_reset();
        }
        if (packet[1] == CHANGE_BAUDRATE && !packet[0] && l.packet->word[0]) {
            uint32_t rate = l.packet->word[0];
            end_line();
            uart_div_modify(GetUartDevice()->number, l.packet->data[4] ? rate : 16u * XTAL / rate);
        }
    }
    ets_isr_mask(INTERRUPT);
    return 0;
}
ENTRY(UartDwnLdProc, 0x40000768);

/* Returns what the host wants to run, or 0. */
static uint32_t download(void) {
    /* ESP_ROM_USB_OTG_NUM, ESP_ROM_USB_SERIAL_DEVICE_NUM: channels of the console, which goes where the host is */
    enum { OTG_NUMBER = 3, USB_NUMBER };
    struct loader l;
    uint32_t count;
    greet();
    rom_memset(&l, 0, sizeof l);
    l.packet = PACKET;
    l.no_otg = ets_efuse_usb_download_mode_disabled(OTG_NUMBER);
    l.no_usb = ets_efuse_usb_download_mode_disabled(USB_NUMBER);
    if (!l.no_otg)
        start_otg();
    UART_MAP = UART_INTERRUPT;
    UART_CONF1 = 1;
    UART_CONF0 |= UART_AUTOBAUD_EN;
    while (l.line == ANY) {
        int from = receive(&l, &count);
        if (!PACKET->head.direction && PACKET->head.command == SYNC)
            l.line = from;
    }
    GetUartDevice()->number = l.line == UART ? 0 : l.line == OTG_LINE ? OTG_NUMBER : USB_NUMBER;
    l.head.command = SYNC;
    l.head.value = PACKET->word[0];
    answer(&l, 0, 0);
    if (l.line == OTG_LINE)
        usb_uart_watch();
    rom_memset(&l.head, 0, sizeof l.head);
    while (!l.leave) {
        receive(&l, &count);
        obey(&l, count);
    }
    if (l.line == UART)
        uart_tx_wait_idle(0);
    /* With secure boot nothing that a host brings is run. */
    if (l.reset || is_secure() || ets_efuse_secure_boot_enabled())
        software_reset();
    return l.run;
}
/* No function of ESP-IDF's list: the ROM's start-up calls it. */
ENTRY(download, 0x40017ff0);
