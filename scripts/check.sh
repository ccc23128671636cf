#!/usr/bin/env bash
# check.sh: everything about the source that takes no test. `make check` has put
# the tools into the PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { echo "check: $*"; }
# Not by git, which refuses checkouts of other users.
sources() { find . \( -path ./.git -o -path ./bin -o -path ./demo \) -prune -o -type f "$@" -print; }

step gofumpt
unformatted=$(sources -name '*.go' | xargs -r gofumpt -l)
if [ -n "$unformatted" ]; then
	echo "error: not formatted as gofumpt does it:" >&2
	echo "$unformatted" >&2
	echo "hint: gofumpt -w ." >&2
	exit 1
fi
step go vet
go vet ./...
step staticcheck
staticcheck ./...
step go mod tidy
go mod tidy -diff
step import rules
go test -run 'TestImports' .
step documents
go test ./docs
go test -run 'Reference|Shown' ./cmd/mirrorkeeper
step shellcheck
sources \( -name '*.sh' -o -path ./.ci/run \) | xargs -r shellcheck
