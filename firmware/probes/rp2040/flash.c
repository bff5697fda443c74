/* Flash (W25Q16JV) through the boot ROM's functions and by commands of our own. Works in the last 64 KB of 2 MB. */
#include "rom.h"

#include "probe.h"

#define AREA 0x1f0000u
#define SECTOR 4096u
#define READ_DATA 0x03u
#define PAGE_PROGRAM 0x02u
#define READ_STATUS_1 0x05u
#define WRITE_ENABLE 0x06u
#define SECTOR_ERASE 0x20u
#define READ_UNIQUE_ID 0x4bu
#define JEDEC_ID 0x9fu
#define STATUS_BUSY BIT(0)
#define STATUS_WEL BIT(1)
#define SSI_SR_TFNF BIT(1)
#define SSI_SR_RFNE BIT(3)
#define SSI_FIFO 16u
#define OUTOVER_LOW (2u << 8)
#define OUTOVER_HIGH (3u << 8)

static void (*connect_internal_flash)(void), (*flash_exit_xip)(void), (*flash_flush_cache)(void), (*flash_enter_cmd_xip)(void);
static void (*flash_range_erase)(uint32_t, uint32_t, uint32_t, uint8_t);
static void (*flash_range_program)(uint32_t, const uint8_t *, uint32_t);

static uint8_t page[256], answer[32], request[16];
static uint8_t write_enable[1] = {WRITE_ENABLE}, read_status[2] = {READ_STATUS_1, 0};

/* Nothing may come from flash between leaving XIP and entering it again: no instruction, no constant. */
TIME_CRITICAL(leave_xip) static void leave_xip(void) {
    connect_internal_flash();
    flash_exit_xip();
}
TIME_CRITICAL(enter_xip) static void enter_xip(void) {
    flash_flush_cache();
    flash_enter_cmd_xip();
}
TIME_CRITICAL(erase) static void erase(uint32_t address, uint32_t length) {
    leave_xip();
    flash_range_erase(address, length, 65536, 0xd8);
    enter_xip();
}
TIME_CRITICAL(program) static void program(uint32_t address) {
    leave_xip();
    flash_range_program(address, page, sizeof page);
    enter_xip();
}

/* One command with CS held low by its override, so that it lasts as long as the bytes do. */
TIME_CRITICAL(transfer) static void transfer(const uint8_t *out, uint8_t *in, uint32_t length) {
    uint32_t sent = 0, received = 0, looks = 0;
    IO_QSPI->SS.CTRL = OUTOVER_LOW;
    while (received < length && ++looks < 100000) {
        if (sent < length && sent - received < SSI_FIFO - 2 && SSI->SR & SSI_SR_TFNF)
            SSI->DR0 = out[sent++];
        if (SSI->SR & SSI_SR_RFNE)
            in[received++] = (uint8_t)SSI->DR0;
    }
    IO_QSPI->SS.CTRL = OUTOVER_HIGH;
}
static void copy_request(const uint8_t *out, uint32_t length) {
    for (uint32_t n = 0; n < length; n++)
        request[n] = out[n];
}
TIME_CRITICAL(command) static void command(const uint8_t *out, uint32_t length) {
    copy_request(out, length);
    leave_xip();
    transfer(request, answer, length);
    IO_QSPI->SS.CTRL = 0;
    enter_xip();
}
/* Write enable, a command that writes, and the status until it is done: the number of looks that saw BUSY. */
TIME_CRITICAL(write_command) static uint32_t write_command(const uint8_t *out, uint32_t length) {
    uint32_t looks = 0;
    copy_request(out, length);
    leave_xip();
    transfer(write_enable, answer, 1);
    transfer(request, answer, length);
    do {
        transfer(read_status, answer, 2);
    } while (answer[1] & STATUS_BUSY && ++looks < 1000000);
    IO_QSPI->SS.CTRL = 0;
    enter_xip();
    return looks;
}

static uint32_t flash_word(uint32_t address) { return *(const volatile uint32_t *)(XIP_NOCACHE_NOALLOC_BASE + address); }

static void probes(void) {
    connect_internal_flash = rom_function(ROM_CODE('I', 'F'));
    flash_exit_xip = rom_function(ROM_CODE('E', 'X'));
    flash_range_erase = rom_function(ROM_CODE('R', 'E'));
    flash_range_program = rom_function(ROM_CODE('R', 'P'));
    flash_flush_cache = rom_function(ROM_CODE('F', 'C'));
    flash_enter_cmd_xip = rom_function(ROM_CODE('C', 'X'));
    unreset(RESET_IO_QSPI);
    unreset(RESET_PADS_QSPI);
    interrupts_off();

    command((const uint8_t[]){JEDEC_ID, 0, 0, 0}, 4);
    probe(1, answer[1]);
    probe(2, answer[3]);
    command((const uint8_t[13]){READ_UNIQUE_ID}, 13);
    uint32_t all_or = 0, all_and = 0xff;
    for (int n = 5; n < 13; n++) {
        all_or |= answer[n];
        all_and &= answer[n];
    }
    probe(3, all_or != 0 && all_and != 0xff);

    erase(AREA, 2 * SECTOR);
    probe(4, flash_word(AREA));
    probe(5, flash_word(AREA + 2 * SECTOR - 4));
    for (uint32_t n = 0; n < sizeof page; n++)
        page[n] = (uint8_t)n;
    program(AREA + 256);
    probe(6, flash_word(AREA + 256));
    probe(7, flash_word(AREA + 508));
    probe(8, flash_word(AREA + 512));
    probe(9, *(const volatile uint32_t *)(XIP_BASE + AREA + 256));

    /* Programming only clears bits. */
    for (uint32_t n = 0; n < sizeof page; n++)
        page[n] = 0xf0;
    program(AREA + 256);
    probe(10, flash_word(AREA + 256 + 0x30));

    /* A page program that runs over the end of its page goes on at its start. */
    const uint32_t at = AREA + SECTOR + 0xfc;
    uint8_t wrapping[12] = {PAGE_PROGRAM, at >> 16, at >> 8 & 0xff, at & 0xff, 1, 2, 3, 4, 5, 6, 7, 8};
    probe(11, write_command(wrapping, 12) > 0);
    probe(12, flash_word(AREA + SECTOR + 0xfc));
    probe(13, flash_word(AREA + SECTOR));
    probe(14, flash_word(AREA + SECTOR + 0x100));

    /* Without write enable nothing is written; WEL falls after a write. */
    command((const uint8_t[]){PAGE_PROGRAM, (AREA + SECTOR + 0x200) >> 16, (AREA + SECTOR + 0x200) >> 8 & 0xff, 0, 0}, 5);
    probe(15, flash_word(AREA + SECTOR + 0x200));
    command((const uint8_t[]){READ_STATUS_1, 0}, 2);
    probe(16, answer[1] & (STATUS_BUSY | STATUS_WEL));

    /* Erasing one sector leaves the next. */
    uint8_t erasing[4] = {SECTOR_ERASE, AREA >> 16, AREA >> 8 & 0xff, 0};
    write_command(erasing, 4);
    probe(17, flash_word(AREA + 256));
    probe(18, flash_word(AREA + SECTOR));
    command((const uint8_t[]){READ_DATA, (AREA + SECTOR) >> 16, (AREA + SECTOR) >> 8 & 0xff, 0xfd, 0, 0}, 6);
    probe(19, (uint32_t)answer[4] << 8 | answer[5]);
    probe(20, SSI->IDR);
    interrupts_on();
}
