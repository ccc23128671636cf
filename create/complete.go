package create

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// complete makes sure that the objects and the texts of all packages are there, and
// writes the texts in the order of the content.
func (r *run) complete(ctx context.Context) error {
	if err := r.completeObjects(ctx); err != nil {
		return err
	}
	r.texts = openTexts(r.textsFile(), r.inventoryKey())
	for {
		places := r.texts.reach(r.now.entries, r.fresh.has)
		var lost []*entry
		for i, e := range r.now.entries {
			if places[i] < 0 && !r.fresh.has(e.digest) {
				lost = append(lost, e)
			}
		}
		if err := r.inspectAgain(ctx, lost); err != nil {
			return err
		}
		err := r.writeTexts(places)
		if !errors.Is(err, errRecord) {
			return err
		}
		r.texts.close() // damaged: everything that is not there yet is found out again
		r.texts = &texts{}
	}
}

// completeObjects has the files read again of which the objects are gone.
func (r *run) completeObjects(ctx context.Context) error {
	missing, err := r.missing(ctx)
	if err != nil || len(missing) == 0 {
		return err
	}
	files := map[sum]*found{}
	for _, f := range r.byName {
		if f.row != nil {
			files[f.row.digest] = f
		}
	}
	var again []*found
	for _, x := range missing {
		f := files[sumOf(x.Digest)]
		if f == nil {
			return fmt.Errorf("%s: %w", x.Path, ErrLost)
		}
		f.again, f.row = true, nil
		again = append(again, f)
	}
	if err := r.readFiles(ctx, again); err != nil {
		return err
	}
	r.known.changed = true
	for i, f := range again {
		switch {
		case f.err != nil:
			return fmt.Errorf("%s: %w", f, f.err)
		case f.row.digest != sumOf(missing[i].Digest):
			return fmt.Errorf("%s: %w; run again", f, store.ErrChanging)
		}
	}
	return nil
}

// missing are the files of which there is no object, or, where all is to be checked, a
// wrong one.
func (r *run) missing(ctx context.Context) (missing []repo.File, err error) {
	objects := r.Store.Objects()
	var mu sync.Mutex
	err = inParallel(ctx, len(r.now.entries), func(ctx context.Context, i int) error {
		for f := range r.now.entries[i].files {
			ok, err := objects.Has(f), ctx.Err()
			if ok && r.Check && err == nil {
				ok, err = objects.Check(f)
			}
			if err != nil {
				return err
			}
			if !ok {
				mu.Lock()
				missing = append(missing, f)
				mu.Unlock()
			}
		}
		return nil
	})
	slices.SortFunc(missing, func(a, b repo.File) int { return strings.Compare(a.Path, b.Path) })
	return missing, err
}

// inspectAgain inspects packages whose texts are lost, by their objects.
func (r *run) inspectAgain(ctx context.Context, lost []*entry) error {
	if len(lost) == 0 {
		return nil
	}
	stage := r.Progress.Stage(r.Name, "inventory", len(lost), 0)
	defer stage.Finish()
	algorithms := r.Creator.Algorithms()
	return inParallel(ctx, len(lost), func(ctx context.Context, i int) error {
		e := lost[i]
		in, err := r.Store.Objects().Open(repo.File{Digest: e.digest.digest()})
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s (%s): %w", e, e.path, ErrLost)
		}
		if err != nil {
			return err
		}
		defer in.Close()
		d := newDigesting(ctx, in, stage, algorithms, &r.md5)
		defer d.close()
		inspected, err := r.Creator.Inspect(repo.PackageFile{
			Base: path.Base(e.path), Content: d.in, Size: e.size, Modified: e.modified, Thorough: r.Check,
		})
		if err == nil {
			err = d.drain(e.size)
		}
		if err == nil && sumOf(d.sum(repo.SHA256)) != e.digest {
			err = fmt.Errorf("its digest is %s, expected %s", d.sum(repo.SHA256), e.digest.digest())
		}
		if err != nil {
			return fmt.Errorf("%s, which the repository holds: %w", e.path, err)
		}
		stage.FileDone()
		return r.keepTexts(e.digest, inspected, d.sums(algorithms))
	})
}
