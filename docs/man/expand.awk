# SPDX-License-Identifier: GPL-2.0-only
# Fills into a page what the headers say, so that it is said once:
#
#	@VERSION@			wherever it stands: the library's
#	@text FILE WORDS		a comment, from the line that begins so to its end
#	@defines FILE PREFIX...		the numbers whose names begin so, with their comments
#	@struct FILE NAME		a structure: what for, its declaration, its members
#	@functions FILE			the functions of all headers that FILE includes
#	@section FILE HEADING		what Markdown has below that, paragraphs and lists
#	@table FILE HEADING		the table that it has there: of each row what it says
#	@usage TOOL WORDS		how a tool is called, of what it says when called so
#	@help TOOL WORDS		all else of that
#	@commands TOOL			both, of all commands that 'TOOL help' lists

function fail(what)
{
	print FILENAME ":" FNR ": " what >"/dev/stderr"
	failed = 1
	exit
}

function contents(file,   line, all)
{
	while ((getline line <file) > 0)
		all = all line "\n"
	close(file)
	return all
}

# ---- marking up ----

function literally(word)
{
	gsub(/[*_\\]/, "\\\\&", word)
	return word
}

# The words of a comment: arguments, errors, constants, functions. An error of
# the library is a negative result; one of the kernel is found in errno.
function words(text,   out, word)
{
	gsub(/-\n\t*/, "-", text)
	gsub(/\n\t*/, " ", text)
	while (match(text, /@[a-z_0-9]+|-E[A-Z0-9][A-Z0-9]+|IPCX_[A-Z0-9_]+\*?|[a-z_0-9]+\(\)|[*_\\]/)) {
		out = out substr(text, 1, RSTART - 1)
		word = literally(substr(text, RSTART, RLENGTH))
		text = substr(text, RSTART + RLENGTH)
		if (word ~ /^@/)
			word = "_" substr(word, 2) "_"
		else if (word ~ /^-E/)
			word = "*" substr(word, negative ? 1 : 2) "*"
		else if (word ~ /^IPCX/)
			word = "*" word "*"
		else if (sub(/\(\)$/, "", word))
			word = "*" word "*()"
		out = out word
	}
	out = out text
	sub(/^[A-Z][A-Za-z]*( [A-Za-z]+)?( [A-Za-z]+)?:/, "*&*", out)
	return out
}

function sentence(text)
{
	return toupper(substr(text, 1, 1)) substr(text, 2) (text ~ /[.:]$/ ? "" : ".")
}

# Of a table: two cells, or three with one between them.
function row(first, name, text, between)
{
	printf "%s %s\n", first ? "|[" : "| ", name
	if (between != "")
		printf "%s %s\n", first ? ":]" : ": ", between
	printf "%s %s\n", first ? ":<" : ": ", text
}

# ---- @text ----

# What was gathered, as what it is: a paragraph, an item, a row, a term, code, what
# a tool says it is for.
function flush()
{
	if (kind == "row") {
		row(!rows++, name ~ /^-/ ? "*" literally(name) "*" : literally(name), words(gathered))
	} else if (kind) {
		end_table()
		if (kind == "code")
			printf "```\n%s```\n", gathered
		else if (kind == "term")
			printf "*%s*\n\t%s\n", name, words(gathered)
		else if (kind == "summary")
			print sentence(words(gathered))
		else
			print (kind == "item" ? "- " : "") words(gathered)
		print ""
	}
	kind = gathered = ""
}

function end_table()
{
	if (rows)
		print ""
	rows = 0
}

function gather(as, text)
{
	if (kind && kind != as)
		flush()
	kind = as
	gathered = gathered (gathered == "" || as == "code" ? "" : "\n") text
}

function spaces(text)
{
	while (match(text, /\t/))
		text = substr(text, 1, RSTART - 1) substr("        ", (RSTART - 1) % 8 + 1) \
			substr(text, RSTART + 1)
	return text
}

function begin(as, text)
{
	flush()
	match(text, /\t+/)
	name = substr(text, 1, RSTART - 1)
	gather(as, substr(text, RSTART + RLENGTH))
}

function text_line(line)
{
	if (line == "") {
		flush()
		end_table()
	} else if (line ~ /^\t[^\t]+\t/) {
		begin("row", substr(line, 2))
	} else if (line ~ /^[^\t]+\t/) {
		begin("term", line)
	} else if (line ~ /^\t\t/ && (kind == "row" || kind == "term")) {
		sub(/^\t+/, "", line)
		gather(kind, line)
	} else if (line ~ /^\t/) {
		gather("code", spaces(substr(line, 2)) "\n")
	} else if (sub(/^ - /, "", line)) {
		flush()
		gather("item", line)
	} else {
		sub(/^ +/, "", line)
		gather(kind == "item" ? kind : "paragraph", line)
	}
}

