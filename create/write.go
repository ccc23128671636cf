package create

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// write has the format write the indexes and the root, and checks them.
func (r *run) write(ctx context.Context) (*repo.Manifest, error) {
	date, ahead, err := r.before.NextDate(ctx, r.Now())
	if err != nil {
		return nil, err
	}
	if ahead {
		r.warn("%s", r.before.AheadWarning())
	}
	r.date = date
	objects := r.Store.Objects()
	c := &repo.Creation{
		Entries: r.entries(ctx), Length: len(r.now.entries), Date: date, ValidFor: r.ValidFor,
		Output: func() (repo.Output, error) { return objects.Draft(date) },
	}
	if r.Sign != nil {
		c.Signer = r.Sign.Signer(ctx)
	}
	stage := r.Progress.Stage(r.Name, "indexes", 0, 0)
	defer stage.Finish()
	m, err := r.Creator.Create(c)
	if err != nil {
		return nil, fmt.Errorf("%s: write indexes: %w", r.name(), err)
	}
	m.Packages = r.now.packageFiles()
	if err := checkPaths(m); err != nil {
		return nil, fmt.Errorf("%s: %w", r.name(), err)
	}
	if err := r.readBack(ctx, m); err != nil {
		return nil, fmt.Errorf("%s: the indexes written do not read back: %w", r.name(), err)
	}
	return m, nil
}

// packageFiles are the files of all packages, by path.
func (c *content) packageFiles() []repo.File {
	files := make([]repo.File, 0, len(c.entries))
	for _, e := range c.entries {
		files = slices.AppendSeq(files, e.files)
	}
	slices.SortFunc(files, func(a, b repo.File) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b repo.File) bool { return a.Path == b.Path })
}

// checkPaths refuses a package in the place of an index.
func checkPaths(m *repo.Manifest) error {
	for _, part := range [][]repo.File{m.Indexes, m.Root} {
		for _, f := range part {
			if _, there := find(m.Packages, f.Path); there {
				return fmt.Errorf("%s is an index, and a package is to be there too", f.Path)
			}
		}
	}
	return nil
}

// find finds a path among files that are sorted by path.
func find(files []repo.File, path string) (int, bool) {
	return slices.BinarySearchFunc(files, path, func(f repo.File, path string) int { return strings.Compare(f.Path, path) })
}

// entries ranges over the content together with its texts.
func (r *run) entries(ctx context.Context) iter.Seq2[*repo.Entry, error] {
	algorithms := r.Creator.Algorithms()
	return func(yield func(*repo.Entry, error) bool) {
		t := openTexts(r.textsFile(), r.inventoryKey())
		defer t.close()
		var x record
		var inspected repo.Inspected
		for i, e := range r.now.entries {
			err := ctx.Err()
			if err == nil && (i >= len(t.digests) || t.digests[i] != e.digest) {
				err = errRecord
			}
			var b []byte
			if err == nil {
				b, err = t.read()
			}
			if err == nil {
				err = x.parse(b, algorithms)
			}
			if err != nil {
				yield(nil, fmt.Errorf("%s: %w", e, err))
				return
			}
			inspected = *e.Inspected
			inspected.Texts = x.texts
			if !yield(&repo.Entry{
				Inspected: &inspected, Path: e.path, Part: e.part, Size: e.size, Modified: e.modified, Digests: x.digests,
			}, nil) {
				return
			}
		}
	}
}

func timeOf(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }
