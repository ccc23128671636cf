#!/usr/bin/env bash
# install-go-tool.sh PACKAGE VERSION: bin/tools/NAME, and NAME-VERSION to know it by.
set -euo pipefail
cd "$(dirname "$0")/.."
name=$(basename "$1")
echo "check: building $name $2 into bin/tools"
mkdir -p bin/tools
rm -f bin/tools/"$name" bin/tools/"$name"-*
GOBIN=$PWD/bin/tools go install "$1@$2"
ln -s "$name" "bin/tools/$name-$2"
