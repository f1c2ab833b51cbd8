// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "ctl_module.h"

static void silence(void *data, int priority, const char *file, int line,
		    const char *function, const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line;
	(void)function, (void)format, (void)args;
}

struct kmod_ctx *module_context(void)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	if (!ctx)
		errx(EXIT_FAILURE, "cannot set up libkmod: out of memory");
	kmod_set_log_fn(ctx, silence, NULL);
	return ctx;
}

bool module_is_loaded(struct kmod_ctx *ctx)
{
	struct kmod_module *mod;
	int state;

	if (kmod_module_new_from_name(ctx, MODULE_NAME, &mod) < 0)
		return false;
	state = kmod_module_get_initstate(mod);
	kmod_module_unref(mod);
	return state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN;
}

/* Does the file's first line contain the word; no if there is no such file. */
static bool file_says(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char line[128] = "";

	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return strstr(line, word);
}

static const char *refusal(void)
{
	const char *privilege = "that takes privilege (CAP_SYS_MODULE); run it as root, with sudo";

	if (geteuid())
		return privilege;
	if (file_says("/proc/sys/kernel/modules_disabled", "1"))
		return "kernel.modules_disabled is set, until the next boot";
	if (file_says("/sys/kernel/security/lockdown", "[integrity]") ||
	    file_says("/sys/kernel/security/lockdown", "[confidentiality]"))
		return "the kernel is locked down (Secure Boot) and takes signed modules only; " SIGN_IT;
	return privilege;
}

void module_failure(const char *what, int error)
{
	const char *why;

	switch (-error) {
	case EPERM:
		why = refusal();
		break;
	case ENOSYS:
		why = "this kernel has no support for modules; use another, in a virtual machine for example";
		break;
	default:
		warnx("cannot %s " MODULE_NAME ": %s; see dmesg", what, strerror(-error));
		return;
	}
	warnx("cannot %s " MODULE_NAME ": %s", what, why);
}
