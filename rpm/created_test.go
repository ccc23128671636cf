package rpm

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// pressed is a file that Create writes.
type pressed struct {
	bytes.Buffer
	stored *[][]byte
}

func (p *pressed) Finish() (repo.File, error) {
	content := bytes.Clone(p.Bytes())
	*p.stored = append(*p.stored, content)
	return fileOf("", content), nil
}

func (*pressed) Discard() {}

// inspectFile inspects the file at a path, thoroughly.
func inspectFile(c *Creator, name string) (*repo.Inspected, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return c.Inspect(repo.PackageFile{Base: path.Base(name), Content: file, Size: info.Size(), Modified: info.ModTime(), Thorough: true})
}

// entriesOf are the packages in the directory, in order.
func entriesOf(t testing.TB, c *Creator, dir string) (entries []*repo.Entry) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !c.IsPackage(e.Name()) {
			return err
		}
		i, err := inspectFile(c, name)
		if err != nil {
			return errors.Join(errors.New(name), err)
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		found, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		place, err := c.Place(i, filepath.ToSlash(found))
		if err != nil {
			return errors.Join(errors.New(name), err)
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		sum := c.Algorithms()[0].New()
		sum.Write(content)
		entries = append(entries, &repo.Entry{
			Inspected: i, Path: place, Size: info.Size(), Modified: info.ModTime(),
			Digests: []repo.Digest{repo.NewDigest(c.Algorithms()[0], sum.Sum(nil))},
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(entries, func(a, b *repo.Entry) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), c.Compare(a.Version, b.Version), strings.Compare(a.Architecture, b.Architecture), strings.Compare(a.Path, b.Path))
	})
	return entries
}

// creationOf is what Create works on, for the entries; what it writes is stored.
func creationOf(entries []*repo.Entry, signer repo.Signer, stored *[][]byte) *repo.Creation {
	return &repo.Creation{
		Entries: func(yield func(*repo.Entry, error) bool) {
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
		},
		Length: len(entries), Signer: signer, Date: date,
		Output: func() (repo.Output, error) { return &pressed{stored: stored}, nil },
	}
}

// created is the metadata of a repository of the packages in the directory.
func created(t testing.TB, c *Creator, dir string, signer repo.Signer) archive {
	t.Helper()
	var stored [][]byte
	m, err := c.Create(creationOf(entriesOf(t, c, dir), signer, &stored))
	if err != nil {
		t.Fatal(err)
	}
	a := storedArchive(m, stored)
	a.checkManifest(t, m)
	return a
}

// storedArchive is what was stored by the paths of the manifest.
func storedArchive(m *repo.Manifest, stored [][]byte) archive {
	a := archive{}
	for _, f := range slices.Concat(m.Indexes, m.Root) {
		for _, content := range stored {
			if fileOf(f.Path, content) == f {
				a[f.Path] = content
			}
		}
	}
	return a
}
