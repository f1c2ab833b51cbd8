# SPDX-License-Identifier: GPL-2.0-only
# For scripts whose output is TAP, which run-tests counts. The tests of a script are its functions
# test_*, in their order; each runs in a shell of its own that ends at the first command that fails.

# same WHAT EXPECTED FOUND: fails, and shows how the two texts differ.
same()
{
	diff -u --label "$1, expected" --label "$1, found" <(printf '%s\n' "$2") <(printf '%s\n' "$3")
}

# refused PHRASE COMMAND...: fails unless COMMAND fails and says PHRASE.
refused()
{
	local said

	if said=$("${@:2}" 2>&1); then
		echo "succeeded: ${*:2}"
		return 1
	fi
	[[ $said = *"$1"* ]] || {
		echo "not '$1', but: $said"
		return 1
	}
}

run_tests()
{
	local tests number=0 failed=0 said status

	mapfile -t tests < <(sed -n 's/^\(test_[a-z0-9_]*\)()$/\1/p' "$0")
	echo "1..${#tests[@]}"
	for test in "${tests[@]}"; do
		# Not as a condition: that would take -e away.
		set +e
		said=$(set -eE; trap 'echo "line $LINENO: $BASH_COMMAND"' ERR; "$test" 2>&1)
		status=$?
		set -e
		if ((status)); then
			echo "not ok $((++number)) - $test"
			sed 's/^/# /' <<<"$said"
			failed=1
		else
			echo "ok $((++number)) - $test"
		fi
	done
	return "$failed"
}
