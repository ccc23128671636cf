package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/verify"
)

// repair mends what was found wrong in a directory: from the objects where they have it,
// else by a run over the mirror that fetches what is missing. The files that were found
// bad are read once more; all others are believed.
func (a *app) repair(ctx context.Context, where string, findings []verify.Finding) error {
	if strings.Contains(where, "://") {
		return usage("--repair is for directories; a site is mended where it is published")
	}
	dir, err := filepath.Abs(where)
	if err != nil {
		return err
	}
	k := &kept{app: a}
	if err := k.open(true); err != nil {
		return err
	}
	lost, all, err := k.dropBad(dir, findings)
	if err != nil {
		return err
	}
	if err := k.fetchLost(ctx, lost); err != nil {
		return err
	}
	unlock, err := assembly.Lock(k.store)
	if err != nil {
		return err
	}
	defer unlock()
	for _, name := range all {
		record, err := k.store.Published(name)
		if err == nil {
			err = k.store.Restore(name, record, nil)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// dropBad removes the objects that do not have their digests, and returns the mirrors in
// the directory, and those that miss objects.
func (k *kept) dropBad(dir string, findings []verify.Finding) (lost, all []string, err error) {
	unlock, err := assembly.Lock(k.store)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	suspect := map[string]bool{}
	for _, f := range findings {
		suspect[f.Path] = true
	}
	names, err := k.store.Mirrors()
	if err != nil {
		return nil, nil, err
	}
	objects := k.store.Objects()
	for _, name := range names {
		record, err := k.store.Published(name)
		if err != nil || record == nil {
			return nil, nil, err
		}
		inside, missing := false, false
		for _, p := range record.Repositories {
			at, err := filepath.Rel(dir, filepath.Join(k.store.Destination(), filepath.FromSlash(p.Place)))
			if err != nil || at == ".." || strings.HasPrefix(at, "../") {
				continue
			}
			inside = true
			m, err := k.store.Manifest(name, p)
			if err != nil {
				return nil, nil, err
			}
			n, err := missingOf(objects, m, suspect)
			if err != nil {
				return nil, nil, err
			}
			missing = missing || n > 0
		}
		if inside {
			all = append(all, name)
		}
		if missing {
			lost = append(lost, name)
		}
	}
	return lost, all, nil
}

// missingOf counts the objects of a manifest that are not there, or not any more.
func missingOf(objects *store.Objects, m *repo.Manifest, suspect map[string]bool) (n int, err error) {
	for f := range m.All {
		ok := objects.Has(f)
		if ok && suspect[f.Path] {
			if ok, err = objects.Check(f); err != nil {
				return n, err
			}
		}
		if !ok {
			n++
		}
	}
	return n, nil
}

// fetchLost has the mirrors fetch what is missing. A channel has what its mirror has.
func (k *kept) fetchLost(ctx context.Context, lost []string) error {
	var mirrors []string
	for _, name := range lost {
		of, channel := store.SplitChannel(name)
		switch {
		case channel != "":
		case k.config.Mirror(of) != nil:
			mirrors = append(mirrors, of)
		default:
			return &exit{Code: exitFailed, Err: fmt.Errorf("files of %s are lost", of), Hint: "give its package files again: mirrorkeeper create " + of + " --check FILE..."}
		}
	}
	if len(mirrors) == 0 {
		return nil
	}
	s, err := assembly.Mirrors(ctx, k.config, assembly.Options{Console: &k.app.Console, Mirrors: mirrors, Publish: true})
	if err != nil {
		return err
	}
	defer s.Close()
	for _, j := range s.Jobs {
		j.Check = mirror.CheckSize
	}
	_, err = s.Sync(ctx)
	return err
}
