package generations

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// Difference is what leads from the packages of one generation to those of another.
type Difference struct {
	Mirror string `json:"mirror"`
	// From and To are IDs.
	From string `json:"from"`
	To   string `json:"to"`

	Added      []Package `json:"added"`
	Removed    []Package `json:"removed"`
	Upgraded   []Upgrade `json:"upgraded"`
	Downgraded []Upgrade `json:"downgraded"`
	// Rebuilt are packages of the same version with another content.
	Rebuilt []Package `json:"rebuilt"`
	// AddedBytes is the size of the package files that came, RemovedBytes of those that went.
	AddedBytes   int64 `json:"added_bytes"`
	RemovedBytes int64 `json:"removed_bytes"`
}

// Package is a package of a difference.
type Package struct {
	Name         string `json:"name"`
	Version      string `json:"version"`
	Architecture string `json:"architecture"` // "source" for source packages of deb
	Repository   string `json:"repository"`
	Size         int64  `json:"size"` // in bytes, of all of its files
}

// Upgrade is a package with another version than before.
type Upgrade struct {
	Package
	Before string `json:"before"` // version
}

// Empty reports whether there is none.
func (d *Difference) Empty() bool {
	return len(d.Added)+len(d.Removed)+len(d.Upgraded)+len(d.Downgraded)+len(d.Rebuilt) == 0
}

// Compare tells what leads from one generation to another. Repositories of which nothing
// changed are not read.
func (m *Mirror) Compare(from, to *store.Kept) (*Difference, error) {
	d := &Difference{
		Mirror: m.Name, From: from.ID, To: to.ID,
		Added: []Package{}, Removed: []Package{}, Upgraded: []Upgrade{}, Downgraded: []Upgrade{}, Rebuilt: []Package{},
	}
	for _, now := range to.Repositories {
		before := from.Find(now.Name, now.Place)
		if before != nil && before.ManifestFile == now.ManifestFile {
			continue
		}
		if err := m.compareRepository(d, before, now); err != nil {
			return nil, err
		}
	}
	for _, before := range from.Repositories {
		if to.Find(before.Name, before.Place) == nil {
			if err := m.compareRepository(d, before, nil); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

// line is all versions of a package for an architecture.
type line struct{ before, now []*repo.Package }

func (m *Mirror) compareRepository(d *Difference, before, now *store.Published) error {
	type key struct{ name, architecture string }
	lines := map[key]*line{}
	var order []key
	var format repo.Format
	name := ""
	collect := func(at *store.Published, add func(*line, *repo.Package)) error {
		if at == nil {
			return nil
		}
		r, err := m.read(at)
		if err != nil {
			return err
		}
		format, name = r.format, at.Name
		packages, err := r.packages()
		if err != nil {
			return err
		}
		for _, p := range packages {
			k := key{p.Name, architectureOf(p)}
			if lines[k] == nil {
				lines[k] = &line{}
				order = append(order, k)
			}
			add(lines[k], p)
		}
		return nil
	}
	if err := collect(before, func(l *line, p *repo.Package) { l.before = append(l.before, p) }); err != nil {
		return err
	}
	if err := collect(now, func(l *line, p *repo.Package) { l.now = append(l.now, p) }); err != nil {
		return err
	}
	slices.SortFunc(order, func(a, b key) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.architecture, b.architecture))
	})
	for _, k := range order {
		d.add(name, format, lines[k])
	}
	return nil
}

// add adds the difference of one line: versions on one side only are paired from the
// newest one downwards.
func (d *Difference) add(repository string, versions repo.Versions, l *line) {
	describe := func(p *repo.Package) Package {
		return Package{p.Name, p.Version, architectureOf(p), repository, sizeOf(p)}
	}
	without := func(all, other []*repo.Package) (out []*repo.Package) {
		for _, p := range all {
			if !slices.ContainsFunc(other, func(q *repo.Package) bool { return q.Version == p.Version }) {
				out = append(out, p)
			}
		}
		slices.SortStableFunc(out, func(a, b *repo.Package) int { return versions.Compare(b.Version, a.Version) })
		return out
	}
	for _, p := range l.now {
		i := slices.IndexFunc(l.before, func(q *repo.Package) bool { return q.Version == p.Version })
		if i >= 0 && l.before[i].File.Digest != p.File.Digest {
			d.Rebuilt = append(d.Rebuilt, describe(p))
			d.AddedBytes += sizeOf(p)
			d.RemovedBytes += sizeOf(l.before[i])
		}
	}
	gone, fresh := without(l.before, l.now), without(l.now, l.before)
	for i, p := range fresh {
		d.AddedBytes += sizeOf(p)
		switch {
		case i >= len(gone):
			d.Added = append(d.Added, describe(p))
		case versions.Compare(p.Version, gone[i].Version) < 0:
			d.Downgraded = append(d.Downgraded, Upgrade{describe(p), gone[i].Version})
		default:
			d.Upgraded = append(d.Upgraded, Upgrade{describe(p), gone[i].Version})
		}
	}
	for i, p := range gone {
		d.RemovedBytes += sizeOf(p)
		if i >= len(fresh) {
			d.Removed = append(d.Removed, describe(p))
		}
	}
}

func architectureOf(p *repo.Package) string {
	if p.IsSource() {
		return "source"
	}
	return p.Architecture
}

func sizeOf(p *repo.Package) (size int64) {
	if !p.IsSource() {
		return max(p.File.Size, 0)
	}
	for _, f := range p.Files {
		size += max(f.Size, 0)
	}
	return size
}
