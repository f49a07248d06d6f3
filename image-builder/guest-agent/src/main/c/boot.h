/* From the kernel's hand-over to the open port. */
#ifndef MAYFLY_BOOT_H
#define MAYFLY_BOOT_H

#include "agent.h"

/* Mounts proc, sys and dev, and opens 0, 1 and 2. */
void boot_mount(void);
/* Loads what /modules.list names, one path a line, in its order. */
void boot_load_modules(void);
/* Locks memory and keeps the kernel from killing us. */
void boot_protect(struct agent *agent);
/* Tells the kernel where the helper is that loads modules on demand, and makes the nodes whose opening asks for one. */
void boot_offer_modules(const struct agent *agent);
/* Waits for the port; -1 when it does not come. */
int boot_open_port(void);

#endif
