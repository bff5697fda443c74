/* RP2040 datasheet 2.8.2: core 1 waits in the boot ROM for six words, and echoes each one. */
#include "runtime.h"

extern uint32_t __core1_stack_top[];

void core1_launch(void (*entry)(void)) {
    const uint32_t words[] = {0, 0, 1, SCB->VTOR, (uintptr_t)__core1_stack_top, (uintptr_t)entry};
    for (unsigned i = 0; i < sizeof words / sizeof *words;) {
        if (words[i] == 0) { /* an old word in the way would be taken for the echo */
            while (SIO->FIFO_ST & SIO_FIFO_ST_VLD)
                (void)SIO->FIFO_RD;
            send_event();
        }
        while (!(SIO->FIFO_ST & SIO_FIFO_ST_RDY)) {
        }
        SIO->FIFO_WR = words[i];
        send_event();
        while (!(SIO->FIFO_ST & SIO_FIFO_ST_VLD))
            wait_for_event();
        i = SIO->FIFO_RD == words[i] ? i + 1 : 0;
    }
}
