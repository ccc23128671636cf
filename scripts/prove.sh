#!/usr/bin/env bash
# prove.sh: the long proofs. FUZZTIME is how long each fuzz target runs, CHECKS how
# many rounds each property test makes.
set -euo pipefail
cd "$(dirname "$0")/.."
export CI=true PROVE=1
fuzztime=${FUZZTIME:-60s} checks=${CHECKS:-5000}

echo "prove: all tests, the long ones in full"
go test -race -count=1 -timeout 90m ./...

echo "prove: $checks rounds of each property test"
grep -rl --include='*_test.go' 'pgregory.net/rapid' . | xargs -n 1 dirname | sort -u | while read -r package; do
	go test -count=1 -timeout 30m "$package" -rapid.checks="$checks" </dev/null
done

echo "prove: fuzzing, $fuzztime a target"
go list ./... | while read -r package; do
	go test -list '^Fuzz' "$package" </dev/null | sed -n '/^Fuzz/p' | while read -r target; do
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzztime" "$package" </dev/null
	done
done
