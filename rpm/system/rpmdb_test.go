package system

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// install builds a package of a spec's lines and records it in the machine's
// database.
func (m *machine) install(t *testing.T, name, version string, lines ...string) {
	t.Helper()
	needs(t, "rpmbuild")
	needs(t, "rpm")
	top := t.TempDir()
	spec := filepath.Join(top, name+".spec")
	text := "Name: " + name + "\nVersion: " + version + "\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n" + strings.Join(lines, "\n") + "\n%description\nx\n%files\n"
	if err := os.WriteFile(spec, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "rpmbuild", "--quiet", "-bb", "--define", "_topdir "+top, spec)
	m.rpm(t, "--install", "--justdb", "--nodeps", "--ignorearch", "--nosignature", filepath.Join(top, "RPMS", "noarch", name+"-"+version+"-1.noarch.rpm"))
}

// rpm runs rpm on the machine's database.
func (m *machine) rpm(t *testing.T, args ...string) {
	t.Helper()
	database := filepath.Join(m.dir, "var/lib/rpm")
	if err := os.MkdirAll(database, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "rpm", append([]string{"--dbpath", database}, args...)...)
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
}

func TestReleaseverAgreesWithDNF(t *testing.T) {
	d := newDNF(t)
	for _, tt := range []struct {
		name, pkg, version string
		lines              []string
		want               string
	}{
		{"a release that says what it is the release of", "example-release", "9.4", []string{"Provides: system-release = %{version}-%{release}", "Provides: system-release(releasever) = 9"}, "9"},
		{"a release", "fedora-release-common", "41", []string{"Provides: system-release = 40", "Provides: redhat-release"}, "40"},
		{"a release without a version of its own", "old-release", "6", []string{"Provides: redhat-release"}, "6"},
		{"a release of an older name", "redhat-release", "5Server", []string{"Provides: redhat-release = 7"}, "5Server"},
		{"a range", "odd-release", "8", []string{"Provides: system-release >= 7"}, "8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t, map[string]string{"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org/$releasever\n"})
			m.install(t, tt.pkg, tt.version, tt.lines...)
			d.agree(t, m)
			s, err := read(m.dir, "x86_64", nil)
			if err != nil {
				t.Fatal(err)
			}
			if s.Releasever != tt.want {
				t.Errorf("the release is %q; expected %q", s.Releasever, tt.want)
			}
		})
	}
}

func TestReleaseverWithoutDatabase(t *testing.T) {
	for _, tt := range []struct{ osRelease, want string }{
		{"NAME=x\nVERSION_ID=\"12\"\n", "12"}, {"VERSION_ID='15.6'\n", "15.6"}, {"VERSION_ID=41", "41"}, {"ID=rolling\n", ""}, {"", ""},
	} {
		s, err := read(newMachine(t, map[string]string{"usr/lib/os-release": tt.osRelease}).dir, "x86_64", nil)
		if err != nil {
			t.Fatal(err)
		}
		if s.Releasever != tt.want {
			t.Errorf("the release of %q is %q; expected %q", tt.osRelease, s.Releasever, tt.want)
		}
	}
}

func TestReleaseverOfDatabaseWithoutRelease(t *testing.T) {
	m := newMachine(t, map[string]string{"etc/os-release": "VERSION_ID=3\n"})
	m.install(t, "other", "1")
	s, err := read(m.dir, "x86_64", nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Releasever != "3" {
		t.Errorf("the release is %q; expected that of os-release, 3", s.Releasever)
	}
}

func TestBrokenDatabaseIsAnError(t *testing.T) {
	needs(t, "rpm")
	m := newMachine(t, map[string]string{"var/lib/rpm/rpmdb.sqlite": "no database\n" + strings.Repeat("x", 4096)})
	if s, err := read(m.dir, "x86_64", nil); err == nil || !strings.Contains(err.Error(), "rpm database "+m.dir) {
		t.Errorf("releasever %v, error %v; expected one about the rpm database", s, err)
	}
}

// TestInstalledKeys holds that sources which name no key have those that rpm
// trusts.
func TestInstalledKeys(t *testing.T) {
	needs(t, "gpg")
	needs(t, "rpm")
	home := t.TempDir()
	gpg := []string{"--homedir", home, "--batch", "--passphrase", ""}
	run(t, "gpg", append(gpg, "--quick-gen-key", "Example <packages@example.org>", "rsa2048", "sign", "never")...)
	key := filepath.Join(home, "key.asc")
	run(t, "gpg", append(gpg, "--armor", "--output", key, "--export")...)
	defer exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()

	m := newMachine(t, map[string]string{"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org\ngpgcheck=1\n[b]\nbaseurl=http://b.example.org\n[c]\nbaseurl=http://b.example.org\nrepo_gpgcheck=1\ngpgkey=file:///k\n"})
	m.rpm(t, "--import", key)
	s, err := read(m.dir, "x86_64", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(s.Sources[0].KeyData), "BEGIN PGP PUBLIC KEY BLOCK") || len(s.Notes) != 0 {
		t.Errorf("the keys of %s are %q, notes %q; expected those that rpm has", s.Sources[0].Name, s.Sources[0].KeyData, s.Notes)
	}
	for _, other := range s.Sources[1:] {
		if len(other.KeyData) != 0 {
			t.Errorf("%s, which checks nothing or names keys, has rpm's", other.Name)
		}
	}
}
