package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func need(t *testing.T, commands ...string) {
	t.Helper()
	for _, c := range commands {
		if _, err := exec.LookPath(c); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed", c)
		}
		t.Skipf("%s is not installed", c)
	}
}

func TestRepository(t *testing.T) {
	need(t, "gpg", "gpgv", "gpgconf", "xz", "dpkg-deb")
	dir, err := os.MkdirTemp("", "gen") // short: it holds the socket of gpg's agent
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	o := options{packages: 60, bytes: 600e3, changed: .1}
	if err := writeRepository(dir, o); err != nil {
		t.Fatal(err)
	}

	for _, g := range []string{"g1", "g2"} {
		root := filepath.Join(dir, g)
		release := filepath.Join(root, "dists/stable/Release")
		for _, args := range [][]string{{release + ".gpg", release}, {filepath.Join(root, "dists/stable/InRelease")}} {
			if out, err := exec.Command("gpgv", append([]string{"--keyring", filepath.Join(dir, "key.gpg")}, args...)...).CombinedOutput(); err != nil {
				t.Errorf("gpgv %s: %v\n%s", args, err, out)
			}
		}
		index, err := os.ReadFile(filepath.Join(root, "dists/stable/main/binary-amd64/Packages"))
		if err != nil {
			t.Fatal(err)
		}
		byHash := filepath.Join(root, "dists/stable/main/binary-amd64/by-hash/SHA256", fmt.Sprintf("%x", sha256.Sum256(index)))
		if _, err := os.Stat(byHash); err != nil {
			t.Error(err)
		}
		stanzas := strings.Split(strings.TrimSpace(string(index)), "\n\n")
		if len(stanzas) != o.packages {
			t.Errorf("%s has %d packages, want %d", g, len(stanzas), o.packages)
		}
		for _, s := range stanzas {
			f := fields(s)
			file := filepath.Join(root, f["Filename"])
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%d %x", len(content), sha256.Sum256(content)); got != f["Size"]+" "+f["SHA256"] {
				t.Errorf("%s is %s, the index says %s %s", f["Filename"], got, f["Size"], f["SHA256"])
			}
		}
		f := fields(stanzas[0])
		control, err := exec.Command("dpkg-deb", "--field", filepath.Join(root, f["Filename"]), "Package", "Version").CombinedOutput()
		if err != nil {
			t.Errorf("dpkg-deb: %v\n%s", err, control)
		}
		if want := fmt.Sprintf("Package: %s\nVersion: %s\n", f["Package"], f["Version"]); string(control) != want {
			t.Errorf("dpkg-deb says %q, want %q", control, want)
		}
	}
	checkLists(t, dir)
}

// checkLists checks that g2.changed is all that is new, and that the rest is shared.
func checkLists(t *testing.T, dir string) {
	t.Helper()
	lines := func(name string) (all []string) {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(content)), "\n")
	}
	old := map[string]bool{}
	for _, l := range lines("g1.files") {
		old[l] = true
	}
	isChanged := map[string]bool{}
	for _, l := range lines("g2.changed") {
		isChanged[l] = true
	}
	packages := 0
	for _, l := range lines("g2.files") {
		if !strings.Contains(l, " pool/") {
			if !isChanged[l] {
				t.Errorf("metadata is fetched every time, and %q is not listed", l)
			}
			continue
		}
		if isChanged[l] {
			packages++
		}
		if isChanged[l] == old[l] {
			t.Errorf("%q: changed %t, in the first generation %t", l, isChanged[l], old[l])
		}
		if !old[l] {
			continue
		}
		_, path, _ := strings.Cut(l, " ")
		a, err := os.Stat(filepath.Join(dir, "g1", path))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.Stat(filepath.Join(dir, "g2", path))
		if err != nil {
			t.Fatal(err)
		}
		if !os.SameFile(a, b) {
			t.Errorf("%s is there twice", path)
		}
	}
	if packages < 6 || packages > 6+len(parts) {
		t.Errorf("%d of 60 packages changed, want a tenth", packages)
	}
}

func fields(stanza string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(stanza) {
		if name, value, ok := strings.Cut(line, ": "); ok {
			all[name] = strings.TrimSpace(value)
		}
	}
	return all
}

func TestSameOptionsSamePackages(t *testing.T) {
	o := options{packages: 500, bytes: 1e8}
	a, b := draw(o), draw(o)
	if diff := cmp.Diff(a, b, cmp.AllowUnexported(binary{}, version{}, relation{}, packageFile{})); diff != "" {
		t.Error(diff)
	}
	a2, n := next(a, .05)
	b2, m := next(b, .05)
	if diff := cmp.Diff(a2, b2, cmp.AllowUnexported(binary{}, version{}, relation{}, packageFile{})); diff != "" || n != m {
		t.Errorf("%d and %d changed: %s", n, m, diff)
	}
}

// A repository with a relation that nothing satisfies would measure something else.
func TestRelationsAreSatisfied(t *testing.T) {
	first := draw(options{packages: 500, bytes: 1e8})
	second, _ := next(first, .2)
	for _, packages := range [][]binary{first, second} {
		versions := map[string]version{}
		for _, b := range packages {
			if _, twice := versions[b.name]; twice {
				t.Errorf("%s is there twice", b.name)
			}
			versions[b.name] = b.version
		}
		total := 0
		for _, b := range packages {
			total += b.size
			for _, r := range b.relations {
				for _, x := range r.any {
					name, rest, _ := strings.Cut(x, " ")
					v, ok := versions[name]
					if !ok {
						t.Errorf("%s: %s is not there", b.name, x)
					}
					if strings.HasPrefix(rest, "(>= ") && !strings.HasPrefix(rest, "(>= "+v.upstream+")") {
						t.Errorf("%s: %s is there as %s", b.name, x, v)
					}
				}
				for _, name := range r.same {
					if versions[name] != b.version {
						t.Errorf("%s %s needs %s in the same version, it is %s", b.name, b.version, name, versions[name])
					}
				}
			}
		}
		if total < 99e6 || total > 1e8 {
			t.Errorf("%d bytes, want about 1e8", total)
		}
	}
}

// The packages are ones that rpm reads, and all are in the signed metadata.
func TestRPMRepository(t *testing.T) {
	need(t, "gpg", "gpgv", "gpgconf", "createrepo_c", "rpm")
	dir, err := os.MkdirTemp("", "gen") // short: it holds the socket of gpg's agent
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	o := options{format: "rpm", packages: 40, bytes: 400e3, changed: .1}
	if err := writeRepository(dir, o); err != nil {
		t.Fatal(err)
	}
	for _, g := range []string{"g1", "g2"} {
		root := filepath.Join(dir, g, "repodata/repomd.xml")
		if out, err := exec.Command("gpgv", "--keyring", filepath.Join(dir, "key.gpg"), root+".asc", root).CombinedOutput(); err != nil {
			t.Errorf("gpgv: %v\n%s", err, out)
		}
		packages, err := filepath.Glob(filepath.Join(dir, g, "Packages/*/*.rpm"))
		if err != nil || len(packages) != o.packages {
			t.Fatalf("%s has %d packages, want %d (%v)", g, len(packages), o.packages, err)
		}
		if out, err := exec.Command("rpm", append([]string{"-Kv", "--nosignature"}, packages...)...).CombinedOutput(); err != nil {
			t.Errorf("rpm -K: %v\n%s", err, out)
		}
		list, err := os.ReadFile(filepath.Join(dir, g+".files"))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(list), "\n"); n != o.packages+5 { // three indexes, the root, its signature
			t.Errorf("%s.files lists %d files:\n%s", g, n, list)
		}
	}
}
