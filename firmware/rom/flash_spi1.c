/* Flash by SPI1's registers: `SPI_*` with the chip as an argument, suspension, encrypted writes wherever, what a boot does
 * with the controllers (ESP-IDF rom/spi_flash.h, soc/spi_mem_reg.h). */
#include "spi_flash.h"

int esp_rom_spiflash_read_statushigh(struct old_chip *chip, uint32_t *status);
int esp_rom_spiflash_write_status(struct old_chip *chip, uint32_t status);
void esp_rom_spiflash_auto_wait_idle(uint32_t on);
int esp_rom_spiflash_config_readmode(uint32_t mode, bool legacy);
void esp_rom_spi_set_op_mode(uint32_t spi, uint32_t mode);
void esp_rom_spi_set_address_bit_len(uint32_t spi, uint32_t bits);
void spi_cache_mode_switch(uint32_t lines);
void esp_rom_opiflash_pin_config(void), esp_rom_opiflash_mode_reset(uint32_t spi);
void SelectSpiFunction(uint32_t pads), spi_dummy_len_fix(uint32_t spi, uint32_t divider);
uint32_t ets_efuse_flash_opi_5pads_power_sel_vddspi(void);

#define IO_MUX_PIN_CTRL 0x60009000u

static void run(uint32_t command) {
    REG(SPI1 + CMD) = command;
    while (REG(SPI1 + CMD))
        ;
}
/* As `run`, where a driver may have to look after a suspension. */
static void run_long(uint32_t command) {
    REG(SPI1 + CMD) = command;
    while (REG(SPI1 + CMD))
        if (OLD->check_suspend)
            OLD->check_suspend();
}

static void SPI_WakeUp(void) { run(FLASH_RES); }
ENTRY(SPI_WakeUp, 0x40000c9c);

static int change(struct old_chip *chip, uint32_t command) {
    run_long(command);
    Wait_SPI_Idle(chip);
    return 0;
}

static int SPI_chip_erase(struct old_chip *chip) {
    Wait_SPI_Idle(chip);
    return change(chip, FLASH_CE);
}
ENTRY(SPI_chip_erase, 0x40000cb4);

static int SPI_block_erase(struct old_chip *chip, uint32_t at) {
    Wait_SPI_Idle(chip);
    REG(SPI1 + ADDR) = at;
    return change(chip, FLASH_BE | FLASH_PE);
}
ENTRY(SPI_block_erase, 0x40000ca8);

static int SPI_sector_erase(struct old_chip *chip, uint32_t at) {
    if (at % chip->sector)
        return 1;
    Wait_SPI_Idle(chip);
    REG(SPI1 + ADDR) = at;
    return change(chip, FLASH_SE | FLASH_PE);
}
ENTRY(SPI_sector_erase, 0x40000ce4);

static int SPI_page_program(struct old_chip *chip, uint32_t to, const uint32_t *from, int count) {
    if (count % 4 || to % chip->page + count > chip->page)
        return 1;
    Wait_SPI_Idle(chip);
    while (count > 0) {
        if (SPI_write_enable(chip))
            return 1;
        uint32_t most = OLD->write_slice, bytes = (uint32_t)count < most ? (uint32_t)count : most;
        REG(SPI1 + ADDR) = to;
        set(SPI1 + MOSI_DLEN, SLICE, (8 * bytes - 1) & SLICE);
        for (uint32_t n = 0; n < bytes / 4; n++)
            REG(SPI1 + W0 + 4 * n) = *from++;
        set(SPI1 + USER, 0, USR_COMMAND | USR_ADDR | USR_MOSI);
        set(SPI1 + USER, USR_DUMMY | USR_MISO, 0);
        REG(SPI1 + USER2) = COMMAND8 | 0x02;
        change(chip, USR | FLASH_PE);
        to += bytes;
        count -= bytes;
    }
    return 0;
}
ENTRY(SPI_page_program, 0x40000ccc);

