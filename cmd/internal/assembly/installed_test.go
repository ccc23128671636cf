package assembly

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestParseInstalled(t *testing.T) {
	for line, want := range map[string]*repo.Package{
		"nginx 1.22.1-9":              {Name: "nginx", Version: "1.22.1-9"},
		"libc6:i386\t2.36-9":          {Name: "libc6", Version: "2.36-9", Architecture: "i386"},
		"perl=5:5.36.0-7":             {Name: "perl", Version: "5:5.36.0-7"},
		"bash-5.1.8-6.el9.x86_64":     {Name: "bash", Version: "5.1.8-6.el9", Architecture: "x86_64", MultiArch: repo.Foreign},
		"dbus-1:1.12.20-8.el9.x86_64": {Name: "dbus", Version: "1:1.12.20-8.el9", Architecture: "x86_64", MultiArch: repo.Foreign},
		"nginx":                       nil,
		"nginx >= 1":                  nil,
		"nginx=":                      nil,
		"a-b":                         nil,
		"a-b.c":                       nil,
		"=1":                          nil,
	} {
		if d := cmp.Diff(want, parseInstalled(line), cmpopts.EquateComparable(repo.Digest{})); d != "" {
			t.Errorf("%q (-want +got):\n%s", line, d)
		}
	}
}

func TestReadRPMQuery(t *testing.T) {
	got, err := readRPMQuery(strings.NewReader(`package gpg-pubkey 1-2 (none)
provides gpg(x) = 1
package bash 5.1.8-6.el9 x86_64
provides /bin/sh  
provides bash = 5.1.8-6.el9
file /usr/bin/bash
file /usr/share/doc/bash/README
package filesystem 3.16-2.el9 x86_64
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []*repo.Package{
		{Name: "bash", Version: "5.1.8-6.el9", Architecture: "x86_64", MultiArch: repo.Foreign, Provides: []repo.Provide{
			{Name: "/bin/sh"}, {Name: "bash", Version: "= 5.1.8-6.el9"}, {Name: "/usr/bin/bash"},
		}},
		{Name: "filesystem", Version: "3.16-2.el9", Architecture: "x86_64", MultiArch: repo.Foreign},
	}
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(repo.Digest{})); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestAssumeInstalledFromDpkg(t *testing.T) {
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "var/lib/dpkg"), 0o755); err != nil {
		t.Fatal(err)
	}
	status := []byte(`Package: other
Status: install ok installed
Version: 3.0-1
Architecture: amd64
Maintainer: Test <test@example.org>
Provides: lib (= 1.5)
Description: test

Package: removed
Status: deinstall ok config-files
Version: 3.0-1
Architecture: amd64
Maintainer: Test <test@example.org>
Description: test
`)
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), status, 0o644); err != nil {
		t.Fatal(err)
	}
	b := &Builder{Root: root}
	got, err := b.installedByDpkg()
	if err != nil {
		t.Fatal(err)
	}
	want := []*repo.Package{{Name: "other", Version: "3.0-1", Architecture: "amd64", Provides: []repo.Provide{{Name: "lib", Version: "1.5"}}}}
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(repo.Digest{})); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if _, err := (&Builder{Root: t.TempDir()}).installedByDpkg(); err == nil {
		t.Log("dpkg-query takes a missing database for an empty one")
	}
}

// This machine's own database is read, whatever is in it.
func TestAssumeInstalledFromRPM(t *testing.T) {
	if _, err := exec.LookPath("rpm"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if _, err := (&Builder{Root: "/"}).installedByRPM(); err != nil {
		t.Error(err)
	}
}
