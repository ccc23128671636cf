package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/upstream"
)

// Skipped is a package that was left out because it could not be fetched, or a
// seed that needs such a package.
type Skipped struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// loadPackages reads the packages of every repository, in the order of the
// configuration.
func (r *run) loadPackages(ctx context.Context) ([]repo.Reading, error) {
	var wanted []upstream.Indexes
	for _, u := range r.upstreams {
		if u.failed != nil {
			return nil, u.failed // the pick would not be complete without it
		}
		if err := r.needs(u); err != nil {
			return nil, err
		}
		in, err := u.source.Format.CatalogIndexes(u.repository, u.Root)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.repository, err)
		}
		wanted = append(wanted, upstream.Indexes{Of: u.Repository, Indexes: in})
	}
	if err := r.reader.FetchIndexes(ctx, wanted, false); err != nil {
		return nil, err
	}
	read := make([]repo.Reading, len(r.upstreams))
	g, _ := errgroup.WithContext(ctx)
	for i, u := range r.upstreams {
		g.Go(func() error {
			packages, err := u.source.Format.ReadPackages(u.repository, u.Root, r.reader.Open)
			if err != nil {
				return fmt.Errorf("%s: %w", u.repository, err)
			}
			read[i] = repo.Reading{Repository: u.repository, Root: u.Root, Packages: packages, Open: r.reader.Open}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return read, nil
}

// wanted is what the seeds name.
func (m *Mirror) wanted() repo.Wanted {
	w := repo.Wanted{Groups: m.Groups}
	for _, seed := range m.Packages {
		w.Names = append(w.Names, seed.Pattern)
	}
	return w
}

// link joins the packages of the repositories into one list, format by format.
func (m *Mirror) link(read []repo.Reading, w repo.Wanted) (all []*repo.Package, err error) {
	for _, f := range m.formats() {
		var of []repo.Reading
		for _, x := range read {
			if x.Repository.Source.Type == f.Name() {
				of = append(of, x)
			}
		}
		packages, err := f.Link(of, w)
		if err != nil {
			return nil, err
		}
		all = append(all, packages...)
	}
	return all, nil
}

// buildPartial picks packages, fetches them and writes the mirror's own indexes. It
// returns nil when the mirror holds exactly that already.
func (r *run) buildPartial(ctx context.Context) (*generation, error) {
	read, err := r.loadPackages(ctx)
	if err != nil {
		return nil, err
	}
	all, err := r.Mirror.link(read, r.Mirror.wanted())
	if err != nil {
		return nil, err
	}
	if r.Locked != nil {
		return r.buildLocked(ctx, all)
	}
	var skipped []Skipped
	seeds := r.Mirror.seeds(all)
	for {
		s := r.Mirror.pick(all, seeds)
		if len(skipped) > 0 {
			var dropped []Skipped
			if seeds, dropped = r.dropSeeds(all, seeds, s); len(dropped) > 0 {
				skipped = append(skipped, dropped...)
				continue
			}
		}
		g, err := r.buildSelection(ctx, s, skipped)
		var failed *failedPackages
		if !errors.As(err, &failed) {
			return g, err
		}
		left := all[:0:0]
		for _, p := range all {
			if reason := failed.reason(p); reason != "" {
				skipped = append(skipped, Skipped{p.String(), reason})
			} else {
				left = append(left, p)
			}
		}
		if len(skipped) > r.Mirror.IgnoreErrors || len(left) == len(all) {
			return nil, err
		}
		all = left
	}
}

// reason is why the package could not be fetched, "" when it was.
func (e *failedPackages) reason(p *repo.Package) string {
	for _, f := range e.failed {
		if f.Request.File.Digest == p.File.Digest || slices.ContainsFunc(p.Files, func(x repo.File) bool { return x.Digest == f.Request.File.Digest }) {
			return f.Err.Error()
		}
	}
	return ""
}

// dropSeeds takes out the seeds that miss something now that packages were left
// out.
func (r *run) dropSeeds(all []*repo.Package, seeds []solver.Seed, now *selection) (left []solver.Seed, dropped []Skipped) {
	if len(now.unresolved) == 0 {
		return seeds, nil
	}
	for _, seed := range seeds {
		alone := *r.Mirror
		alone.Mandatory = false
		if s := alone.pick(all, []solver.Seed{seed}); len(s.unresolved) > 0 {
			dropped = append(dropped, Skipped{seed.Label, "needs a package that was left out: " + s.unresolved[0].Requirement})
		} else {
			left = append(left, seed)
		}
	}
	return left, dropped
}

// buildSelection makes the generation that holds the selection.
func (r *run) buildSelection(ctx context.Context, s *selection, skipped []Skipped) (*generation, error) {
	if err := r.judge(s); err != nil {
		return nil, err
	}
	g := &generation{unresolved: s.unresolved, conflicts: s.conflicts, refused: s.refused, skipped: skipped}
	changed := r.indexesLost || r.before == nil || r.before.Configuration != r.configuration || r.renewalDue()
	names := s.names()
	for _, u := range r.upstreams {
		if u.source.Aside {
			continue
		}
		packages := s.of(u.repository)
		p := &part{u: u, published: &store.Published{
			Name: u.repository.String(), Type: u.source.Format.Name(), Place: u.place, IndexDir: u.exchangedDir(),
			Upstream: u.Root.Digest, Date: u.Root.Date, UpstreamPackages: s.upstreamCount(u.repository),
			Selection: selectionDigest(u.Root, packages, names),
		}}
		before := r.before.Find(p.published.Name, u.place)
		g.parts = append(g.parts, p)
		if before != nil && before.Selection == p.published.Selection && !changed {
			p.keep(before)
			continue
		}
		p.manifest, p.elsewhere = listPackages(packages), elsewhere(packages)
		u.introduce(p.elsewhere)
	}
	if err := r.describe(g); err != nil {
		return nil, err
	}
	if err := r.fetchPackages(ctx, g); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(g.parts, func(p *part) bool { return p.manifest != nil }) {
		return nil, r.refresh(g)
	}
	return g, r.rewrite(ctx, g, s)
}

// keep takes over what is published; upstream's root is a newer one all the same.
func (p *part) keep(before *store.Published) {
	kept := *before
	kept.Upstream, kept.Date, kept.UpstreamPackages = p.published.Upstream, p.published.Date, p.published.UpstreamPackages
	p.published = &kept
}

// judge warns of what the selection lacks, or refuses it.
func (r *run) judge(s *selection) error {
	for _, text := range slices.Concat(s.renamed, s.conflicts) {
		r.warn("%s", text)
	}
	if len(s.picked) == 0 && len(s.unresolved) > 0 {
		return fmt.Errorf("nothing to mirror: %s: %s", s.unresolved[0].Requirement, s.unresolved[0].Reason)
	}
	if r.Mirror.Strict && len(s.unresolved) > 0 {
		x := s.unresolved[0]
		return fmt.Errorf("%w: %d; the first: %s, wanted by %s: %s", ErrStrict, len(s.unresolved), x.Requirement, x.WantedBy, x.Reason)
	}
	if r.Mirror.Strict && len(s.conflicts) > 0 {
		return fmt.Errorf("%w: %d; the first: %s", ErrConflict, len(s.conflicts), s.conflicts[0])
	}
	if r.Mirror.Strict && len(s.refused) > 0 {
		return fmt.Errorf("%w: %d; the first: %s", ErrRefused, len(s.refused), s.refused[0])
	}
	return nil
}

func (s *selection) of(r *repo.Repository) (out []*repo.Package) {
	for _, p := range s.picked {
		if p.Repository == r {
			out = append(out, p.Package)
		}
	}
	return out
}

func (s *selection) upstreamCount(r *repo.Repository) (n int) {
	for _, p := range s.all {
		if p.Repository == r {
			n++
		}
	}
	return n
}

// names are the names of all packages that the mirror holds.
func (s *selection) names() map[string]bool {
	names := make(map[string]bool, len(s.picked))
	for _, p := range s.picked {
		names[p.Name] = true
	}
	return names
}

// elsewhere says which package files upstream has at another place than the mirror,
// by path.
func elsewhere(packages []*repo.Package) map[string]string {
	places := map[string]string{}
	for _, p := range packages {
		if p.Upstream != "" {
			places[p.File.Path] = p.Upstream
		}
	}
	return places
}

// introduce tells of the other servers that packages lie on.
func (u *repository) introduce(elsewhere map[string]string) {
	if u.source.Listed == nil {
		return
	}
	var urls []string
	for _, at := range elsewhere {
		if strings.Contains(at, "://") {
			urls = append(urls, at)
		}
	}
	if len(urls) > 0 {
		slices.Sort(urls)
		u.source.Listed(urls)
	}
}

// selectionDigest identifies what a repository of the mirror holds: its packages, and
// the names of all, which its groups speak of.
func selectionDigest(root *repo.Root, packages []*repo.Package, names map[string]bool) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n%q\n", root.Identity, slices.Sorted(maps.Keys(names)))
	for _, p := range packages {
		for _, l := range p.Listed {
			fmt.Fprintf(h, "%s ", l.Index)
		}
		io.WriteString(h, p.Raw)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// listPackages is a manifest of the package files alone.
func listPackages(packages []*repo.Package) *repo.Manifest {
	m := &repo.Manifest{}
	for _, p := range packages {
		if p.Files != nil {
			m.Packages = append(m.Packages, p.Files...)
		} else {
			m.Packages = append(m.Packages, p.File)
		}
	}
	m.Packages = upstream.SortedUnique(m.Packages, nil)
	return m
}

// rewrite writes the indexes and roots of the repositories that change, and reads
// them back as a client would.
func (r *run) rewrite(ctx context.Context, g *generation, s *selection) error {
	if r.Mirror.Sign == nil {
		return fmt.Errorf("mirror %s is partial and has no key to sign with", r.Mirror.Name)
	}
	date, ahead, err := r.before.NextDate(ctx, r.Now())
	if err != nil {
		return err
	}
	if ahead {
		r.warn("%s", r.before.AheadWarning())
	}
	objects, names := r.Store.Objects(), s.names()
	for _, p := range g.parts {
		if p.manifest == nil {
			continue
		}
		packages := s.of(p.u.repository)
		m, err := p.u.source.Format.Rewrite(&repo.Rewriting{
			Repository: p.u.repository, Root: p.u.Root, Packages: packages, Names: names, Open: r.reader.Open,
			Signer: r.Mirror.Sign.Signer(ctx), Date: date, ValidFor: r.Mirror.ValidFor,
			Put: func(path string, content []byte) (repo.File, error) { return objects.Put(path, content, date) },
		})
		if err != nil {
			return fmt.Errorf("%s: write indexes: %w", p.u.repository, err)
		}
		p.manifest = m
		p.published.Made = date
		if r.Mirror.ValidFor > 0 {
			p.published.ValidUntil = date.Add(r.Mirror.ValidFor)
		}
		if p.published.Root, err = r.readBack(p, packages); err != nil {
			return fmt.Errorf("%s: the indexes written do not read back: %w", p.u.repository, err)
		}
	}
	return nil
}
