/* Which application starts: otadata with rollback. */
#ifndef OTADATA_H
#define OTADATA_H

#include "runtime.h"

/* `at`: of the partition; `slots`: how many applications there are for it. The answer is a slot; the states of what was
 * chosen, or has failed, are brought up to date in flash. `use_factory` says that nothing is chosen. */
uint32_t otadata_choose(uint32_t at, uint32_t slots, uint32_t has_factory, uint32_t *use_factory);

#endif