static int SPI_read_data(struct old_chip *chip, uint32_t from, uint32_t *to, int count) {
    if (chip->size < from + count)
        return 1;
    uint32_t most = OLD->read_slice;
    while (count > 0) {
        uint32_t words = ((uint32_t)count < most ? (uint32_t)count + 3 : most) / 4;
        REG(SPI1 + MISO_DLEN) = 8 * most - 1;
        REG(SPI1 + ADDR) = from;
        run(USR);
        for (uint32_t n = 0; n < words; n++)
            *to++ = REG(SPI1 + W0 + 4 * n);
        from += most;
        count -= most;
    }
    return 0;
}
ENTRY(SPI_read_data, 0x40000cd8);

static int SPILock(void) {
    uint32_t status;
    if (esp_rom_spiflash_read_statushigh(CHIP, &status))
        return 1;
    set(SPI1 + CTRL, 0, WRSR_2B);
    if (SPI_write_enable(CHIP))
        return 1;
    return esp_rom_spiflash_write_status(CHIP, status | 7 << 2) != 0; /* BP2-0 */
}
ENTRY(SPILock, 0x40000c78);

/* An instruction that reads a register, or two, and one that changes what is read to what is wanted:
 * esp_rom_spiflash_common_cmd_t. */
struct common {
    uint8_t lengths, read, read_high, write;
    uint16_t mask, wanted;
};

static uint32_t register_read(uint32_t code, uint32_t clocks) {
    REG(SPI1 + USER) = USR_COMMAND | USR_MISO | (clocks ? USR_DUMMY : 0);
    if (clocks)
        REG(SPI1 + USER1) = clocks - 1;
    REG(SPI1 + USER2) = COMMAND8 | code;
    REG(SPI1 + W0) = 0;
    run(USR);
    return REG(SPI1 + W0) & 0xffff;
}

static int by_registers(const struct common *c, uint32_t read, uint32_t second, uint32_t written, uint32_t clocks) {
    int compares = c->lengths & 0x40, quiet = c->lengths & 0x80;
    if (!c->mask) {
        REG(SPI1 + USER) = USR_COMMAND;
        REG(SPI1 + USER2) = COMMAND8 | c->read;
        run(USR);
        return !quiet;
    }
    REG(SPI1 + MISO_DLEN) = 8 * read - 1;
    uint32_t value = register_read(c->read, clocks + CHIP->dummies[1]);
    if (read == 1)
        value &= 0xff;
    if (second)
        value |= (register_read(c->read_high, 0) & 0xff) << 8;
    if (compares)
        return quiet ? 0 : value != c->wanted ? c->mask : 1;
    if ((value ^ c->wanted) & c->mask) {
        REG(SPI1 + MOSI_DLEN) = 8 * written - 1;
        REG(SPI1 + USER) = USR_COMMAND | USR_MOSI;
        REG(SPI1 + USER2) = COMMAND8 | c->write;
        REG(SPI1 + W0) = c->wanted;
        run(USR);
    }
    return !quiet;
}

static int SPI_Common_Command(const struct common *c) {
    uint32_t read = c->lengths & 3, middle = c->lengths >> 2 & 15, second = middle & 3, written = middle >> 2, clocks = 0;
    if (read == 0 || read == 3)
        return 1;
    if (c->lengths & 0x40) {
        clocks = middle ? 8 * middle - 1 : 0;
        second = 0;
    } else if (read == 2 ? second || written != 2 : second > 1 || written != second + 1)
        return 1;
    Wait_SPI_Idle(CHIP);
    static const uint8_t kept[] = {CTRL, USER, USER1, USER2};
    uint32_t values[sizeof kept];
    for (uint32_t n = 0; n < sizeof kept; n++)
        values[n] = REG(SPI1 + kept[n]);
    REG(SPI1 + CTRL) = values[0] & WP;
    int result = by_registers(c, read, second, written, clocks);
    for (uint32_t n = 0; n < sizeof kept; n++)
        REG(SPI1 + kept[n]) = values[n];
    Wait_SPI_Idle(CHIP);
    return result;
}
ENTRY(SPI_Common_Command, 0x40000c90);

