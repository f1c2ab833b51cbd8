// SPDX-License-Identifier: LGPL-2.1-or-later
/* URIs of channels, taken apart: RFC 3986 is liburiparser's, the options ours. */
#include <stdlib.h>
#include <uriparser/Uri.h>

#include <ipcx/socket.h>

#include "channel_uri.h"
#include "sys.h"

struct option {
	const char *name;
	int (*parse)(const char *text, uint64_t *value);
};

static int parse_base(const char *text, int base, uint64_t most, char **end,
		      uint64_t *value)
{
	int saved = errno;

	/* strtoull() would take white space and a sign. */
	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, end, base);
	if (errno || *value > most)
		*end = NULL;
	errno = saved;
	return *end ? 0 : -EINVAL;
}

/* What counts or measures fits 32 bits, whatever mechanism it is for. */
static int parse_number(const char *text, uint64_t *value)
{
	static const char units[] = "kMG";
	const char *unit;
	char *end;
	int ret = parse_base(text, 10, UINT32_MAX, &end, value);

	if (ret < 0 || !*end)
		return ret;
	unit = strchr(units, *end);
	if (!unit || end[1])
		return -EINVAL;
	*value <<= 10 * (unit - units + 1);
	return *value > UINT32_MAX ? -EINVAL : 0;
}

/* Of nothing there is no channel. */
static int parse_count(const char *text, uint64_t *value)
{
	int ret = parse_number(text, value);

	return ret < 0 || *value ? ret : -EINVAL;
}

static int parse_mode(const char *text, uint64_t *value)
{
	char *end;
	int ret = parse_base(text, 8, 0777, &end, value);

	return ret < 0 || *end ? -EINVAL : 0;
}

static int parse_flag(const char *text, uint64_t *value)
{
	if ((*text != '0' && *text != '1') || text[1])
		return -EINVAL;
	*value = *text - '0';
	return 0;
}

static int parse_type(const char *text, uint64_t *value)
{
	if (!strcmp(text, "stream"))
		*value = IPCX_SOCKET_STREAM;
	else if (!strcmp(text, "seqpacket"))
		*value = IPCX_SOCKET_SEQPACKET;
	else if (!strcmp(text, "dgram"))
		*value = IPCX_SOCKET_DGRAM;
	else
		return -EINVAL;
	return 0;
}

static const struct option options[OPTIONS] = {
	[OPTION_SIZE]	   = { "size", parse_count },
	[OPTION_SLOTS]	   = { "slots", parse_count },
	[OPTION_MODE]	   = { "mode", parse_mode },
	[OPTION_TYPE]	   = { "type", parse_type },
	[OPTION_SIGNAL]	   = { "signal", parse_number },
	[OPTION_LANES]	   = { "lanes", parse_count },
	[OPTION_SPIN]	   = { "spin", parse_number },
	[OPTION_DROP]	   = { "drop", parse_flag },
	[OPTION_BROADCAST] = { "broadcast", parse_flag },
	[OPTION_KEEP]	   = { "keep", parse_flag },
	[OPTION_MAP]	   = { "map", parse_flag },
};

/* Each once, and only what the mechanism takes. */
static int add_option(struct channel_uri *uri, uint32_t known, const char *key,
		      const char *value)
{
	for (int i = 0; i < OPTIONS; i++) {
		if (strcmp(options[i].name, key))
			continue;
		if (!(known & 1U << i) || uri->given & 1U << i || !value)
			return -EINVAL;
		uri->given |= 1U << i;
		return options[i].parse(value, &uri->value[i]);
	}
	return -EINVAL;
}

static bool is_empty(const UriTextRangeA *range)
{
	return range->first == range->afterLast;
}

static int parse_options(const UriTextRangeA *query, uint32_t known,
			 struct channel_uri *uri)
{
	UriQueryListA *list;
	int count, ret = 0;

	if (is_empty(query))
		return 0;
	if (uriDissectQueryMallocA(&list, &count, query->first,
				   query->afterLast))
		return -ENOMEM;
	for (UriQueryListA *at = list; at && !ret; at = at->next)
		ret = add_option(uri, known, at->key, at->value);
	uriFreeQueryListA(list);
	return ret;
}

/* A copy of what stands there, unescaped; "%00" would end it early. */
static int text_of(const char *first, const char *end, char **text)
{
	char *copy = strndup(first ? first : "", first ? end - first : 0);

	if (!copy)
		return -ENOMEM;
	if (strstr(copy, "%00")) {
		free(copy);
		return -EINVAL;
	}
	uriUnescapeInPlaceA(copy);
	*text = copy;
	return 0;
}

/* The segments stand together in the text, with what is between them. */
static int parse_name(const UriUriA *parsed, char **name)
{
	const UriPathSegmentA *head = parsed->pathHead;
	/* As a path that comes behind "//" begins with a slash, too. */
	bool slash = parsed->absolutePath || parsed->hostText.first;

	if (!head)
		return text_of(NULL, NULL, name);
	return text_of(head->text.first - slash,
		       parsed->pathTail->text.afterLast, name);
}

static int parse_place(const UriUriA *parsed, bool at_host,
		       struct channel_uri *uri)
{
	int ret;

	if (is_empty(&parsed->hostText) == at_host ||
	    is_empty(&parsed->portText) == at_host ||
	    (at_host && parsed->pathHead))
		return -EINVAL;
	ret = parse_name(parsed, &uri->name);
	if (ret < 0 || !at_host)
		return ret;
	ret = text_of(parsed->hostText.first, parsed->hostText.afterLast,
		      &uri->host);
	if (ret < 0)
		return ret;
	return text_of(parsed->portText.first, parsed->portText.afterLast,
		       &uri->port);
}

static const struct channel_ops *
find_scheme(const UriTextRangeA *scheme,
	    const struct channel_ops *const *schemes)
{
	size_t len = scheme->afterLast - scheme->first;

	for (; *schemes; schemes++)
		if (strlen((*schemes)->scheme) == len &&
		    !memcmp((*schemes)->scheme, scheme->first, len))
			return *schemes;
	return NULL;
}

int uri_parse(const char *text, const struct channel_ops *const *schemes,
	      const struct channel_ops **ops, struct channel_uri *uri)
{
	UriUriA parsed;
	int ret = uriParseSingleUriA(&parsed, text, NULL);

	*uri = (struct channel_uri) { .name = NULL };
	if (ret)
		return ret == URI_ERROR_MALLOC ? -ENOMEM : -EINVAL;
	ret = -EINVAL;
	if (!parsed.scheme.first || parsed.fragment.first ||
	    parsed.userInfo.first)
		goto out;
	ret = -EPROTONOSUPPORT;
	*ops = find_scheme(&parsed.scheme, schemes);
	if (!*ops)
		goto out;
	ret = parse_place(&parsed, (*ops)->at_host, uri);
	if (!ret)
		ret = parse_options(&parsed.query, (*ops)->options, uri);
	if (ret < 0)
		uri_free(uri);
out:
	uriFreeUriMembersA(&parsed);
	return ret;
}

void uri_free(struct channel_uri *uri)
{
	free(uri->name);
	free(uri->host);
	free(uri->port);
}

int uri_number(const struct channel_uri *uri, long long min, long long max,
	       long long *number)
{
	int saved = errno;
	char *end;

	errno = 0;
	*number = strtoll(uri->name, &end, 0);
	if (errno || end == uri->name || *end || *number < min || *number > max)
		end = NULL;
	errno = saved;
	return end ? 0 : -EINVAL;
}
