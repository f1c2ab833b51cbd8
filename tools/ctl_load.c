// SPDX-License-Identifier: GPL-2.0-only
/* load: the module by its file, or by its name as modprobe finds it. */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ctl.h"
#include "ctl_module.h"

enum { OPTION_MODULE = 1 };

static const struct option_spec options[] = {
	{ "module", OPTION_MODULE, "FILE",
	  "this file; else $IPCX_MODULE, else what is installed in /lib/modules" },
	{ 0 }
};

static char *release(void)
{
	struct utsname kernel;

	uname(&kernel);
	return text("%s", kernel.release);
}

/* What the kernel must be to take this file, or NULL if it is not a module. */
static char *vermagic(const struct kmod_module *mod)
{
	struct kmod_list *list = NULL, *entry;
	char *found = NULL;

	if (kmod_module_get_info(mod, &list) < 0)
		return NULL;
	kmod_list_foreach(entry, list)
		if (!strcmp(kmod_module_info_get_key(entry), "vermagic"))
			found = text("%s", kmod_module_info_get_value(entry));
	kmod_module_info_free_list(list);
	return found;
}

static void wrong_kernel(const struct kmod_module *mod)
{
	const char *path = kmod_module_get_path(mod);
	char *built_for = vermagic(mod);
	char *running = release();
	size_t len = strlen(running);

	if (!built_for)
		warnx("%s is not a kernel module; name another with --module", path);
	else if (strncmp(built_for, running, len) || built_for[len] != ' ')
		warnx("%s was built for kernel %.*s, this is %s; build it with: make modules KDIR=/lib/modules/%s/build",
		      path, (int)strcspn(built_for, " "), built_for, running, running);
	else
		warnx("%s was built against another configuration of kernel %s (%s); build it again, and see dmesg for what differs",
		      path, running, built_for);
	free(built_for);
	free(running);
}

static void explain(int error, const struct kmod_module *mod)
{
	const char *path = kmod_module_get_path(mod);

	switch (-error) {
	case ENOEXEC:
		wrong_kernel(mod);
		break;
	case ENOENT:
		warnx("%s needs a symbol that this kernel has not; build it for this kernel, and see dmesg for which", path);
		break;
	case EKEYREJECTED:
	case EBADMSG:
	case ENOKEY:
	case ENOPKG:
		warnx("%s has no signature that the kernel accepts (Secure Boot); " SIGN_IT, path);
		break;
	default:
		module_failure("load", error);
	}
}

static int insert(struct kmod_module *mod, bool installed, const char *parameters)
{
	if (installed)
		return kmod_module_probe_insert_module(mod, 0, parameters, NULL,
						       NULL, NULL);
	return kmod_module_insert_module(mod, 0, parameters);
}

/* The file, or an exit with the reason why it cannot be. */
static struct kmod_module *look_up(struct kmod_ctx *ctx, const char *file)
{
	struct kmod_module *mod;
	int ret;

	if (file && access(file, R_OK))
		errx(EXIT_FAILURE, "cannot read module file '%s' (%s); build it with 'make modules', or name another with --module",
		     file, strerror(errno));
	ret = file ? kmod_module_new_from_path(ctx, file, &mod) :
		     kmod_module_new_from_name(ctx, MODULE_NAME, &mod);
	if (ret < 0)
		errx(EXIT_FAILURE, "cannot look at the module: %s", strerror(-ret));
	if (!kmod_module_get_path(mod))
		errx(EXIT_FAILURE, "no module " MODULE_NAME " in /lib/modules/%s; name its file: ipcxctl load --module FILE",
		     release());
	return mod;
}

/* Parameters as the kernel takes them: separated by blanks. */
static char *join(const struct command *command, int argc, char **argv)
{
	char *joined = text("%s", "");

	for (int i = 0; i < argc; i++) {
		char *longer;

		if (!strchr(argv[i], '='))
			usage_error(command, "'%s' is no PARAMETER=VALUE", argv[i]);
		longer = text("%s%s%s", joined, i ? " " : "", argv[i]);
		free(joined);
		joined = longer;
	}
	return joined;
}

static int run(const struct command *command, int argc, char **argv)
{
	const char *file = getenv("IPCX_MODULE");
	struct kmod_module *mod;
	struct kmod_ctx *ctx;
	char *parameters;
	int ret;

	while (next_option(command, argc, argv) != -1)
		file = optarg;
	parameters = join(command, argc - optind, argv + optind);

	ctx = module_context();
	if (module_is_loaded(ctx)) {
		if (!quiet)
			printf(MODULE_NAME " is loaded already\n");
		ret = 0;
		goto out;
	}
	mod = look_up(ctx, file);
	ret = insert(mod, !file, parameters);
	if (ret < 0)
		explain(ret, mod);
	else if (!quiet)
		printf("loaded %s\n", kmod_module_get_path(mod));
	kmod_module_unref(mod);
out:
	kmod_unref(ctx);
	free(parameters);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

const struct command command_load = {
	.name = "load",
	.arguments = "[--module FILE] [PARAMETER=VALUE...]",
	.most = INT_MAX,
	.summary = "load the kernel module",
	.options = options,
	.run = run,
};