/* What the caches read with on eight lines. */
struct octal_read {
    uint8_t address_bits, dummies;
    uint16_t command;
    uint8_t command_bits, variable_dummies;
};
static void esp_rom_spiflash_cache_mode_config(uint32_t mode, const struct octal_read *read) {
    esp_rom_spi_set_op_mode(0, mode);
    set(SPI0 + USER, USR_MOSI, 0);
    set(SPI0 + USER, 0, USR_ADDR | USR_DUMMY | USR_MISO);
    if (!read)
        return;
    esp_rom_spi_set_address_bit_len(0, read->address_bits);
    set(SPI0 + USER1, 63, (read->dummies - 1 + CHIP->dummies[0]) & 63);
    set(SPI0 + USER2, 0xffff, read->command);
    set(SPI0 + USER2, 15u << 28, (uint32_t)(read->command_bits - 1) << 28);
    set(SPI0 + DDR, 4, (uint32_t)read->variable_dummies << 1 & 4);
}
ENTRY(esp_rom_spiflash_cache_mode_config, 0x40000ad4);

/* `esp_rom_spiflash_read_mode_t`: QIO, QOUT, DIO, DOUT, fast, slow; then those of eight lines, whose read instruction is
 * in the driver's table. */
enum { MODES = 6 };
static const uint32_t mode_lines[MODES] = {0x1002000, 0x102000, 0x802000, 0x6000, 0x2000, 0};
#define OCTAL_READ ((const struct octal_read *)(OCTAL_COMMANDS + 84))
static int SPIMasterReadModeCnfig(uint32_t mode) {
    Wait_SPI_Idle(CHIP);
    set(SPI1 + CTRL, 0x1906180, 0);
    set(SPI0 + CTRL, 0x1906180, 0);
    if (mode < MODES) {
        set(SPI1 + CTRL, 0, mode_lines[mode]);
        set(SPI0 + CTRL, 0, mode_lines[mode]);
        spi_cache_mode_switch(mode_lines[mode]);
    } else if (OCTAL_COMMANDS)
        esp_rom_spiflash_cache_mode_config(mode, OCTAL_READ);
    return 0;
}
ENTRY(SPIMasterReadModeCnfig, 0x40000c84);

/* Lines that stay high in dummy clocks. */
static void spi_common_set_dummy_output(uint32_t mode) {
    if (mode & ~2u) /* those with mode bits: QIO and DIO */
        return;
    for (uint32_t n = 0; n < 2; n++)
        set(SPI_OF(n) + CTRL, 0, LINES_HIGH | FDUMMY_OUT);
}
ENTRY(spi_common_set_dummy_output, 0x40000c48);

static void spi_common_set_flash_cs_timing(void) {
    for (uint32_t n = 0; n < 2; n++) {
        set(SPI_OF(n) + USER, 0, CS_TIMES);
        set(SPI_OF(n) + CTRL2, 0x3ff, 2 << 5 | 1); /* clocks of hold and set-up */
    }
    set(SPI0 + SMEM_AC, 0xfff, 2 << 7 | 1 << 2 | 3); /* the RAM's */
}
ENTRY(spi_common_set_flash_cs_timing, 0x40000c54);

/* Both controllers as a boot needs them. */
#define PERIP_CLK_EN0 0x600c0018u
#define PERIP_RST_EN0 0x600c0020u
#define SPI01 2u
enum { RESANDRES = 0x8000, CACHE_REQ_EN = 1, CACHE_FLASH_USR_CMD = 4 };

