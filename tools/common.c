// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include <ipcx/ipcx.h>

#include "common.h"

/* A full disk is noticed only when the last of the output is written. */
static void flush_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	warn("cannot write to standard output");
	_exit(EXIT_FAILURE);
}

void tool_start(void)
{
	int fd;

	/*
	 * A stream that the caller closed would be the number of the next file
	 * opened, and messages would go there. /dev/null for reading only gives
	 * the error that writing to a closed one should.
	 */
	do {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	signal(SIGPIPE, SIG_IGN);
	setlocale(LC_CTYPE, "");
	atexit(flush_output);
}

static const char *device_reason(void)
{
	if (access("/sys/module/ipcx", F_OK))
		return "the ipcx module is not loaded; run: ipcxctl load";
	return "the ipcx module is loaded, but there is no /dev/ipcx; mount devtmpfs on /dev, or pass it into the container (--device /dev/ipcx)";
}

const char *reason(int error)
{
	switch (-error) {
	case ENODEV:
		return device_reason();
	case EACCES:
		return access("/dev/ipcx", R_OK | W_OK) ?
		       "/dev/ipcx may not be opened by this user; see its mode" :
		       "its mode does not allow that to this user; see: ipcxctl ls";
	case ENOENT:
		return "there is no object of this name; see: ipcxctl ls";
	case EPROTOTYPE:
		return "it is an object of another kind; see: ipcxctl ls";
	case EPERM:
		return "only its owner or root may do that; see: ipcxctl ls";
	case EEXIST:
		return "the name is taken; choose another, or remove it with: ipcxctl rm";
	case EFBIG:
		return "larger than the module allows; see: ipcxctl status";
	case EDQUOT:
		return "this user has as much as the module allows; remove some with: ipcxctl rm, or have root raise /sys/module/ipcx/parameters/max_*";
	case ENOMEM:
		return "there is not enough memory; make it smaller, or free some (free, /proc/meminfo)";
	case EUSERS:
		return "too many processes map it; use --mediated";
	case EBADMSG:
		return "a process that maps the queue spoiled it; make it anew";
	case EIDRM:
		return "it was shut down; make it anew";
	case EPIPE:
		return "the other side has gone";
	case EMFILE:
	case ENFILE:
		return "too many files are open; see: ulimit -n";
	case ENOTTY:
	case E2BIG:
	case EINVAL:
		return "the module does not take that; is it of another version? see: ipcxctl version, ipcxctl status";
	case EOPNOTSUPP:
		return "this kernel or kind of object cannot do that; see: ipcxctl status";
	default:
		return strerror(-error);
	}
}

int exit_status(int error)
{
	switch (-error) {
	case 0:
		return EXIT_SUCCESS;
	case ENOENT:
		return EXIT_ABSENT;
	case ENODEV:
		return EXIT_UNLOADED;
	case EAGAIN:
	case ETIMEDOUT:
		return EXIT_LATE;
	default:
		return EXIT_FAILURE;
	}
}

char *vtext(const char *format, va_list args)
{
	char *string;

	if (vasprintf(&string, format, args) < 0)
		err(EXIT_FAILURE, "cannot go on");
	return string;
}

char *text(const char *format, ...)
{
	va_list args;
	char *string;

	va_start(args, format);
	string = vtext(format, args);
	va_end(args);
	return string;
}

int failure(int error, const char *format, ...)
{
	va_list args;
	char *what;

	va_start(args, format);
	what = vtext(format, args);
	va_end(args);
	warnx("%s: %s", what, reason(error));
	free(what);
	return exit_status(error);
}

int parse_size(const char *string, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	unsigned long long number;
	const char *unit;
	char *end;

	/* strtoull() takes a sign and blanks too. */
	if (*string < '0' || *string > '9')
		return -EINVAL;
	errno = 0;
	number = strtoull(string, &end, 10);
	if (errno)
		return -errno;
	if (*end) {
		unit = strchr(units, *end);
		if (!unit || end[1])
			return -EINVAL;
		if (__builtin_mul_overflow(number, 1ULL << 10 * (unit - units + 1),
					   &number))
			return -ERANGE;
	}
	*bytes = number;
	return 0;
}

char *size_text(uint64_t bytes)
{
	static const char units[] = " KMGTPE";
	double value = bytes;
	int unit = 0;

	while (value >= 1023.95) {
		value /= 1024;
		unit++;
	}
	if (!unit)
		return text("%llu", (unsigned long long)bytes);
	return text("%.*f%c", value < 100 && value != (int)value, value,
		    units[unit]);
}

char *harmless(const char *string)
{
	char *copy = malloc(4 * strlen(string) + 1), *out = copy;
	mbstate_t state = { 0 };

	if (!copy)
		err(EXIT_FAILURE, "cannot go on");
	while (*string) {
		wchar_t character;
		size_t n = mbrtowc(&character, string, MB_CUR_MAX, &state);

		if (n <= MB_CUR_MAX && iswprint(character)) {
			out = mempcpy(out, string, n);
			string += n;
			continue;
		}
		out += sprintf(out, "\\x%02x", (unsigned char)*string++);
		state = (mbstate_t) { 0 };
	}
	*out = '\0';
	return copy;
}

