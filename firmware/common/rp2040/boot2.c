/* Second stage: 256 bytes at the start of flash.
 *
 * RP2040 datasheet 2.8.1.3: the boot ROM copies these bytes to the last 256 bytes of SRAM, checks the CRC32 in the
 * last word (tools/boot2_crc.py puts it there) and calls them with LR = 0. They set the SSI up for execute in place
 * with the fast read quad I/O command EBh of the Winbond W25Q16JV (datasheet 8.2.11) in continuous read mode, where
 * the command byte is sent once and never again.
 * A program that has used the ROM's flash functions calls a copy of them, from anywhere in SRAM, to get execute in
 * place back: everything here is position independent, and returns to a caller that left an address in LR.
 */
#include "rp2040.h"

struct pads_qspi {
    reg VOLTAGE_SELECT, SCLK, SD[4], SS;
};
#define PADS_QSPI ((struct pads_qspi *)0x40020000u)
#define PADS_QSPI_CLR ((struct pads_qspi *)(0x40020000u + ALIAS_CLR))
#define PAD_DRIVE_8MA (2u << 4)
struct ssi_tail {
    reg RX_SAMPLE_DLY, SPI_CTRLR0;
};
#define SSI_TAIL ((struct ssi_tail *)0x180000f0u)

#define FLASH_WRITE_STATUS 0x01u
#define FLASH_READ_STATUS_1 0x05u
#define FLASH_WRITE_ENABLE 0x06u
#define FLASH_READ_STATUS_2 0x35u
#define FLASH_FAST_READ_QUAD_IO 0xebu
#define STATUS_1_BUSY BIT(0)
#define STATUS_2_QE BIT(1)
#define MODE_CONTINUOUS_READ 0xa0u /* M5-4 = 10b keeps the flash in continuous read mode */

#define SSI_SR_BUSY BIT(0)
#define SSI_SR_TFE BIT(2)
#define CTRLR0_DFS_32(bits) (((uint32_t)(bits)-1) << 16)
#define CTRLR0_TMOD_EEPROM_READ (3u << 8)
#define CTRLR0_SPI_FRF_QUAD (2u << 21)
#define SPI_CTRLR0_ADDR_L(bits) ((uint32_t)(bits) / 4 << 2)
#define SPI_CTRLR0_INST_L_8B (2u << 8)
#define SPI_CTRLR0_WAIT_CYCLES(n) ((uint32_t)(n) << 11)
#define SPI_CTRLR0_XIP_CMD(byte) ((uint32_t)(byte) << 24)
#define SPI_CTRLR0_TRANS_TYPE_1C2A 1u /* command on one line, address on four */
#define SPI_CTRLR0_TRANS_TYPE_2C2A 2u /* both on four */

static inline void wait_idle(void) {
    while (!(SSI->SR & SSI_SR_TFE) || (SSI->SR & SSI_SR_BUSY)) {
    }
}

/* The SSI shifts both ways at once: a byte is received for each one sent, and the status arrives with the second. */
static uint32_t read_status(uint32_t command) {
    SSI->DR0 = command;
    SSI->DR0 = 0;
    wait_idle();
    (void)SSI->DR0;
    return SSI->DR0;
}

static __attribute__((used)) void set_up_xip(void) {
    PADS_QSPI->SCLK = PAD_DRIVE_8MA | PAD_SLEWFAST;
    for (int line = 0; line < 4; line++)
        PADS_QSPI_CLR->SD[line] = PAD_SCHMITT; /* the input hysteresis would eat into the setup time */

    SSI->SSIENR = 0;
    SSI->BAUDR = 2;
    SSI_TAIL->RX_SAMPLE_DLY = 1; /* the round trip to the flash takes longer than half a clock */

    SSI->CTRLR0 = CTRLR0_DFS_32(8);
    SSI->SSIENR = 1;
    if (!(read_status(FLASH_READ_STATUS_2) & STATUS_2_QE)) {
        SSI->DR0 = FLASH_WRITE_ENABLE;
        wait_idle();
        SSI->DR0 = FLASH_WRITE_STATUS;
        SSI->DR0 = 0;
        SSI->DR0 = STATUS_2_QE;
        wait_idle();
        for (int sent = 0; sent < 4; sent++)
            (void)SSI->DR0;
        while (read_status(FLASH_READ_STATUS_1) & STATUS_1_BUSY) {
        }
    }

    /* One read with its command, to put the flash into continuous read mode. */
    SSI->SSIENR = 0;
    SSI->CTRLR0 = CTRLR0_SPI_FRF_QUAD | CTRLR0_DFS_32(32) | CTRLR0_TMOD_EEPROM_READ;
    SSI->CTRLR1 = 0;
    SSI_TAIL->SPI_CTRLR0 = SPI_CTRLR0_ADDR_L(32) | SPI_CTRLR0_WAIT_CYCLES(4) | SPI_CTRLR0_INST_L_8B | SPI_CTRLR0_TRANS_TYPE_1C2A;
    SSI->SSIENR = 1;
    SSI->DR0 = FLASH_FAST_READ_QUAD_IO;
    SSI->DR0 = MODE_CONTINUOUS_READ;
    wait_idle();

    /* From here on the XIP cache makes the reads: address and mode bits only. */
    SSI->SSIENR = 0;
    SSI_TAIL->SPI_CTRLR0 = SPI_CTRLR0_XIP_CMD(MODE_CONTINUOUS_READ) | SPI_CTRLR0_ADDR_L(32) | SPI_CTRLR0_WAIT_CYCLES(4) |
                     SPI_CTRLR0_TRANS_TYPE_2C2A;
    SSI->SSIENR = 1;
}

/* The first instruction of the second stage (2.8.1.2.1 gives the way out: VTOR, stack pointer, reset handler). */
__attribute__((naked, used, section(".boot2.entry"))) void boot2(void) {
    __asm__ volatile("push {lr}           \n"
                     "bl   set_up_xip     \n"
                     "pop  {r0}           \n"
                     "cmp  r0, #0         \n"
                     "beq  1f             \n"
                     "bx   r0             \n"
                     "1: ldr r0, =0x10000100 \n"
                     "ldr  r1, =0xe000ed08 \n"
                     "str  r0, [r1]       \n"
                     "ldmia r0, {r0, r1}  \n"
                     "msr  msp, r0        \n"
                     "bx   r1             \n"
                     ".ltorg              \n");
}
