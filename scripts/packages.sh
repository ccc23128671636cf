#!/usr/bin/env bash
# packages.sh: deb and rpm packages of all programs in cmd/, into dist/packages. It runs
# nfpm, which make packages builds.
#
#   VERSION            default: what git says of the checkout
#   ARCHITECTURES      as Go names them, default: this machine's; "amd64 arm64"
#   SOURCE_DATE_EPOCH  the date of all files, default: that of the last commit
#   DIST               in the place of dist
#
# The same input gives the same bytes: programs are static and know nothing of where
# they were built, and all dates are that of the sources.
set -euo pipefail
cd "$(dirname "$0")/.."
module=github.com/mirrorkeeper/mirrorkeeper

# The checkout may belong to another user; we run what is in it anyway.
git() { command git -c safe.directory="$PWD" "$@"; }

# described is the version of the checkout, as deb and rpm both order it: 1.2.0 for the
# tag v1.2.0, 1.2.0+5.gabc1234 for the fifth commit behind it.
described() {
	local description
	if description=$(git describe --tags --match 'v[0-9]*' 2>/dev/null); then
		sed -E 's/^v//; s/-([0-9]+)-(g[0-9a-f]+)$/+\1.\2/; s/-/~/g' <<<"$description"
	elif description=$(git rev-list --count HEAD 2>/dev/null); then
		echo "0.0.0+$description.g$(git rev-parse --short HEAD)"
	else
		echo 0.0.0
	fi
}

VERSION=${VERSION:-$(described)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
DIST=$(realpath -m "${DIST:-dist}")
stage=$DIST/stage
export VERSION SOURCE_DATE_EPOCH
export LC_ALL=C TZ=UTC
umask 022

# build ARCHITECTURE PROGRAM FILE
build() {
	CGO_ENABLED=0 GOOS=linux GOARCH=$1 go build -trimpath -buildvcs=false \
		-ldflags "-s -w -buildid= -X main.version=$VERSION -X $module/cmd/internal/console.version=$VERSION" \
		-o "$3" "./cmd/$2"
}

# put FILE: standard input becomes a file of the stage.
put() {
	mkdir -p "$(dirname "$stage/$1")"
	cat >"$stage/$1"
	chmod 644 "$stage/$1"
}

# licenses of all that the programs are linked with.
licenses() {
	local name dir file
	echo "mirrorkeeper is linked with the following."
	{
		echo "Go $(go env GOROOT)"
		go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}' ./cmd/...
	} | sort -u | while read -r name dir; do
		[ -n "$name" ] || continue
		printf '\n==== %s\n' "$name"
		for file in "$dir"/LICEN[CS]E* "$dir"/COPYING* "$dir"/NOTICE*; do
			[ ! -f "$file" ] || { echo && cat "$file"; }
		done
	done
}

# fill ARCHITECTURE puts together what is in the packages: the stage has a tree for both
# formats, one for each, and of documents and licences, which rpm knows apart.
fill() {
	local main program page
	rm -rf "$stage"
	for main in cmd/*/main.go; do
		program=$(basename "$(dirname "$main")")
		build "$1" "$program" "$stage/common/usr/bin/$program"
	done
	# The name that it had before.
	if [ -e "$stage/common/usr/bin/fuel-createmirror" ]; then
		ln -s fuel-createmirror "$stage/common/usr/bin/fuel-create-mirror"
		echo '.so man1/fuel-createmirror.1' | put documents/usr/share/man/man1/fuel-create-mirror.1
	fi

	local here=$stage/common/usr/bin
	if [ "$1" != "$(go env GOHOSTARCH)" ]; then
		here=$stage/here # programs that run on this machine
		for main in cmd/*/main.go; do
			program=$(basename "$(dirname "$main")")
			build "$(go env GOHOSTARCH)" "$program" "$here/$program"
		done
	fi
	"$here/mirrorkeeper" manual "$stage/documents/usr/share/man"
	for main in cmd/*/main.go; do
		program=$(basename "$(dirname "$main")")
		"$here/$program" completion bash >/dev/null 2>&1 || continue # it has no commands
		"$here/$program" completion bash | put "common/usr/share/bash-completion/completions/$program"
		"$here/$program" completion fish | put "common/usr/share/fish/vendor_completions.d/$program.fish"
		"$here/$program" completion zsh | put "deb/usr/share/zsh/vendor-completions/_$program"
		"$here/$program" completion zsh | put "rpm/usr/share/zsh/site-functions/_$program"
		"$here/$program" manual "$stage/documents/usr/share/man"
	done
	for page in "$stage"/documents/usr/share/man/man*/*; do
		gzip -9n "$page"
	done

	mkdir -p "$stage/common/usr/lib/systemd/system"
	cp deploy/*.service deploy/*.timer "$stage/common/usr/lib/systemd/system"
	put common/usr/lib/sysusers.d/mirrorkeeper.conf <deploy/package/sysusers.conf
	put common/usr/lib/tmpfiles.d/mirrorkeeper.conf <deploy/package/tmpfiles.conf

	local doc=usr/share/doc/mirrorkeeper
	mkdir -p "$stage/documents/$doc/examples" "$stage/licenses"
	cp examples/*.yaml deploy/prometheus-rules.yaml deploy/grafana-dashboard.json "$stage/documents/$doc/examples"
	gzip -9n <CHANGELOG.md | put "documents/$doc/changelog.gz"
	put "deb/$doc/copyright" <deploy/package/copyright
	put deb/usr/share/lintian/overrides/mirrorkeeper <deploy/package/lintian-overrides
	licenses | gzip -9n | put "deb/$doc/third-party-licenses.gz"
	licenses | put licenses/third-party-licenses
	put licenses/LICENSE <LICENSE

	cp -r deploy/package "$stage/package"
	put package/changelog.yaml <<-YAML
		- semver: ${VERSION//\~/-}-1
		  date: $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
		  packager: mirrorkeeper maintainers <mirrorkeeper@users.noreply.github.com>
		  deb: {urgency: medium, distributions: [unstable]}
		  changes: [{note: "Version $VERSION; changelog.gz tells what has changed."}]
	YAML
	(cd "$stage/documents" && find . ! -type d -printf '%P\n' | sort) | while read -r page; do
		echo "  - {src: documents/$page, dst: /$page, type: doc, packager: rpm}"
	done >>"$stage/package/nfpm.yaml"
	find "$stage" -type d -exec chmod 755 {} +
	find "$stage" -type f ! -path '*/bin/*' -exec chmod 644 {} +
	find "$stage" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
}

rm -rf "$DIST/packages"
mkdir -p "$DIST/packages"
for ARCHITECTURE in ${ARCHITECTURES:-$(go env GOHOSTARCH)}; do
	export ARCHITECTURE
	echo "packages: mirrorkeeper $VERSION for $ARCHITECTURE"
	fill "$ARCHITECTURE"
	for format in deb rpm; do
		(cd "$stage" && nfpm package --config package/nfpm.yaml --packager "$format" --target "$DIST/packages/")
	done
done
