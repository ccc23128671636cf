package create_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// Components and suites of one archive come in different runs; a run leaves the others
// as they are.
func TestComponentsAndSuites(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t, deb.Format{})
	part := func(suite, component string) {
		w.in = filepath.Join(t.TempDir(), "in")
		w.job.Creator = &deb.Creator{Suite: suite, Component: component}
		w.job.Inputs = []create.Input{{Path: w.in}}
	}
	part("stable", "main")
	w.add("a 1.0\n")
	w.run()
	part("stable", "contrib")
	w.add("b 1.0\nb 2.0\n")
	w.job.Keep = 1
	w.run()
	w.job.Keep = 0
	w.holds("a 1.0", "b 2.0")
	part("stable/updates", "main")
	w.add("a 1.1\n")
	if r := w.run(); len(r.Repositories) != 2 || r.Packages != 3 {
		t.Errorf("report: %+v", r)
	}
	w.holds("a 1.0", "a 1.1", "b 2.0")

	// The same file in another suite is one file of the pool.
	part("testing", "main")
	w.add("a 1.0\n")
	w.run()
	w.holds("a 1.0", "a 1.0", "a 1.1", "b 2.0")
	// Another content of it is not.
	part("testing", "main")
	w.add("a 1.0\n Depends: other\n")
	var refused *create.RefusedError
	if err := w.fails(); !errors.As(err, &refused) || !strings.Contains(err.Error(), "ours/stable") {
		t.Error(err)
	}
	part("testing", "main")
	w.add("a 2.0\n")
	w.run()
	w.holds("a 1.0", "a 1.1", "a 2.0", "b 2.0")

	// A run over one of several parts is as quick as one over the only one.
	if r := w.run(); r.Changed || r.Read != 0 {
		t.Errorf("run after no change: %+v", r)
	}
	part("stable", "main")
	w.add("c 1.0\n")
	w.run()
	w.holds("a 1.1", "a 2.0", "b 2.0", "c 1.0")
	part("stable", "contrib")
	w.add("b 2.0\n")
	if r := w.run(); r.Changed {
		t.Errorf("the same packages of another component: %+v", r)
	}
}

// sources writes source packages with their files into a directory.
func sources(t *testing.T, dir string, of ...repotest.Source) {
	t.Helper()
	d := repotest.NewDeb(t)
	d.Suite("stable").AddSource(of...)
	tree := d.Tree()
	for _, name := range tree.Paths() {
		if strings.HasPrefix(name, "pool/") {
			write(t, filepath.Join(dir, filepath.Base(name)), tree.Content(name))
		}
	}
}

func TestSourcePackages(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t, deb.Format{})
	sources(t, w.in, repotest.Source{Name: "a"})
	w.add("a 1.0\n")
	r := w.run()
	parts, err := filepath.Glob(filepath.Join(w.in, "*"))
	if err != nil || r.Packages != len(parts) {
		t.Errorf("%d files are published of %q", r.Packages, parts)
	}
	if r := w.run(); r.Changed || r.Read != 0 {
		t.Errorf("run after no change: %+v", r)
	}
	tarball := parts[slices.IndexFunc(parts, func(p string) bool { return strings.Contains(p, ".tar.") })]
	content := read(t, tarball)
	write(t, tarball, append(content, 'x'))
	if err := w.fails(); !strings.Contains(err.Error(), ".dsc") || !strings.Contains(err.Error(), filepath.Base(tarball)) {
		t.Errorf("a changed tarball: %v", err)
	}
	if err := os.Remove(tarball); err != nil {
		t.Fatal(err)
	}
	if err := w.fails(); !strings.Contains(err.Error(), filepath.Base(tarball)) {
		t.Errorf("a missing tarball: %v", err)
	}
	w.job.KeepGoing = true
	w.run()
	w.holds("a 1.0")
}

// changesOf is a list of files as dpkg-genchanges writes it.
func changesOf(t *testing.T, files ...string) []byte {
	t.Helper()
	var sums, md5s strings.Builder
	for _, f := range files {
		content := read(t, f)
		fmt.Fprintf(&sums, " %x %d %s\n", sha256.Sum256(content), len(content), filepath.Base(f))
		fmt.Fprintf(&md5s, " 0123456789abcdef0123456789abcdef %d misc optional %s\n", len(content), filepath.Base(f))
	}
	return []byte("Format: 1.8\nDate: Thu, 01 Jan 2026 00:00:00 +0000\nSource: a\nBinary: a b\nArchitecture: amd64\nVersion: 1.0\n" +
		"Distribution: stable\nMaintainer: Test <test@example.org>\nDescription:\n a - small\nChanges:\n a (1.0) stable; urgency=low\n" +
		"Checksums-Sha256:\n" + sums.String() + "Files:\n" + md5s.String())
}

func TestChanges(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t, deb.Format{})
	files := w.add("a 1.0\nb 1.0\nc 1.0\n")
	w.job.Copy = true // or the last change would reach what is published
	changes := filepath.Join(w.in, "a_1.0_amd64.changes")
	write(t, changes, changesOf(t, files[:2]...))
	w.job.Inputs = []create.Input{{Path: changes}}
	w.run()
	w.holds("a 1.0", "b 1.0")
	if r := w.run(); r.Changed || r.Read != 0 {
		t.Errorf("run after no change: %+v", r)
	}
	server := w.serve(changes)
	if r := w.run(); r.Changed || r.Read != 3 {
		t.Errorf("the same by URL: %+v", r)
	}
	server.Reset()
	if r := w.run(); r.Changed || r.Read != 0 || len(server.Requests("")) != 1 {
		t.Errorf("run after no change, by URL: %+v, %v", r, server.Requests(""))
	}
	rebuilt := repotest.WritePackages(t, "deb", t.TempDir(), "a 1.0\n Depends: other\n")[0]
	write(t, files[0], read(t, rebuilt))
	w.job.Inputs = []create.Input{{Path: changes}}
	if err := w.fails(); !strings.Contains(err.Error(), filepath.Base(files[0])) {
		t.Error(err)
	}
	w.holds("a 1.0", "b 1.0")
}