static void SPI_init(uint32_t mode, uint8_t divides) {
    uint32_t divider = divides;
    uint32_t lines = mode < MODES ? mode_lines[mode] : 0;
    set(PERIP_CLK_EN0, 0, SPI01);
    set(PERIP_RST_EN0, 0, SPI01);
    set(PERIP_RST_EN0, SPI01, 0);
    set(SPI1 + SUS_STATUS, 1, 0);
    set(SPI0 + MISC, 3, 2);
    spi_common_set_dummy_output(mode);
    spi_common_set_flash_cs_timing();
    for (uint32_t n = 0; n < 2; n++) {
        spi_dummy_len_fix(n, divider);
        REG(SPI_OF(n) + CLOCK) = divider < 2 ? 1u << 31 : (divider - 1) << 16 | (divider / 2 - 1) << 8 | (divider - 1);
    }
    REG(SPI1 + CTRL) = lines | WP | RESANDRES;
    REG(SPI0 + CTRL) = lines | WP;
    set(SPI0 + MISO_DLEN, SLICE, 255);
    set(SPI0 + MOSI_DLEN, SLICE, 255);
    set(SPI0 + USER2, 15u << 28, COMMAND8);
    set(SPI0 + CACHE_FCTRL, 0, CACHE_REQ_EN);
    if (mode < MODES) {
        REG(SPI0 + DDR) = 0;
        REG(SPI1 + DDR) = 0;
        spi_cache_mode_switch(lines);
    } else if (OCTAL_COMMANDS)
        esp_rom_spiflash_cache_mode_config(mode, OCTAL_READ);
    set(SPI0 + CACHE_FCTRL, 0, CACHE_FLASH_USR_CMD);
}
ENTRY(SPI_init, 0x40000cc0);

/* Suspension: FLASH_SUS_CTRL has the instructions, MISC.AUTO_PER resumes. */
#define AUTO_PER (1u << 11)
enum { SUSPEND = 0x75, RESUME = 0x7a };

static void esp_rom_spi_flash_auto_sus_res(uint8_t on) {
    set(SPI1 + SUS_CTRL, 0x1fffe, SUSPEND << 9 | RESUME << 1);
    if (on) {
        set(SPI1 + DDR, 1, 0);
        esp_rom_spiflash_auto_wait_idle(1);
    }
    set(SPI1 + MISC, AUTO_PER, on ? AUTO_PER : 0);
    set(SPI1 + SUS_CTRL, 1, on != 0);
}
ENTRY(esp_rom_spi_flash_auto_sus_res, 0x40000a74);

static void esp_rom_spi_flash_send_resume(void) {
    set(SPI1 + DDR, 1, 0);
    uint32_t waits = REG(SPI1 + WAITI_CTRL) & 1;
    esp_rom_spiflash_auto_wait_idle(1);
    set(SPI1 + MISC, AUTO_PER, 0);
    set(SPI1 + SUS_CMD, 0, 1);
    while (REG(SPI1 + SUS_CMD) & 1)
        if (OLD->check_suspend)
            OLD->check_suspend();
    set(SPI1 + WAITI_CTRL, 0, waits);
}
ENTRY(esp_rom_spi_flash_send_resume, 0x40000a80);

/* Encrypted writes: XTS-AES has the address, the length and the cipher text, SPI1 the instruction alone. */
#define XTS_PLAIN 0x600cc000u
#define XTS_LINESIZE REG(0x600cc040u)
#define XTS_DESTINATION REG(0x600cc044u)
#define XTS_PHYSICAL_ADDRESS REG(0x600cc048u)
#define XTS_TRIGGER REG(0x600cc04cu)
#define XTS_RELEASE REG(0x600cc050u)
#define XTS_DESTROY REG(0x600cc054u)
#define XTS_STATE REG(0x600cc058u)
enum { DONE = 2, AVAILABLE = 3, PATIENCE = 100000, LINE = 64, TIMED_OUT = 2 };

static int state_comes(uint32_t state) {
    for (uint32_t n = 0; n < PATIENCE; n++)
        if (XTS_STATE == state)
            return 1;
    return 0;
}

/* As much as lies aligned, and in a page. */
static uint32_t line_at(uint32_t to, uint32_t left) {
    uint32_t room = CHIP->page - to % CHIP->page;
    for (uint32_t bytes = LINE; bytes > 16; bytes /= 2)
        if (to % bytes == 0 && left >= bytes && room >= bytes)
            return bytes;
    return 16;
}

