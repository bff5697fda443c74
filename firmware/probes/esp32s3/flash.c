/* placeholder */
#include "probe.h"
static const uint32_t table[] = {1,2,3,0xcafe};
static void probes(void) {
    log_init();
    log_printf("in flash %p %p\n", (void*)probes, (void*)table);
    probe(1, table[3]);
}
