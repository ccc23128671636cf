package main

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

// A mirror leaves out what a list says that machines have.
func TestAssumeInstalledFromAFile(t *testing.T) {
	r := newRPMs(t, "app 1.0-1 noarch\n Requires: lib, other >= 2\nlib 1.0-1 noarch\n")
	r.Publish(r.served)
	c := r.configured("url: URL, keys: KEY", ", packages: app, assume-installed: {from: ./installed}")
	list := filepath.Join(r.dir, "installed")
	r.want(exitUsage, "installed", "plan", "-c", c)
	write(t, list, "# of rpm -qa\nlib-1.0-1.noarch\n\nother >= 2\n")
	r.want(exitUsage, "installed:4: this is no package", "plan", "-c", c)
	write(t, list, "# of rpm -qa\nlib-1.0-1.noarch\n\nother 2.5-1\n")
	r.want(0, "m: 1 packages", "plan", "-c", c)
}

func TestAssumeInstalledFromDpkg(t *testing.T) {
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	m := newMachine(t)
	write(t, filepath.Join(m.root, "var/lib/dpkg/status"), `Package: other
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
	b := &builder{root: m.root}
	got, err := b.installedByDpkg()
	if err != nil {
		t.Fatal(err)
	}
	want := []*repo.Package{{Name: "other", Version: "3.0-1", Architecture: "amd64", Provides: []repo.Provide{{Name: "lib", Version: "1.5"}}}}
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(repo.Digest{})); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if _, err := (&builder{root: t.TempDir()}).installedByDpkg(); err == nil {
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
	if _, err := (&builder{root: "/"}).installedByRPM(); err != nil {
		t.Error(err)
	}
}

// What another mirror holds is not mirrored again, at the versions that it holds.
func TestAssumeInstalledFromAMirror(t *testing.T) {
	r := newRPMs(t, "app 1.0-1 noarch\n Requires: lib = 1.0\nlib 1.0-1 noarch\n")
	r.Publish(r.served)
	c := r.configured("url: URL, keys: KEY", ", packages: lib")
	n := "  n: {from: app, packages: app, assume-installed: {from: m}}\n"
	write(t, c, strings.Replace(read(t, c), "mirrors:\n", "mirrors:\n"+n, 1))
	r.want(exitFailed, "mirror m is not published yet", "plan", "n", "-c", c)
	r.want(0, "n: published", "sync", "-c", c) // after m
	r.want(0, "n: 1 packages", "plan", "n", "-c", c)
	r.Remove("lib")
	r.AddText("lib 2.0-1 noarch\n")
	r.Publish(r.served)
	r.want(0, "n: 1 packages", "plan", "n", "-c", c)
}
