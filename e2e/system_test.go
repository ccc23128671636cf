package e2e_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// wellKnown are packages that people install, of every size and kind. Without
// PROVE=1 only the first few are looked at.
var wellKnown = []string{
	"nginx", "git", "python3-scipy", "postgresql",
	"ansible", "apache2", "bind9", "build-essential", "default-jdk", "docker.io", "dovecot-imapd", "emacs", "ffmpeg", "gimp",
	"gnome-core", "golang-go", "haproxy", "inkscape", "libreoffice-calc", "mariadb-server", "nodejs", "openssh-server", "php-fpm",
	"postfix", "qemu-system-x86", "r-base", "redis", "rustc", "samba", "vim",
}

// machineStanzas are the stanzas of all packages in the machine's own apt sources,
// by name, version and architecture, as apt itself fetches them.
func machineStanzas(t *testing.T) map[string]string {
	t.Helper()
	need(t, "apt-get")
	if uris, err := exec.Command("apt-get", "update", "--print-uris").Output(); err != nil || !strings.Contains(string(uris), "Release") {
		t.Skip("this machine has no deb sources")
	}
	// The lists are apt's own, in a directory of the test: those of the machine may be
	// old, or not there.
	lists := filepath.Join(tempDir(t), "lists")
	write(t, filepath.Join(lists, "partial/.keep"), "")
	options := []string{"-o", "Dir::State::lists=" + lists, "-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none"}
	if out, err := exec.Command("apt-get", append(options, "update")...).CombinedOutput(); err != nil {
		t.Fatalf("apt-get update: %v\n%s", err, out)
	}
	files, err := exec.Command("apt-get", append(options, "indextargets", "--format", "$(FILENAME)", "Created-By: Packages")...).Output()
	if err != nil {
		t.Fatalf("apt-get indextargets: %v", err)
	}
	stanzas := map[string]string{}
	for _, file := range strings.Fields(string(files)) {
		content, err := exec.Command("/usr/lib/apt/apt-helper", "cat-file", file).Output()
		if err != nil {
			t.Fatalf("read %s: %v", file, err)
		}
		for stanza := range strings.SplitSeq(string(content), "\n\n") {
			stanzas[stanzaKey(stanza)] = stanza
		}
	}
	return stanzas
}

// stanzaKey is "name version architecture" of a stanza.
func stanzaKey(stanza string) string {
	var key [3]string
	for line := range strings.Lines(stanza) {
		for i, field := range []string{"Package: ", "Version: ", "Architecture: "} {
			if value, ok := strings.CutPrefix(line, field); ok {
				key[i] = strings.TrimSpace(value)
			}
		}
	}
	return strings.Join(key[:], " ")
}

// TestWellKnownPackages picks each of the packages with all that it needs out of
// the machine's real index, and wants apt to find it installable from these alone.
// No package is fetched.
func TestWellKnownPackages(t *testing.T) {
	t.Parallel()
	stanzas := machineStanzas(t)
	seeds := wellKnown[:4]
	if proving() {
		seeds = wellKnown
	}
	k := newKeeper(t, "")
	// The cache is shared: the index is fetched once.
	picked := map[string][]planned{}
	for _, seed := range append([]string{"all"}, seeds...) {
		of := []string{seed}
		if seed == "all" {
			of = seeds
		}
		args := append([]string{"plan", "--from-system", "--to", filepath.Join(k.dir, "system"), "--output", "json"}, of...)
		r := k.run(args...)
		if r.code != done && r.code != findings {
			t.Fatalf("mirrorkeeper %s: exit code %d\n%s", strings.Join(args, " "), r.code, r.stderr)
		}
		p := decode[plan](r)
		if len(p.Mirrors) != 1 || len(p.Mirrors[0].Packages) == 0 {
			t.Fatalf("%s: the plan is empty\n%s", seed, r.stderr)
		}
		picked[seed] = p.Mirrors[0].Packages
		for _, x := range p.Mirrors[0].Unresolved {
			t.Logf("%s: unresolved: %s, wanted by %s: %s", seed, x.Requirement, x.WantedBy, x.Reason)
		}
	}
	for seed, packages := range picked {
		of := []string{seed}
		if seed == "all" {
			of = seeds
		}
		a := newApt(t, debLine(indexOf(t, stanzas, packages)))
		a.update()
		a.simulates(of...)
		t.Logf("%s: %d packages", seed, len(packages))
	}
}

// indexOf publishes an index of exactly these packages, without their files, and
// returns its key and address.
func indexOf(t *testing.T, stanzas map[string]string, packages []planned) (key, url string) {
	t.Helper()
	u := newUpstream(t)
	s := u.Suite("stable")
	s.Compressions = []string{".gz"}
	for _, p := range packages {
		stanza := stanzas[fmt.Sprintf("%s %s %s", p.Name, p.Version, p.Architecture)]
		if stanza == "" {
			t.Fatalf("apt does not know %s %s %s, which the plan has", p.Name, p.Version, p.Architecture)
		}
		s.Add(repotest.Package{Name: p.Name, Version: p.Version, Architecture: p.Architecture, Stanza: stanza})
	}
	u.publish()
	return u.key, "file://" + u.dir
}

// TestDebootstrapFromAPartialMirror builds a minimal system out of a partial mirror
// of the machine's own sources with their mandatory packages. It fetches some 100
// MB, so it runs with PROVE=1 only.
func TestDebootstrapFromAPartialMirror(t *testing.T) {
	if !proving() {
		t.Skip("runs with PROVE=1")
	}
	needRoot(t)
	debootstrap := need(t, "debootstrap")
	machineStanzas(t)
	k := newKeeper(t, "")
	mirror := filepath.Join(k.dir, "system")
	if r := k.run("sync", "--from-system", "--to", mirror, "--mandatory", "apt"); r.code != done && r.code != findings {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	k.exits(done, "verify", mirror, "--level", "closure")
	// The main suite is the one with base-files; others hold updates for it.
	found, err := filepath.Glob(filepath.Join(mirror, "*/*/pool/*/b/base-files/base-files_*.deb"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no base-files in the mirror (%v)", err)
	}
	archive, _, _ := strings.Cut(found[0], "/pool/")
	suites, err := filepath.Glob(filepath.Join(archive, "dists/*/InRelease"))
	if err != nil || len(suites) == 0 {
		t.Fatalf("no suite in the mirror (%v)", err)
	}
	slices.SortFunc(suites, func(a, b string) int { return len(a) - len(b) }) // bookworm, then bookworm-updates
	suite := filepath.Base(filepath.Dir(suites[0]))
	server := serveNginx(t, archive)
	root := filepath.Join(tempDir(t), "root")
	c := exec.CommandContext(t.Context(), debootstrap, "--variant=minbase", "--keyring="+filepath.Join(mirror, "key.gpg"), suite, root, server.URL)
	c.Env = environment(k.dir)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("debootstrap: %v\n%s", err, out)
	}
	out, err := exec.Command("chroot", root, "dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n").CombinedOutput()
	if err != nil || strings.Count(string(out), "ii  ") < 50 || !strings.Contains(string(out), "ii  apt\n") {
		t.Errorf("the system that debootstrap built: %v\n%s", err, out)
	}
}
