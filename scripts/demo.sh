#!/usr/bin/env bash
# demo.sh DIR: mirrors hello and nginx-light with what they need into DIR/mirror,
# out of the machine's own apt sources (or, where none can be reached, out of a
# sample repository), verifies the mirror, and lets apt use it.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(realpath -m "${1:-demo}")
mirror=$dir/mirror
mirrorkeeper=${MIRRORKEEPER:-$PWD/bin/mirrorkeeper}
packages=(hello nginx-light)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '\n== %s\n' "$*"; }
run() {
	printf '$ %s\n' "${*/#$mirrorkeeper/mirrorkeeper}"
	"$@"
}

# reachable: can the machine's first apt source be read, by apt's own means?
reachable() {
	local root
	root=$(apt-get update --print-uris 2>/dev/null | sed -n "s/^'\([^']*InRelease\)'.*/\1/p" | head -n 1) || return 1
	[ -n "$root" ] && timeout 60 /usr/lib/apt/apt-helper -q download-file "$root" "$work/probe" >/dev/null 2>&1
}

mkdir -p "$dir"
if reachable; then
	say "A partial mirror of ${packages[*]}, from this machine's own apt sources"
	run "$mirrorkeeper" sync --from-system --to "$mirror" "${packages[@]}"
else
	say "No apt source can be reached: a sample repository takes their place"
	go run ./internal/repotest/sample "$dir/sample"
	cat >"$dir/mirrorkeeper.yaml" <<-YAML
		destination: $dir
		sources:
		  sample:
		    type: deb
		    url: file://$dir/sample
		    suites: [stable]
		    components: [main]
		    architectures: [amd64]
		    keys: [$dir/sample/key.gpg]
		mirrors:
		  mirror: {from: [sample], packages: [hello, nginx-light]}
	YAML
	run "$mirrorkeeper" sync --config "$dir/mirrorkeeper.yaml"
fi

say "Is it whole? Sizes, digests, signatures and dependencies"
run "$mirrorkeeper" verify "$mirror" --level closure

say "What apt makes of it, in a root of its own that knows nothing but the mirror"
key=$(find "$mirror" -name key.gpg -not -path '*/.mirrorkeeper/*' | head -n 1)
sources=$work/root/etc/apt/sources.list
mkdir -p "$work"/root/{etc/apt/{apt.conf.d,preferences.d,trusted.gpg.d,sources.list.d},var/lib/apt/lists/partial,var/lib/dpkg,var/cache/apt/archives/partial}
: >"$work/root/var/lib/dpkg/status"
find "$mirror" -path '*/dists/*/InRelease' -not -path '*/.mirrorkeeper/*' | sort | while read -r root; do
	suite=$(dirname "$root")
	suite=${suite#*/dists/}
	components=$(sed -n 's/^Components: //p' "$root" | head -n 1 | sed 's|[^ ]*/||g') # "updates/main" is main to apt
	echo "deb [signed-by=$key] file://${root%%/dists/*} $suite $components"
done >"$sources"
cat >"$work/apt.conf" <<-CONF
	Dir "$work/root"; Dir::State::status "$work/root/var/lib/dpkg/status"; Dir::Bin::dpkg "/usr/bin/dpkg";
	APT::Sandbox::User "root"; APT::Update::Error-Mode "any"; APT::Get::List-Cleanup "false";
CONF
export APT_CONFIG=$work/apt.conf
run apt-get -q update
run apt-get -q install -s "${packages[@]}"

say "Done"
echo "The mirror is in $mirror ($(du -sh "$mirror" | cut -f1)). Serve that directory with any web server,"
echo "give clients the public key, and these lines for /etc/apt/sources.list (with http://SERVER for file://):"
sed 's/^/    /' "$sources"
