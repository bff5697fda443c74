/* Where an update goes to: a cpio archive whose first file says what to do with the others, or what is none as it comes, into
 * flash (ESP-IDF documentation, "Device Firmware Upgrade via USB"; what it leaves open is the silicon's). */
#include "usb.h"

/* A line of dfuinfo0.dat. */
struct target {
    uint32_t at, flags; /* a function where TO_FUNCTION says so */
    char name[64];
    uint8_t md5[16];
};
enum { TO_MEMORY = 1, TO_FUNCTION = 2, TO_ATTACH = 4, KEEPS_FLASH = 8, UNCHECKED = 16 };
enum { TARGETS = 64, BLOCK = 256, SECTOR = 4096, NOT_COME = 0xffffffff };
enum { UNDECIDED, RAW, ARCHIVE };
enum { NO_ERROR, NOT_AN_ARCHIVE, TOO_LONG, WRONG_SUM, NOT_THERE, NOT_ENABLED };

struct updater {
    uint32_t bytes;
    uint8_t block[BLOCK];
    int held, form, error;
    uint32_t raw_at, raw_bytes;
    int count;
    struct target targets[TARGETS];
    uint32_t sizes[TARGETS];
    struct cpio *cpio;
    uint32_t cpio_bytes; /* behind this */
};
_Static_assert(sizeof(struct updater) == 0x1824, "as on silicon");

int SPIEraseArea(uint32_t at, uint32_t count);
int esp_rom_spiflash_write(uint32_t to, const void *from, int count);
int esp_rom_spiflash_read(uint32_t from, void *to, int count);
int esp_rom_spiflash_config_param(uint32_t id, uint32_t size, uint32_t block, uint32_t sector, uint32_t page,
                                  uint32_t status_mask);
void spi_flash_attach(uint32_t pins, uint32_t legacy);
uint32_t ets_efuse_get_spiconfig(void);
int strcmp(const char *one, const char *other);
int rom_memcmp(const void *one, const void *other, size_t count);
void MD5Init(void *context);
void MD5Update(void *context, const void *data, uint32_t count);
void MD5Final(uint8_t *digest, void *context);

static void dfu_flash_init(void) { spi_flash_attach(ets_efuse_get_spiconfig(), 0); }
ENTRY(dfu_flash_init, 0x40002760);
static void dfu_flash_erase(uint32_t at, uint32_t count) { SPIEraseArea(at, count); }
ENTRY(dfu_flash_erase, 0x4000276c);

/* Whole words; behind the last byte, what flash has when it is erased. */
static void dfu_flash_program(uint32_t at, int count, const uint8_t *from) {
    int whole = count & ~3;
    esp_rom_spiflash_write(at, from, whole);
    if (whole != count) {
        uint8_t last[4] = {0xff, 0xff, 0xff, 0xff};
        for (int n = whole; n < count; n++)
            last[n - whole] = from[n];
        esp_rom_spiflash_write(at + whole, last, sizeof last);
    }
}
ENTRY(dfu_flash_program, 0x40002778);

/* What went wrong is not said. */
static void dfu_flash_read(uint32_t at, uint32_t count, uint8_t *to) { esp_rom_spiflash_read(at, to, count); }
ENTRY(dfu_flash_read, 0x40002784);

/* Pads, whether legacy commands are meant; chip, size, block, sector, page, mask of the status. */
static void dfu_flash_attach(const uint8_t *from) {
    uint32_t word[8];
    rom_memcpy(word, from, sizeof word);
    spi_flash_attach(word[0], word[1] != 0);
    esp_rom_spiflash_config_param(word[2], word[3], word[4], word[5], word[6], word[7]);
}
ENTRY(dfu_flash_attach, 0x40002790);

static void dfu_cpio_callback(int reason, const struct cpio_file *f, uint32_t offset, uint32_t count, const uint8_t *data, void *own) {
    struct updater *u = UPDATER;
    int n = 0;
    (void)own;
    if (u->error)
        return;
    if (!strcmp(f->name, "dfuinfo0.dat")) {
        if (f->size > sizeof u->targets) {
            u->error = TOO_LONG;
            return;
        }
        rom_memcpy((uint8_t *)u->targets + offset, data, count);
        if (reason == WHOLE_FILE || reason == FILE_ENDS)
            u->count = f->size / sizeof *u->targets;
        return;
    }
    while (n < u->count && strcmp(f->name, u->targets[n].name))
        n++;
    if (n >= u->count)
        return;
    struct target *t = &u->targets[n];
    if (reason <= FILE_BEGINS && !(t->flags & (TO_MEMORY | TO_FUNCTION | KEEPS_FLASH))) {
        uint32_t from = t->at & -SECTOR, to = (t->at + f->size + SECTOR - 1) & -SECTOR;
        if (from != to)
            dfu_flash_erase(from, to - from);
    }
    if (t->flags & TO_MEMORY)
        rom_memcpy((uint8_t *)t->at + offset, data, count);
    else if (t->flags & TO_FUNCTION)
        ((cpio_told *)t->at)(reason, f, offset, count, data, t);
    else if (!(t->flags & TO_ATTACH))
        dfu_flash_program(t->at + offset, count, data);
    else if (count >= 32)
        dfu_flash_attach(data);
    u->sizes[n] = f->size;
}
ENTRY(dfu_cpio_callback, 0x4000279c);

