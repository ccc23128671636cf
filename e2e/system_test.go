package e2e_test

import (
	"fmt"
	"maps"
	"os"
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

// machineIndex is one Packages index of the machine's own apt sources.
type machineIndex struct {
	url, suite string
	order      []string          // the keys of the stanzas, as the index has them
	stanzas    map[string]string // by name, version and architecture
}

// machineIndexes are the indexes of the machine's own apt sources, as apt itself
// fetches them, the largest one first.
func machineIndexes(t *testing.T) []machineIndex {
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
	return readIndexes(t, options...)
}

// machineLists are the indexes of the machine's own lists, which may be old; without
// lists, fresh ones.
func machineLists(t *testing.T) []machineIndex {
	t.Helper()
	need(t, "apt-get")
	files, err := exec.Command("apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Packages").Output()
	if err != nil {
		t.Fatalf("apt-get indextargets: %v", err)
	}
	if all := strings.Fields(string(files)); len(all) > 0 && !slices.ContainsFunc(all, func(file string) bool {
		matches, _ := filepath.Glob(file + "*") // compressed ones have a suffix
		return len(matches) == 0
	}) {
		return readIndexes(t)
	}
	return machineIndexes(t)
}

// readIndexes reads the lists that apt has, with its options, the largest one first.
func readIndexes(t *testing.T, options ...string) (all []machineIndex) {
	t.Helper()
	out, err := exec.Command("apt-get", append(options, "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(FILENAME)", "Created-By: Packages")...).Output()
	if err != nil {
		t.Fatalf("apt-get indextargets: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		content, err := exec.Command("/usr/lib/apt/apt-helper", "cat-file", f[2]).Output()
		if err != nil {
			t.Fatalf("read %s: %v", f[2], err)
		}
		ix := machineIndex{url: f[0], suite: f[1], stanzas: map[string]string{}}
		for stanza := range strings.SplitSeq(strings.TrimSpace(string(content)), "\n\n") {
			key := stanzaKey(stanza)
			ix.order = append(ix.order, key)
			ix.stanzas[key] = stanza
		}
		all = append(all, ix)
	}
	slices.SortStableFunc(all, func(a, b machineIndex) int { return len(b.stanzas) - len(a.stanzas) })
	return all
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
	stanzas := map[string]string{}
	for _, ix := range machineIndexes(t) {
		maps.Copy(stanzas, ix.stanzas)
	}
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

// archiveKeys are the keys of Debian's archives on every Debian machine.
const archiveKeys = "/usr/share/keyrings/debian-archive-keyring.gpg"

// TestDebootstrapFromAPartialMirror builds a minimal system out of a partial mirror
// of the machine's main suite with its mandatory packages. It fetches some 100 MB,
// so it runs with PROVE=1 only.
func TestDebootstrapFromAPartialMirror(t *testing.T) {
	if !proving() {
		t.Skip("runs with PROVE=1")
	}
	needRoot(t)
	debootstrap := need(t, "debootstrap")
	if _, err := os.Stat(archiveKeys); err != nil {
		absent(t, "%v", err)
	}
	// One suite alone: debootstrap does not look for newer versions in others.
	main := machineIndexes(t)[0]
	proxy, err := exec.Command("sh", "-c", "eval $(apt-config shell proxy Acquire::http::Proxy) && echo $proxy").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := fmt.Sprintf("sources:\n  main: {type: deb, url: '%s', suites: [%s], components: [main], architectures: [amd64], keys: [%s]}\n", main.url, main.suite, archiveKeys)
	k := newKeeper(t, "transfer: {proxy: '"+strings.TrimSpace(string(proxy))+"'}\n"+source+"mirrors:\n  base: {from: [main], mandatory: true, packages: [apt, usr-is-merged]}\n")
	if r := k.run("sync"); r.code != done && r.code != findings { // not every release has usr-is-merged
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	mirror := k.published("base")
	k.exits(done, "verify", mirror, "--level", "closure")
	server := serveNginx(t, mirror)
	root := filepath.Join(tempDir(t), "root")
	t.Cleanup(func() { // debootstrap that fails may leave these, and the directory is to be removed
		for _, mounted := range []string{"proc", "sys"} {
			_ = exec.Command("umount", "-l", filepath.Join(root, mounted)).Run()
		}
	})
	c := exec.CommandContext(t.Context(), debootstrap, "--variant=minbase", "--keyring="+filepath.Join(mirror, "key.gpg"), main.suite, root, server.URL)
	c.Env = environment(k.dir)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("debootstrap: %v\n%s", err, out)
	}
	out, err := exec.Command("chroot", root, "dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n").CombinedOutput()
	if err != nil || strings.Count(string(out), "ii  ") < 50 || !strings.Contains(string(out), "ii  apt\n") {
		t.Errorf("the system that debootstrap built: %v\n%s", err, out)
	}
}
