package mirror

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Errors of runs that mirror what is locked.
var (
	// ErrLockOutdated says that the lock was written for another selection.
	ErrLockOutdated = errors.New("the lock file is of another selection")
	// ErrLockGone says that upstream does not have any more what is locked.
	ErrLockGone = errors.New("what is locked is not there any more")
)

// checkLock refuses a lock that is not of this configuration.
func (j *Job) checkLock() error {
	if j.Locked == nil || j.Locked.Selection == j.Mirror.Selection() {
		return nil
	}
	return fmt.Errorf("mirror %s: %w: since it was written, seeds, policies or sources of the configuration have changed", j.Mirror.Name, ErrLockOutdated)
}

// checkLockedRoots refuses roots of a full mirror that are not the locked ones.
func (r *run) checkLockedRoots() error {
	if r.Locked == nil || !r.Mirror.Full() {
		return nil
	}
	for _, u := range r.upstreams {
		name := u.repository.String()
		if u.failed != nil || !r.selected(name) {
			continue
		}
		i := slices.IndexFunc(r.Locked.Roots, func(x LockedRoot) bool { return x.Repository == name })
		switch now := u.Cached.Digest; {
		case i < 0:
			return fmt.Errorf("%w: the lock file has no root of %s", ErrLockOutdated, name)
		case r.Locked.Roots[i].Root != now:
			return fmt.Errorf("%w: the root of %s is %s, locked is %s", ErrLockGone, name, now, r.Locked.Roots[i].Root)
		}
	}
	return nil
}

// buildLocked makes the generation that holds exactly the locked packages. What the
// seeds lack among them is reported as ever.
func (r *run) buildLocked(ctx context.Context, all []*repo.Package) (*generation, error) {
	held, err := r.Locked.find(all)
	if err != nil {
		return nil, err
	}
	beside := slices.Clone(held)
	for _, p := range all {
		if r.Mirror.isAside(p) {
			beside = append(beside, p)
		}
	}
	s := r.Mirror.pick(beside, r.Mirror.seeds(beside))
	why := map[*repo.Package]Picked{}
	for _, x := range s.picked {
		why[x.Package] = x
	}
	s.all, s.picked = all, nil
	for _, p := range held {
		x, ok := why[p]
		if !ok {
			x = Picked{Package: p, Reason: "locked"}
		}
		s.picked = append(s.picked, x)
	}
	return r.buildSelection(ctx, s, nil)
}

// find returns the locked packages, in the order of the others.
func (m *LockedMirror) find(all []*repo.Package) (held []*repo.Package, err error) {
	missing := make(map[string]bool, len(m.Packages))
	for _, p := range m.Packages {
		missing[p.key()] = true
	}
	for _, p := range all {
		if key := locked(p).key(); missing[key] {
			delete(missing, key)
			held = append(held, p)
		}
	}
	if len(missing) == 0 {
		return held, nil
	}
	const most = 5
	var gone []string
	for _, p := range m.Packages {
		if !missing[p.key()] {
			continue
		}
		if len(gone) == most {
			gone = append(gone, fmt.Sprintf("and %d more", len(missing)-most))
			break
		}
		gone = append(gone, p.String()+": "+p.instead(all))
	}
	return nil, fmt.Errorf("%w: %s", ErrLockGone, strings.Join(gone, "; "))
}

// instead says what there is in the place of a locked package that is gone.
func (p LockedPackage) instead(all []*repo.Package) string {
	var others []string
	for _, q := range all {
		x := locked(q)
		switch {
		case x.Name != p.Name || x.Architecture != p.Architecture || x.Repository != p.Repository:
		case x.Version != p.Version:
			others = append(others, x.Version)
		case len(x.Files) == len(p.Files):
			for i, f := range p.Files {
				if x.Files[i] != f {
					return fmt.Sprintf("the repository lists %s with %d bytes and %s, locked is %s with %d bytes and %s",
						x.Files[i].Path, x.Files[i].Size, x.Files[i].Digest, f.Path, f.Size, f.Digest)
				}
			}
		}
	}
	if len(others) == 0 {
		return "the repository has no package of this name"
	}
	return "the repository has " + strings.Join(others, ", ")
}
