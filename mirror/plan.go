package mirror

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
	"github.com/mirrorkeeper/mirrorkeeper/upstream"
)

// Planned is what a run would do.
type Planned struct {
	Mirror string
	// Picked are the packages that the mirror would hold.
	Picked     []Picked
	Unresolved []Unresolved
	// Conflicts say of seeds what keeps them from being installed. They are among the
	// warnings, too.
	Conflicts []string
	Refused   []Refused
	Warnings  []string
	// Add and Remove count package files against what is published, Bytes is the
	// size of those that are not in the store yet.
	Add, Remove int
	Bytes       int64
	// Catalog holds every package that clients see in the repositories, also those not
	// picked.
	Catalog []*repo.Package

	mirror    *Mirror
	read      []repo.Reading
	pickings  []Picking
	upstreams []*repository
}

// Located is a file, and where upstream has it.
type Located struct {
	repo.File
	// URLs have it, in the order in which they should be asked.
	URLs []string
}

// Locate tells where upstream has the files of a package of the plan.
func (p *Planned) Locate(of *repo.Package) (files []Located) {
	for _, u := range p.upstreams {
		if u.repository != of.Repository {
			continue
		}
		needs := []needed{{u, of.File, of.Upstream}}
		if of.IsSource() {
			needs = nil
			for _, f := range of.Files {
				needs = append(needs, needed{u, f, ""})
			}
		}
		for _, n := range needs {
			q, x := n.request(), Located{File: n.file}
			for _, base := range q.Bases {
				x.URLs = append(x.URLs, transport.URL(base, q.Paths[0]))
			}
			files = append(files, x)
		}
	}
	return files
}

// Pickings are the questions to the solver and its answers, one for each format and
// kind of machine. Those of a full mirror have no answer.
func (p *Planned) Pickings() []Picking {
	if p.pickings == nil {
		p.pickings = p.mirror.pickings(p.Catalog, nil)
	}
	return p.pickings
}

// Exclusion returns what of the configuration leaves out the package, nil for nothing.
func (p *Planned) Exclusion(of *repo.Package) *Exclusion {
	for _, f := range p.mirror.formats() {
		if f.Name() != of.Repository.Source.Type {
			continue
		}
		if i := p.mirror.exclusionOf(of, f); i >= 0 {
			return &p.mirror.Exclude[i]
		}
	}
	return nil
}

// Link joins the packages of the repositories anew, for what is wanted of them.
func (p *Planned) Link(w repo.Wanted) ([]*repo.Package, error) { return p.mirror.link(p.read, w) }

// Check looks at every package of the repositories, also at those not picked and those
// that modules hide from clients, and returns how many there are and which of them cannot
// be installed, each once with the first reason found.
func (p *Planned) Check() (checked int, broken []solver.Broken, err error) {
	all, err := p.Link(repo.Wanted{Everything: true})
	if err != nil {
		return 0, nil, err
	}
	seen, found := map[*repo.Package]bool{}, map[*repo.Package]bool{}
	for _, x := range p.mirror.pickings(all, nil) {
		for _, q := range x.Catalog.Packages {
			if !q.IsSource() && q.Priority >= 0 && x.concerns(q) {
				seen[q] = true
			}
		}
		for _, b := range solver.Check(x.Catalog, x.Options) {
			if !found[b.Package] {
				found[b.Package] = true
				broken = append(broken, b)
			}
		}
	}
	return len(seen), broken, nil
}

func (r *run) planOnce(ctx context.Context) (*Planned, error) {
	if err := r.readRoots(ctx); err != nil {
		return nil, err
	}
	read, err := r.loadPackages(ctx)
	if err != nil {
		return nil, err
	}
	all, err := r.Mirror.link(read, r.Mirror.wanted())
	if err != nil {
		return nil, err
	}
	plan := &Planned{Mirror: r.Mirror.Name, Catalog: all, mirror: r.Mirror, read: read, upstreams: r.upstreams}
	if r.Mirror.Full() {
		for _, of := range read {
			for _, p := range of.Packages {
				plan.Picked = append(plan.Picked, Picked{Package: p, Reason: "full mirror"})
			}
		}
	} else {
		plan.pickings = solve(r.Mirror.pickings(all, r.Mirror.seeds(all)))
		s := r.Mirror.choose(all, plan.pickings)
		for _, text := range slices.Concat(s.renamed, s.conflicts) {
			r.warn("%s", text)
		}
		plan.Picked, plan.Unresolved, plan.Conflicts, plan.Refused = s.picked, s.unresolved, s.conflicts, s.refused
	}
	plan.Warnings = r.warnings
	return plan, r.compare(ctx, plan)
}

// compare fills in what the plan changes.
func (r *run) compare(ctx context.Context, plan *Planned) error {
	objects := r.Store.Objects()
	for _, u := range r.upstreams {
		if u.source.Aside {
			continue
		}
		now, err := r.plannedFiles(ctx, u, plan)
		if err != nil {
			return err
		}
		before := &repo.Manifest{}
		if published := r.before.Find(u.repository.String(), u.place); published != nil {
			if before, err = r.Store.Manifest(r.Mirror.Name, published); err != nil {
				return err
			}
		}
		d := repo.Diff(before.Packages, now)
		plan.Add += len(d.Added) + len(d.Changed)
		plan.Remove += len(d.Removed)
		for _, f := range slices.Concat(d.Added, d.Changed) {
			if !objects.Has(f) {
				plan.Bytes += max(f.Size, 0)
			}
		}
	}
	return nil
}

// plannedFiles are the package files that the repository would hold: for a full
// mirror also those that are no packages, such as installer images.
func (r *run) plannedFiles(ctx context.Context, u *repository, plan *Planned) ([]repo.File, error) {
	if !r.Mirror.Full() {
		var packages []*repo.Package
		for _, p := range plan.Picked {
			if p.Repository == u.repository {
				packages = append(packages, p.Package)
			}
		}
		return listPackages(packages).Packages, nil
	}
	scope, err := u.source.Format.InScope(u.repository, u.Root)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.repository, err)
	}
	scope = slices.DeleteFunc(scope, func(ix repo.Index) bool { return !ix.ListsFiles })
	if err := r.reader.FetchIndexes(ctx, []upstream.Indexes{{Of: u.Repository, Indexes: scope}}, false); err != nil {
		return nil, err
	}
	m := &repo.Manifest{}
	for _, ix := range scope {
		err := r.reader.Files(u.Repository, ix, func(f repo.File) error {
			m.Packages = append(m.Packages, f)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return upstream.SortedUnique(m.Packages, nil), nil
}

// dir is the absolute directory of a place in the tree.
func (r *run) dir(place string) string {
	return filepath.Join(r.Store.Destination(), filepath.FromSlash(place))
}
