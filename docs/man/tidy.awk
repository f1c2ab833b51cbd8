# SPDX-License-Identifier: GPL-2.0-only
# What scdoc writes, without the paragraphs that begin nothing, without words
# broken at the ends of lines, with dashes that a command line takes, and with
# tables of which only the last column is broken into lines.
function dashes(text)
{
	gsub(/-/, "\\-", text)
	return text
}

/^\.P$/ { paragraph = 1; next }
/^\.RE$/ { print; next }
paragraph && !heading && !/^\.(SH|SS)/ { print ".P" }
{ paragraph = 0; heading = /^\.(SH|SS)/ }
/^\.TH/ { print ".nr HY 0\n" $0 "\n.nh\n.if n .pl 1000i"; next }
/^T\{$/ {
	while ((getline cell) > 0 && (getline) > 0 && /^T\}./)
		printf "%s\t", dashes(cell)
	print "T{\n" dashes(cell) "\nT}"
	next
}
!/^\./ && !/\\h'/ { $0 = dashes($0) }
{ print }
