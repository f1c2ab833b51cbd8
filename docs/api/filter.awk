# SPDX-License-Identifier: GPL-2.0-only
# A public header as doxygen wants it. Its comments are kernel-doc, which the manual pages are made
# of too, so here they only change their form:
#
#	f() - what for		the first sentence; of what takes a handle or less and returns no
#				status, also what it returns
#	@x: text		an argument, or a member
#	Returns, Errors:	wherever they begin a sentence
#	f_try, f_timed		have what f has
#	the first comment	is the file's
#	a comment in front of	is that of each that has none behind it
#	constants

function escape(text)
{
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/\\/, "\\\\", text)
	gsub(/@[a-z_0-9]+((-&gt;|\.)[a-z_0-9]+)*/, "<em>&</em>", text)
	gsub(/<em>@/, "<em>", text)
	gsub(/@/, "\\@", text)
	gsub(/#/, "\\#", text)
	return text
}

# A sentence that tells what is returned, and the errors, wherever they begin.
function sections(text)
{
	if (match(text, /(^|\. |\n)Returns /))
		text = substr(text, 1, RSTART) " @return " substr(text, RSTART + RLENGTH)
	sub(/^R @return/, " @return", text)
	if (match(text, /(^|[.\n] ?)Errors: /))
		text = substr(text, 1, RSTART) "\n@par Errors\n" substr(text, RSTART + RLENGTH)
	sub(/^E\n@par/, "\n@par", text)
	return text
}

# ---- the file's own comment ----

function file_comment(text,   line, n, i, code, out)
{
	n = split(text, line, "\n")
	for (i = 1; i <= n; i++) {
		if (line[i] ~ /^\t/ && (code || line[i - 1] == "")) {
			out = out (code ? "" : "@verbatim\n") line[i] "\n"
			code = 1
			continue
		}
		if (code && line[i] == "") {
			out = out "\n"
			if (line[i + 1] ~ /^\t/)
				continue
			out = out "@endverbatim\n"
			code = 0
			continue
		}
		if (match(line[i], /^[A-Z][a-z]+\t+/))
			out = out "@par " substr(line[i], 1, RLENGTH) "\n"
		sub(/^[A-Z][a-z]+\t+/, "", line[i])
		out = out escape(line[i]) "\n"
	}
	out = out (code ? "@endverbatim\n" : "") "*/"
	return FILENAME ~ /lib\/include\/ipcx\/ipcx\.h$/ ? \
		"/** @mainpage ipcx\n" out "\n/** @file\nIncludes all others. */" : "/** @file\n" out
}

# ---- /** ... */ ----

function summary(form)
{
	return toupper(substr(brief, 1, 1)) substr(brief, 2) form ".\n"
}

# Takes said apart into brief, args and body; what is of members goes into member[].
function take_apart(   line, n, i, at, name)
{
	brief = args = body = ""
	split("", member)
	n = split(said, line, "\n")
	at = "brief"
	for (i = 1; i <= n; i++) {
		if (match(line[i], /^@[a-z_0-9]+: /)) {
			at = substr(line[i], 2, RLENGTH - 3)
			member[at] = escape(substr(line[i], RLENGTH + 1))
			name = name " " at
		} else if (line[i] == "") {
			at = "body"
			body = body "\n"
		} else if (at == "brief") {
			sub(/^.* - /, "", line[i])
			brief = brief (brief == "" ? "" : " ") escape(line[i])
		} else if (at == "body") {
			body = body escape(line[i]) "\n"
		} else {
			member[at] = member[at] " " escape(line[i])
		}
		gsub(/\t/, "", brief)
		gsub(/\t/, "", member[at])
	}
	n = split(name, line, " ")
	for (i = 1; i <= n; i++)
		args = args " @param " line[i] " " member[line[i]] "\n"
}

# A handle that stays as it is, or nothing at all, is asked for the one thing it is named for.
function is_getter()
{
	return declared !~ /^void / && declared ~ /\((const struct [^,]*|void)\);$/ && body !~ /Returns|Errors/
}

function function_comment(form, more)
{
	return "/** @brief " summary(form) args more "\n" sections(body) \
		(is_getter() ? "\n@return " brief "\n" : "") "*/"
}

function emit_function()
{
	print function_comment()
	print declared
	base = declared
	sub(/\(.*/, "", base)
	sub(/.*[ *]/, "", base)
}

function emit_form(line)
{
	print index(line, base "_try(") ? function_comment(", without waiting") : \
		function_comment(", until a deadline", " @param deadline_ns when to give up: " \
			"CLOCK_MONOTONIC, IPCX_NO_WAIT or IPCX_FOREVER\n")
	print line
}

# ---- constants ----

function constant(line,   name, text, more)
{
	while (line ~ /\\$/ && (getline more) > 0)
		line = line "\n" more
	name = line
	sub(/^#define /, "", name)
	sub(/[ \t(].*/, "", name)
	if (name ~ /_H$/)
		return
	if (match(line, /\/\* .* \*\//)) {
		text = substr(line, RSTART + 3, RLENGTH - 6)
		line = substr(line, 1, RSTART - 1)
	} else if (match(line, /, struct [a-z_]+\)/)) {
		text = "takes " substr(line, RSTART + 2, RLENGTH - 3)
	} else {
		text = above
	}
	if (text != "")
		print "/** " escape(text) " */"
	print line
}

# ---- lines ----

state == "comment" {
	if (sub(/ *\*\/$/, "")) {
		sub(/^ \* ?/, "")
		said = said ($0 == "" ? "" : "\n" $0)
		comment_ends()
	} else {
		sub(/^ \* ?/, "")
		said = said (said == "" ? "" : "\n") $0
	}
	next
}

function comment_ends()
{
	sub(/^\n/, "", said)
	state = ""
	if (!is_doc && !seen++) {
		print file_comment(said)
	} else if (!is_doc) {
		above = said
		gsub(/\n/, " ", above)
	} else {
		take_apart()
		state = said ~ /^[a-z_0-9]+\(\) - / ? "function" : "struct"
		if (state == "struct")
			print "/** @brief " summary() body "*/"
	}
}

/^\/\*.*SPDX/ { next }

/^\/\*/ {
	is_doc = /^\/\*\*/
	said = $0
	sub(/^\/\*\*? ?/, "", said)
	above = ""
	if (sub(/ *\*\/$/, "", said)) {
		comment_ends()
	} else {
		state = "comment"
	}
	next
}

state == "function" {
	declared = declared (declared == "" ? "" : "\n") $0
	if (/;$|^\{$/) {
		emit_function()
		declared = state = ""
	}
	next
}

state == "struct" {
	name = $0
	sub(/\[.*/, "", name)
	sub(/( +=.*)?[;,].*/, "", name)
	sub(/^.*[ \t*]/, "", name)
	if (/^\t/ && name in member)
		print "/** " member[name] " */"
	else if (/^\t.*[ \t*](pad[0-9]*|fd_pad|opaque)(\[[0-9]+\])?;/)
		print "/** Of no meaning. */"
	print
	if (/^}/)
		state = ""
	next
}

/^#define/ { constant($0); next }
base != "" && (index($0, " " base "_try(") || index($0, " " base "_timed(") ||
	index($0, "*" base "_timed(")) { emit_form($0); next }
/./ { above = "" }
{ print }
