package mirror

import (
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// Report is what a run did.
type Report struct {
	Mirror string `json:"mirror"`
	// Changed is true when a new generation was published.
	Changed bool `json:"changed"`
	// Generation is the one that is published now, Time when it was made.
	Generation string    `json:"generation"`
	Time       time.Time `json:"time"`
	// Dir is where it is published.
	Dir string `json:"dir"`
	// Added and Removed count package files against the generation before; Bytes
	// is the size of those added.
	Added   int   `json:"added"`
	Removed int   `json:"removed"`
	Bytes   int64 `json:"bytes"`
	// Adopted counts files that other programs had fetched already.
	Adopted int `json:"adopted,omitempty"`
	// Packages and TotalBytes count what the mirror holds.
	Packages   int   `json:"packages"`
	TotalBytes int64 `json:"total_bytes"`
	// Replaced are paths whose content changed upstream under the same name.
	Replaced   []string     `json:"replaced,omitempty"`
	Unresolved []Unresolved `json:"unresolved,omitempty"`
	Refused    []Refused    `json:"refused,omitempty"`
	Skipped    []Skipped    `json:"skipped,omitempty"`
	Warnings   []string     `json:"warnings,omitempty"`
	// Incomplete counts unresolved and skipped items of the published generation,
	// also where this run did not look at them again, and repositories that failed.
	Incomplete   int          `json:"incomplete"`
	Repositories []Repository `json:"repositories"`
}

// Repository is one repository of a report.
type Repository struct {
	Name     string    `json:"name"`
	Dir      string    `json:"dir"`
	Date     time.Time `json:"date,omitzero"` // of upstream's root
	Changed  bool      `json:"changed"`
	Packages int       `json:"packages"`
	Bytes    int64     `json:"bytes"`
	Error    string    `json:"error,omitempty"`
}

// publish makes the generation the published one.
func (r *run) publish(g *generation) (*Report, error) {
	now := r.Now().UTC()
	record := r.record(g, now)
	manifests := make([]*repo.Manifest, len(g.parts))
	for i, p := range g.parts {
		manifests[i] = p.manifest
	}
	if r.nothingNew(g) {
		return r.rest()
	}
	replaced, err := r.Store.Publish(&store.Publication{
		Mirror: r.Mirror.Name, Record: record, Manifests: manifests, Before: r.before, Grace: r.Grace, Keep: r.Generations, PublicKeys: r.publicKeys(),
	})
	if err == nil && r.Check != CheckChanged {
		err = r.Store.Restore(r.Mirror.Name, record, nil)
	}
	if err != nil {
		return nil, err
	}
	if err := r.Store.Cache().Prune(); err != nil {
		r.warn("%v", err)
	}
	report := r.report(record)
	report.Changed, report.Unresolved, report.Refused, report.Skipped = true, g.unresolved, g.refused, g.skipped
	for _, x := range replaced {
		report.Replaced = append(report.Replaced, x.Path)
		r.warn("%s has new content under its old name", x.Path)
	}
	for i, p := range g.parts {
		if p.manifest == nil {
			continue
		}
		d := p.difference()
		report.Added += len(d.Added) + len(d.Changed)
		report.Removed += len(d.Removed)
		for _, f := range slices.Concat(d.Added, d.Changed) {
			report.Bytes += max(f.Size, 0)
		}
		report.Repositories[i].Changed = true
	}
	report.Adopted, report.Warnings = r.adopted, r.warnings
	return report, nil
}

// publicKeys are what clients need to check a partial mirror, by path in the tree.
func (r *run) publicKeys() map[string][]byte {
	keys := map[string][]byte{}
	if r.Mirror.Sign != nil {
		for name, content := range r.Mirror.Sign.Public {
			keys[path.Join(r.Mirror.Dir, name)] = content
		}
	}
	return keys
}

// nothingNew reports whether a run that checked everything found it all right and
// unchanged.
func (r *run) nothingNew(g *generation) bool {
	if r.before == nil || r.before.Configuration != r.configuration || !r.Mirror.Full() {
		return false
	}
	for _, p := range g.parts {
		if p.manifest != nil && !p.u.same {
			return false
		}
	}
	return len(r.before.Repositories) == len(g.parts)
}

// difference is what changes in the packages of the repository.
func (p *part) difference() repo.Difference {
	if p.before == nil {
		return repo.Difference{Added: p.manifest.Packages}
	}
	return repo.Diff(p.before.Packages, p.manifest.Packages)
}

func (r *run) record(g *generation, now time.Time) *store.Record {
	record := &store.Record{Dir: r.Mirror.Dir, Time: now, Configuration: r.configuration, Unresolved: len(g.unresolved) + len(g.conflicts), Skipped: len(g.skipped) + len(r.failures)}
	roots := repo.SHA256.New()
	for _, p := range g.parts {
		record.Repositories = append(record.Repositories, p.published)
		roots.Write([]byte(p.published.Root.String()))
	}
	record.ID = fmt.Sprintf("%s-%x", now.Format("20060102T150405Z"), roots.Sum(nil)[:4])
	return record
}

// refresh notes that upstream's newer roots change nothing that the mirror holds.
func (r *run) refresh(g *generation) error {
	record := *r.before
	record.Repositories = nil
	for _, p := range g.parts {
		record.Repositories = append(record.Repositories, p.published)
	}
	record.Unresolved, record.Skipped = len(g.unresolved)+len(g.conflicts), len(g.skipped)
	r.before = &record
	return r.Store.Refresh(r.Mirror.Name, &record)
}

// rest is a run that publishes nothing new; retired files may be due all the same,
// and a run that checks mends the tree.
func (r *run) rest() (*Report, error) {
	if r.Check != CheckChanged {
		if err := r.Store.Restore(r.Mirror.Name, r.before, r.publicKeys()); err != nil {
			return nil, err
		}
	}
	if r.before.Due(r.Now()) {
		if _, err := r.Store.Sweep(r.Mirror.Name, r.Now()); err != nil {
			return nil, err
		}
	}
	return r.report(r.before), nil
}

func (r *run) report(record *store.Record) *Report {
	report := &Report{
		Mirror: r.Mirror.Name, Generation: record.ID, Time: record.Time, Dir: r.dir(r.Mirror.Dir),
		Warnings: r.warnings, Incomplete: record.Unresolved + record.Skipped,
	}
	failed := map[string]error{}
	for _, u := range r.upstreams {
		failed[u.repository.String()] = u.failed
	}
	for _, p := range record.Repositories {
		x := Repository{Name: p.Name, Dir: r.dir(p.Place), Date: p.Date, Packages: p.Packages, Bytes: p.Bytes}
		if err := failed[p.Name]; err != nil {
			x.Error = err.Error()
		}
		report.Packages += p.Packages
		report.TotalBytes += p.Bytes
		report.Repositories = append(report.Repositories, x)
	}
	if r.before == record { // nothing published by this run: count its failures too
		report.Incomplete += len(r.failures)
	}
	return report
}
