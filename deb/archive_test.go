package deb

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// tester is what testing.T and rapid.T share.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// archive is the files of an archive, by path.
type archive map[string][]byte

// put stores a file, as repo.Rewriting wants it.
func (a archive) put(name string, content []byte) (repo.File, error) {
	if _, there := a[name]; there {
		return repo.File{}, fmt.Errorf("%s is stored twice", name)
	}
	a[name] = content
	return fileOf(name, content), nil
}

// open opens an index from whichever variant is there.
func (a archive) open(ix repo.Index) (io.ReadCloser, error) {
	for _, v := range ix.Variants {
		content, ok := a[v.Path]
		if !ok {
			continue
		}
		if sumOf(v.Digest.Algorithm(), content) != v.Digest || v.Size != int64(len(content)) {
			return nil, fmt.Errorf("%s is not what the Release says", v.Path)
		}
		return compress.Reader(bytes.NewReader(content), v.Suffix, 1<<30)
	}
	return nil, fs.ErrNotExist
}

// publish makes an archive of the indexes, named relative to the directory, with a
// signed Release of the given fields.
func publish(t tester, dir, fields string, indexes map[string]string) archive {
	t.Helper()
	a := archive{}
	var list strings.Builder
	for name, content := range indexes {
		f, err := a.put(path.Join(dir, name), []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&list, " %s %d %s\n", f.Digest.Hex(), f.Size, name)
	}
	text := []byte("Date: Sun, 22 Nov 2026 10:00:00 UTC\n" + fields + "SHA256:\n" + list.String())
	a[path.Join(dir, "InRelease")], _ = sealer{keys}.Inline(text)
	return a
}

// root reads the archive's InRelease.
func (a archive) root(t tester, r *repo.Repository) *repo.Root {
	t.Helper()
	form := Format{}.RootForms(r)[0]
	files := repo.RootFiles{form.Main: a[form.Main]}
	for _, name := range form.Beside {
		if content, ok := a[name]; ok {
			files[name] = content
		}
	}
	root, err := Format{}.ReadRoot(r, form, files, keys, now)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// packages reads the archive's packages.
func (a archive) packages(t tester, r *repo.Repository) []*repo.Package {
	t.Helper()
	packages, err := Format{}.ReadPackages(r, a.root(t, r), a.open)
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// stanza is a stanza of Packages with the least that it needs, and more fields.
func stanza(name, version, architecture, more string) string {
	d := sumOf(repo.SHA256, []byte(name+version+architecture))
	return fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: %s\n%sFilename: pool/%s_%s_%s.deb\nSize: 7\nSHA256: %s\n",
		name, version, architecture, more, name, version, architecture, d.Hex())
}

// index joins stanzas.
func index(stanzas ...string) string {
	var b strings.Builder
	for _, s := range stanzas {
		b.WriteString(s + "\n")
	}
	return b.String()
}