/* What comes first decides. Of what is less than any archive, and of what is none, flash gets every byte. */
static void take(const uint8_t *data, int count) {
    enum { LEAST = 232 };
    struct updater *u = UPDATER;
    if (u->error)
        return;
    if (u->form == UNDECIDED && count < LEAST) {
        u->form = RAW;
    } else if (u->form != RAW) {
        if (cpio_feed(u->cpio, data, count) != CPIO_BAD) {
            u->form = ARCHIVE;
        } else if (u->form == UNDECIDED) {
            u->form = RAW;
        } else {
            u->error = NOT_AN_ARCHIVE;
            return;
        }
    }
    if (u->form == RAW) {
        uint32_t before = u->raw_at - 1;
        if ((before ^ (before + count)) & -SECTOR)
            dfu_flash_erase(u->raw_at & -SECTOR, SECTOR);
        dfu_flash_program(u->raw_at, count, data);
        u->raw_at += count;
    }
    u->bytes += count;
}

int dfu_updater_get_err(void) { return UPDATER ? UPDATER->error : NOT_ENABLED; }
ENTRY(dfu_updater_get_err, 0x400027a8);

void dfu_updater_clear_err(void) {
    if (UPDATER)
        UPDATER->error = NO_ERROR;
}
ENTRY(dfu_updater_clear_err, 0x400027b4);

void dfu_updater_enable(void *memory, uint32_t bytes) {
    UPDATER = memory;
    rom_memset(memory, 0, bytes);
    UPDATER->cpio_bytes = bytes - sizeof *UPDATER;
}
ENTRY(dfu_updater_enable, 0x400027c0);

void dfu_updater_begin(void) {
    struct updater *u = UPDATER;
    if (!u)
        return;
    uint32_t bytes = u->cpio_bytes;
    rom_memset(u, 0, sizeof *u);
    u->cpio_bytes = bytes;
    u->cpio = cpio_start(dfu_cpio_callback, 0, BLOCK, u + 1, bytes);
    for (int n = 0; n < TARGETS; n++)
        u->sizes[n] = NOT_COME;
    dfu_flash_init();
}
ENTRY(dfu_updater_begin, 0x400027cc);

void dfu_updater_feed(const uint8_t *data, int count) {
    struct updater *u = UPDATER;
    while (u && count) {
        int some = BLOCK - u->held;
        some = some < count ? some : count;
        rom_memcpy(u->block + u->held, data, some);
        u->held += some;
        data += some;
        count -= some;
        if (u->held == BLOCK) {
            take(u->block, BLOCK);
            u->held = 0;
        }
    }
}
ENTRY(dfu_updater_feed, 0x400027d8);

static int is_in_flash(const struct target *t, uint32_t size) {
    uint32_t context[22], at = t->at;
    uint8_t piece[64], md5[16];
    MD5Init(context);
    while (size) {
        uint32_t some = size < sizeof piece ? size : sizeof piece;
        dfu_flash_read(at, sizeof piece, piece);
        MD5Update(context, piece, some);
        at += some;
        size -= some;
    }
    MD5Final(md5, context);
    return !rom_memcmp(md5, t->md5, sizeof md5);
}

/* What is in flash must be what was to come. */
void dfu_updater_end(void) {
    struct updater *u = UPDATER;
    if (!u)
        return;
    if (u->held)
        take(u->block, u->held);
    for (int n = 0; n < u->count; n++) {
        if (u->targets[n].flags & (TO_MEMORY | TO_FUNCTION | UNCHECKED))
            continue;
        if (u->sizes[n] == NOT_COME)
            u->error = NOT_THERE;
        else if (!is_in_flash(&u->targets[n], u->sizes[n]))
            u->error = WRONG_SUM;
        else
            continue;
        break;
    }
    cpio_done(u->cpio);
    cpio_destroy(u->cpio);
}
ENTRY(dfu_updater_end, 0x400027e4);

void dfu_updater_set_raw_addr(uint32_t at, uint32_t count) {
    if (UPDATER) {
        UPDATER->raw_at = at;
        UPDATER->raw_bytes = count;
    }
}
ENTRY(dfu_updater_set_raw_addr, 0x400027f0);

uint32_t dfu_updater_flash_read(uint8_t *to, uint32_t count) {
    struct updater *u = UPDATER;
    if (!u)
        return 0;
    count = count < u->raw_bytes ? count : u->raw_bytes;
    dfu_flash_read(u->raw_at, count, to);
    u->raw_at += count;
    u->raw_bytes -= count;
    return count;
}
ENTRY(dfu_updater_flash_read, 0x400027fc);