function comment(file, first,   all, line, n, i)
{
	all = contents(file)
	i = index(all, "\n * " first)
	if (!i)
		fail("no comment '" first "' in " file)
	all = substr(all, i + 1)
	n = split(substr(all, 1, index(all, "\n */")), line, "\n")
	for (i = 1; i <= n; i++) {
		sub(/^ \* ?/, "", line[i])
		text_line(line[i])
	}
	text_line("")
}

# ---- @defines ----

# The comment of the number in line[i]: behind it, or above it alone.
function meaning(line, i)
{
	if (match(line[i], /\/\* .* \*\//))
		return substr(line[i], RSTART + 3, RLENGTH - 6)
	if (line[i + 1] ~ /^#define [^*]*$/ || !match(line[i - 1], /^\/\* .*[^.]\.? \*\/$/))
		return ""
	sub(/\.? \*\/$/, "", line[i - 1])
	return substr(line[i - 1], 4)
}

function defines(file,   line, part, n, i, k, seen)
{
	n = split(contents(file), line, "\n")
	for (i = 1; i <= n; i++) {
		if (line[i] !~ /^#define IPCX_[A-Z0-9_]+[ \t]+\(?~?[0-9][^ \t]*([ \t]+\/\*.*)?$/)
			continue
		split(line[i], part, /[ \t]+/)
		for (k = 3; k <= NF && index(part[2], $k) != 1; k++)
			;
		if (k > NF)
			continue
		gsub(/[()]/, "", part[3])
		sub(/U?(LL)?$/, "", part[3])
		row(!seen++, "*" literally(part[2]) "*", words(meaning(line, i)), part[3])
	}
	if (!seen)
		fail("no such number in " file)
	print ""
}

# ---- @struct and @functions ----

# A header taken apart: said[i] is the text of a comment /** ... */, without the
# stars, and code[i] what stands between that and the next.
function read_comments(file,   part, n, i)
{
	n = split(contents(file), part, /\/\*\*/)
	for (i = 2; i <= n; i++) {
		match(part[i], /\*\//)
		said[i - 1] = substr(part[i], 1, RSTART - 1)
		code[i - 1] = substr(part[i], RSTART + 2)
		gsub(/\n \* ?/, "\n", said[i - 1])
		sub(/^[ \n]+/, "", said[i - 1])
		sub(/[ \n]+$/, "", said[i - 1])
	}
	return n - 1
}

function struct(file, name,   i, n, part, all, rows)
{
	for (n = read_comments(file); n; n--)
		if (index(said[n], "struct " name " - ") == 1)
			break
	if (!n)
		fail("no struct " name " in " file)

	match(said[n], / - [^\n]*/)
	all = substr(said[n], RSTART + 3, RLENGTH - 3)
	sub(/ \(IPCX_IOC.*/, "", all)
	printf "*struct %s*: %s\n\n", literally(name), words(all)
	all = substr(code[n], 2, index(code[n], "\n};") + 2)
	gsub(/\t/, "    ", all)
	printf "```\n%s```\n\n", all

	all = said[n]
	i = index(all "\n\n", "\n\n")
	n = split(substr(all, 1, i - 1), part, /\n@/)
	all = substr(all, i)
	for (i = 2; i <= n; i++) {
		match(part[i], /: /)
		row(!rows++, "_" literally(substr(part[i], 1, RSTART - 1)) "_",
		    words(substr(part[i], RSTART + 2)))
	}
	n = split(all, part, /\n\n/)
	for (i = 2; i <= n; i++)
		printf "\n%s\n", words(part[i])
	print ""
}

# Which forms besides the plain one are declared.
function forms(name, declared,   try, timed)
{
	try = index(declared, name "_try(") > 0
	timed = index(declared, name "_timed(") > 0
	return try || timed ? " [" (try ? "\\_try" : "") (try && timed ? ", " : "") \
		(timed ? "\\_timed" : "") "]" : ""
}

# The first sentence of a header, and its functions.
function header(file, name,   all, n, i, rows)
{
	all = contents(file)
	sub(/^[^\n]*\n\/\*\n \* /, "", all)
	gsub(/\n \* ?/, "\n", all)
	match(all, /\.[ \n]/)
	printf "## <%s>\n\n%s\n\n", name, words(substr(all, 1, RSTART))
	n = read_comments(file)
	for (i = 1; i <= n; i++) {
		all = said[i]
		sub(/\n(\n|@).*/, "", all)
		if (!match(all, /^ipcx_[a-z_0-9]+\(\) - /))
			continue
		name = substr(all, 1, RLENGTH - 5)
		row(!rows++, "*" literally(name) "*()",
		    words(substr(all, RLENGTH + 1)) forms(name, code[i]))
	}
	if (!rows)
		fail("no function in " file)
	print ""
}

function functions(file,   line, n, i, path)
{
	n = split(contents(file), line, "\n")
	for (i = 1; i <= n; i++)
		if (sub(/^#include <ipcx\//, "", line[i]) && sub(/>$/, "", line[i])) {
			path = file
			sub(/[^\/]*$/, line[i], path)
			header(path, "ipcx/" line[i])
		}
}

# ---- @section and @table ----

# What a cell says, under its column's heading.
function cell(heading, text)
{
	if (text == "x")
		return heading
	if (text == "s" || text == "r")
		return heading " (" (text == "s" ? "sending" : "receiving") " end only)"
	return text == "" ? "" : heading ": " text
}

function table_row(first, heads, line,   part, n, i, one, all)
{
	n = split(line, part, / *\| */)
	for (i = 3; i < n; i++) {
		one = cell(heads[i], part[i])
		if (one != "")
			all = all (all == "" ? "" : part[i] ~ /^[xsr]$/ ? ", " : "; ") one
	}
	row(first, literally(part[2]), words(all))
}

# Sets line[] to all lines, and returns where the text below a heading begins.
function below(file, heading, line,   n, i)
{
	n = split(contents(file), line, "\n")
	for (i = 1; i <= n; i++) {
		if (line[i] == "## " heading)
			return i + 1
	}
	fail("no '" heading "' in " file)
}

function table(file, heading,   line, heads, i, rows)
{
	for (i = below(file, heading, line); line[i] !~ /^[|#]/; i++)
		;
	split(line[i], heads, / *\| */)
	for (i += 2; line[i] ~ /^\|/; i++) {
		gsub(/`/, "", line[i])
		table_row(!rows++, heads, line[i])
	}
	if (!rows)
		fail("no table below '" heading "' in " file)
	print ""
}

function section(file, heading,   line, i)
{
	i = below(file, heading, line)
	for (; i in line && line[i] !~ /^#/; i++) {
		gsub(/`|\*\*/, "", line[i])
		sub(/^- /, " - ", line[i])
		text_line(line[i])
	}
	text_line("")
}

# ---- @usage, @help and @commands ----

function run(command,   line, all)
{
	while ((command | getline line) > 0)
		all = all line "\n"
	if (close(command) || all == "")
		fail("cannot run " command)
	return all
}

# The first lines, one for each way to call it.
function usage(command,   line, n, i)
{
	n = split(run(command), line, "\n")
	for (i = 1; i <= n && sub(/^(usage: |       )/, "", line[i]); i++) {
		gsub(/[A-Z][A-Z]+/, "_&_", line[i])
		sub(/^[a-z]+( [a-z-]+)*/, "*&*", line[i])
		print line[i] "\n"
	}
}

# An option, which its text may follow at once, or whatever a gap parts from it.
function is_row(line)
{
	return match(line, /^ +(-[A-Za-z], )?--[a-z-]+( [A-Z]+(\.[a-z]+)?)* +[^ ]/) ||
		match(line, /^  +[^ ]+( [^ ]+)*  +[^ ]/)
}

function help_line(line,   at)
{
	if (is_row(line)) {
		at = RLENGTH
		flush()
		name = substr(line, 1, at - 1)
		gsub(/^ +| +$/, "", name)
		gather("row", substr(line, at))
	} else if (kind == "row" && sub(/^          +/, "", line)) {
		gather("row", line)
	} else if (sub(/^  +/, "", line)) {
		gather("summary", line)
	} else {
		text_line(line)
	}
}

function help(command,   line, n, i)
{
	n = split(run(command), line, "\n")
	for (i = 1; line[i] ~ /^(usage: |       )/; i++)
		;
	for (; i <= n; i++)
		help_line(line[i])
	text_line("")
}

function commands(tool,   line, n, i)
{
	n = split(run(tool " help"), line, "\n")
	for (i = 1; i <= n; i++)
		if (match(line[i], /^  [a-z-]+( [a-z-]+)?  /)) {
			line[i] = substr(line[i], 3, RLENGTH - 4)
			printf "## %s\n\n", line[i]
			usage(tool " help " line[i])
			help(tool " help " line[i])
		}
}

{ gsub(/@VERSION@/, version); negative = $2 !~ /^kmod\// }
$1 == "@text" { comment($2, substr($0, index($0, $3))); next }
$1 == "@defines" { defines($2); next }
$1 == "@struct" { struct($2, $3); next }
$1 == "@functions" { functions($2); next }
$1 == "@section" { section($2, substr($0, index($0, $3))); next }
$1 == "@table" { table($2, substr($0, index($0, $3))); next }
$1 == "@usage" { usage(tools "/" substr($0, index($0, $2))); next }
$1 == "@help" { help(tools "/" substr($0, index($0, $2))); next }
$1 == "@commands" { commands(tools "/" $2); next }
/^@/ { fail("what is " $1 "?") }
/^```$/ { in_code = !in_code }
# scdoc would take a backslash for its own there, too.
in_code { gsub(/\\/, "&&") }
{ print }
END { exit failed }
