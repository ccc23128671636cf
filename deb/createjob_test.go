package deb

import (
	"bytes"
	"cmp"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// job is a small job around a Creator: it publishes the package files of a directory
// as a tree.
type job struct {
	t        *testing.T
	creator  *Creator
	signer   repo.Signer
	date     time.Time
	validFor time.Duration
	tree     string // where it publishes
	skip     string // suffix of files that are no business of the test
	entries  []repo.Entry
}

func newJob(t *testing.T, c *Creator) *job {
	return &job{t: t, creator: c, date: time.Now(), tree: t.TempDir()}
}

// create publishes all packages that are below the directories.
func (j *job) create(dirs ...string) *repo.Manifest {
	j.t.Helper()
	for _, dir := range dirs {
		j.add(dir)
	}
	return j.publish()
}

// add adds the packages below a directory.
func (j *job) add(dir string) {
	j.t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !j.creator.IsPackage(e.Name()) || j.skip != "" && filepath.Ext(name) == j.skip {
			return err
		}
		found, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		return j.addFile(name, found)
	})
	if err != nil {
		j.t.Fatal(err)
	}
}

func (j *job) addFile(name, found string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	p, digests, err := inspect(j.creator, filepath.Base(name), content, false)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	place, err := j.creator.Place(p, found)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	e := repo.Entry{Inspected: p, Path: place, Part: j.creator.Part(), Size: int64(len(content)), Digests: digests}
	j.entries = append(j.entries, e)
	j.write(place, content)
	for _, f := range p.Files {
		beside, err := os.ReadFile(filepath.Join(filepath.Dir(name), f.Path))
		if err != nil {
			return err
		}
		j.write(filepath.Join(filepath.Dir(place), f.Path), beside)
	}
	return nil
}

// inspect reads a package as jobs do: while it is summed up.
func inspect(c *Creator, base string, content []byte, thorough bool) (*repo.Inspected, []repo.Digest, error) {
	var hashes []hash.Hash
	var writers []io.Writer
	for _, a := range c.Algorithms() {
		h := a.New()
		hashes, writers = append(hashes, h), append(writers, h)
	}
	tee := io.TeeReader(bytes.NewReader(content), io.MultiWriter(writers...))
	p, err := c.Inspect(repo.PackageFile{Base: base, Content: tee, Size: int64(len(content)), Thorough: thorough})
	if err != nil {
		return nil, nil, err
	}
	if _, err := io.Copy(io.Discard, tee); err != nil {
		return nil, nil, err
	}
	var digests []repo.Digest
	for i, a := range c.Algorithms() {
		digests = append(digests, repo.NewDigest(a, hashes[i].Sum(nil)))
	}
	return p, digests, nil
}

func (j *job) publish() *repo.Manifest {
	j.t.Helper()
	slices.SortFunc(j.entries, func(a, b repo.Entry) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), j.creator.Compare(a.Version, b.Version), cmp.Compare(a.Architecture, b.Architecture), cmp.Compare(a.Path, b.Path))
	})
	contents := make(map[repo.Digest][]byte)
	m, err := j.creator.Create(&repo.Creation{
		Entries: func(yield func(*repo.Entry, error) bool) {
			for _, e := range j.entries {
				if !yield(&e, nil) {
					return
				}
			}
		},
		Length:   len(j.entries),
		Signer:   j.signer,
		Date:     j.date,
		ValidFor: j.validFor,
		Output:   func() (repo.Output, error) { return &memoryOutput{of: contents}, nil },
	})
	if err != nil {
		j.t.Fatal(err)
	}
	for f := range m.All {
		j.write(f.Path, contents[f.Digest])
	}
	return m
}

func (j *job) write(name string, content []byte) {
	j.t.Helper()
	name = filepath.Join(j.tree, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		j.t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		j.t.Fatal(err)
	}
}

type memoryOutput struct {
	bytes.Buffer
	of map[repo.Digest][]byte
}

func (o *memoryOutput) Finish() (repo.File, error) {
	f := fileOf("", o.Bytes())
	o.of[f.Digest] = o.Bytes()
	return f, nil
}

func (o *memoryOutput) Discard() {}
