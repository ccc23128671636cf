package deb

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestReadInstalled(t *testing.T) {
	got, err := ReadInstalled(strings.NewReader(`Package: libc6
Status: install ok installed
Priority: optional
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9
Provides: libc-abi
Depends: libgcc-s1
Breaks: 
Conffiles:
 /etc/ld.so.conf.d/x.conf 0123

Package: held
Status: hold ok triggers-pending
Architecture: all
Version: 1

Package: removed
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: half
Status: install ok half-configured
Architecture: all
Version: 1

Package: plain
Architecture: all
Version: 1
`), "status")
	if err != nil {
		t.Fatal(err)
	}
	want := []*repo.Package{
		{
			Name: "libc6", Version: "2.36-9", Architecture: "amd64", Source: "glibc", MultiArch: repo.Same,
			Provides:  []repo.Provide{{Name: "libc-abi"}},
			Relations: []repo.Relation{{Kind: repo.Requires, Alternatives: []repo.Dependency{{Name: "libgcc-s1"}}}},
		},
		{Name: "held", Version: "1", Architecture: "all"},
		{Name: "plain", Version: "1", Architecture: "all"},
	}
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(repo.Digest{})); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for _, wrong := range []string{"Package: a\nVersion: 1\n", "Package: a\nArchitecture: all\n", "Package: a\nPackage: a\n", "no field\n"} {
		if _, err := ReadInstalled(strings.NewReader(wrong), "status"); err == nil || !strings.Contains(err.Error(), "status") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestInstallCommand(t *testing.T) {
	got := Format{}.InstallCommand([]*repo.Package{
		{Name: "nginx", Version: "1.22.1-9", Architecture: "amd64"}, {Name: "doc", Version: "1", Architecture: "all"}, {Name: "libc6", Version: "2.36-9", Architecture: "i386"},
	}, "amd64")
	if want := "apt-get install nginx=1.22.1-9 doc=1 libc6:i386=2.36-9"; got != want {
		t.Errorf("%s, expected %s", got, want)
	}
}
