/* SPDX-License-Identifier: GPL-2.0-only */
/* What load, unload and status have in common. */
#ifndef TOOLS_CTL_MODULE_H
#define TOOLS_CTL_MODULE_H

#include <libkmod.h>
#include <stdbool.h>

/* What to do where the kernel takes signed modules only. */
#define SIGN_IT	"sign it with a key that is enrolled (see mokutil), or switch Secure Boot off"

/* A silent one: what libkmod would print is said by the tool. */
struct kmod_ctx *module_context(void);

bool module_is_loaded(struct kmod_ctx *ctx);

/* Says why the module could not be loaded or unloaded, for reasons common to both. */
void module_failure(const char *what, int error);

#endif /* TOOLS_CTL_MODULE_H */