static int write_lines(uint32_t to, const uint8_t *from, uint32_t count, uint32_t command) {
    int result = esp_rom_spiflash_unlock();
    while (count && !result) {
        uint32_t bytes = line_at(to, count);
        XTS_LINESIZE = bytes >> 5;
        rom_memcpy((void *)(XTS_PLAIN + to % LINE), from, bytes);
        XTS_PHYSICAL_ADDRESS = to;
        XTS_TRIGGER = 1;
        result = SPI_write_enable(CHIP);
        if (result)
            return result;
        if (!state_comes(DONE))
            return TIMED_OUT;
        XTS_RELEASE = 1;
        if (!state_comes(AVAILABLE))
            return TIMED_OUT;
        result = esp_rom_spiflash_wait_idle();
        if (result)
            return result;
        run_long(command);
        XTS_DESTROY = 1;
        count -= bytes;
        from += bytes;
        to += bytes;
    }
    return result ? result : esp_rom_spiflash_wait_idle();
}

static int esp_rom_spiflash_write_encrypted_dest(uint32_t destination, uint32_t to, const uint8_t *from, uint32_t count, uint8_t by_user) {
    if (to % 16 || count % 16)
        return 1;
    int result = 1;
    esp_rom_spiflash_write_encrypted_enable();
    if (destination < 2) { /* flash, RAM */
        XTS_DESTINATION = destination;
        result = write_lines(to, from, count, by_user ? USR | FLASH_PE : FLASH_PP);
    }
    esp_rom_spiflash_write_encrypted_disable();
    return result;
}
ENTRY(esp_rom_spiflash_write_encrypted_dest, 0x40000978);

/* A driver of the application's may do it. */
static int write_encrypted(uint32_t to, const uint8_t *from, uint32_t count) {
    typedef int writer(uint32_t, const uint8_t *, uint32_t);
    writer *other = OLD->write_encrypted;
    return other ? other(to, from, count) : esp_rom_spiflash_write_encrypted_dest(0, to, from, count, 0);
}
ALIAS(write_encrypted, write_encrypted, 0x4000096c);

/* A boot's first access to the flash. */
struct ecc {
    void (*switch_on)(uint32_t);
    void *others[3];
    void (*set_page_size)(uint32_t);
    void *other;
    void (*set_ratio)(uint32_t);
    void *another;
    void (*set_area)(uint32_t, uint32_t, uint32_t);
};
#define ECC (*(const struct ecc **)0x3fceffc0u) /* ets_ecc_table_ptr */
uint32_t ets_efuse_ecc_flash_page_size(void), ets_efuse_ecc_16to17_mode(void), ets_efuse_ecc_en(void), ets_efuse_flash_octal_mode(void);

/* Each page of flash gives a part of itself away for its check bytes. */
static void set_up_ecc(void) {
    for (uint32_t n = 0; n < 4; n++)
        ECC->set_area(n, n << 28, 0x1000);
    uint32_t size = ets_efuse_ecc_flash_page_size();
    ECC->set_page_size(256u << size);
    uint32_t kept = ets_efuse_ecc_16to17_mode() ? 240 : 224;
    ECC->set_ratio(kept == 224);
    struct old_chip *chip = CHIP;
    chip->page = kept << size;
    chip->sector = chip->page << 4;
    chip->block = chip->page << 8;
    chip->size = (chip->size >> 8) * kept;
    ECC->switch_on(0);
}

static void spi_flash_boot_attach(uint32_t pads, bool legacy, bool quiet) {
    set(IO_MUX_PIN_CTRL, 1 << 15, ets_efuse_flash_opi_5pads_power_sel_vddspi() ? 1 << 15 : 0);
    if (ets_efuse_flash_octal_mode())
        esp_rom_opiflash_pin_config();
    else
        SelectSpiFunction(pads);
    SPI_init(5, 4);
    if (ets_efuse_ecc_en()) {
        set_up_ecc();
        if (!quiet)
            ets_printf("Flash ECC Mode Enabled\n");
    }
    esp_rom_spiflash_config_readmode(5, legacy);
    if (quiet && ets_efuse_flash_octal_mode())
        esp_rom_opiflash_mode_reset(1);
}
ENTRY(spi_flash_boot_attach, 0x4000117c);
