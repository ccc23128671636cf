package rpm

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

func createrepo(t testing.TB, dir string, options ...string) archive {
	t.Helper()
	out := t.TempDir()
	command := exec.Command(tool(t, "createrepo_c"), append(options, "--no-database", "--general-compress-type=gz", "--outputdir="+out, dir)...)
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("createrepo_c: %v\n%s", err, text)
	}
	a := archive{}
	entries, err := os.ReadDir(filepath.Join(out, "repodata"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(out, "repodata", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		a["repodata/"+e.Name()] = content
	}
	return a
}

// elementsOf are the elements of all packages in a kind of index, by pkgid.
func elementsOf(t testing.TB, a archive, kind string) map[string]string {
	t.Helper()
	s := source()
	s.Trusted = true
	r := only(t, s)
	elements := map[string]string{}
	text := a.content(t, r, kind)
	if kind == packagesKind {
		for in := repodata.NewPrimaryReader(strings.NewReader(text), kind); ; {
			p, err := in.Next()
			if err == io.EOF {
				return elements
			}
			if err != nil {
				t.Fatal(err)
			}
			elements[string(p.Checksum)] = string(p.Raw)
		}
	}
	open := map[string]func(io.Reader, string) *repodata.ListReader{filelistsKind: repodata.NewFilelistsReader, otherKind: repodata.NewOtherReader}[kind]
	for in := open(bytes.NewReader([]byte(text)), kind); ; {
		e, err := in.Next()
		if err == io.EOF {
			return elements
		}
		if err != nil {
			t.Fatal(err)
		}
		elements[string(e.PkgID)] = string(e.Raw)
	}
}

// packageDir is a directory with the packages of a repository.
func packageDir(t *testing.T, of *repotest.RPM) string {
	t.Helper()
	packages := archive{}
	for name, content := range made(t, of) {
		if strings.HasSuffix(name, ".rpm") {
			packages[name] = content
		}
	}
	return packages.write(t)
}

// What is created has the elements of packages that createrepo_c writes, byte for byte.
func TestCreateAsCreaterepo(t *testing.T) {
	t.Parallel()
	compareElements(t, packageDir(t, sample(t)))
}

func compareElements(t *testing.T, dir string) {
	t.Helper()
	ours, theirs := created(t, &Creator{Title: "test"}, dir, nil), createrepo(t, dir)
	for _, kind := range []string{packagesKind, filelistsKind, otherKind} {
		got, want := elementsOf(t, ours, kind), elementsOf(t, theirs, kind)
		if len(got) != len(want) {
			t.Errorf("%s has %d packages, expected %d", kind, len(got), len(want))
		}
		for id := range want {
			if d := cmp.Diff(strings.Split(want[id], "\n"), strings.Split(got[id], "\n")); d != "" {
				t.Errorf("%s: %s", kind, d)
			}
		}
	}
}
