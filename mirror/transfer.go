package mirror

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/upstream"
)

// describe fills in the records of the generation's repositories and guards
// against an upstream that lost its packages.
func (r *run) describe(g *generation) error {
	for _, p := range g.parts {
		name := p.u.repository.String()
		before := r.before.Find(name, p.u.place)
		if before != nil && (p.manifest != nil || r.Check != CheckChanged) {
			m, err := r.Store.Manifest(r.Mirror.Name, before)
			if err != nil {
				return err
			}
			p.before = m
		}
		if p.manifest == nil {
			continue
		}
		if p.published == nil {
			p.published = &store.Published{
				Name: name, Type: p.u.source.Format.Name(), Place: p.u.place, IndexDir: p.u.exchangedDir(),
				Upstream: p.u.Root.Digest, Date: p.u.Root.Date, UpstreamPackages: len(p.manifest.Packages),
				Root: p.u.Root.Digest, Made: p.u.Root.Date, ValidUntil: p.u.Root.ValidUntil,
			}
		}
		if err := r.checkShrink(name, before, p.published.UpstreamPackages); err != nil {
			return err
		}
	}
	return nil
}

// checkShrink refuses an upstream that has less than half of the packages it had.
func (r *run) checkShrink(name string, before *store.Published, now int) error {
	if before == nil || r.AllowShrink || r.before.Configuration != r.configuration || now*2 >= before.UpstreamPackages {
		return nil
	}
	return fmt.Errorf("%s: %w: %d packages, where there were %d", name, ErrShrunk, now, before.UpstreamPackages)
}

// fetchPackages brings every package of the generation that is not there yet into
// the store.
func (r *run) fetchPackages(ctx context.Context, g *generation) error {
	missing, err := r.adopt(ctx, r.missing(g))
	if err != nil {
		return err
	}
	if err := r.checkSpace(missing); err != nil {
		return err
	}
	if err := r.want(missing); err != nil {
		return err
	}
	failed, err := r.fetch(ctx, missing)
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return &upstream.MovedError{Err: &failedPackages{failed}}
	}
	return r.checkPackages(ctx, g)
}

// want writes down what is about to be fetched.
func (r *run) want(missing []needed) error {
	if len(missing) == 0 {
		return nil
	}
	files := make([]repo.File, len(missing))
	for i, n := range missing {
		files[i] = n.file
	}
	return r.Store.Want(r.Mirror.Name, files)
}

// failedPackages says which packages could not be fetched, within the number of
// errors that may be ignored.
type failedPackages struct{ failed []fetch.Failure }

func (e *failedPackages) Error() string {
	return fmt.Sprintf("%d files could not be had; the first: %v", len(e.failed), e.failed[0].Err)
}

// needed is a file to fetch, and the repository that has it.
type needed struct {
	u    *repository
	file repo.File
	at   string // an absolute URL or a path, "" for the file's own
}

// request asks for the file.
func (n *needed) request() fetch.Request {
	q := fetch.Request{File: n.file, Bases: n.u.Bases, Paths: []string{n.file.Path}}
	switch {
	case n.at == "":
	case strings.Contains(n.at, "://"):
		q.Bases, q.Paths = []string{n.at}, []string{""}
	default:
		q.Paths = []string{n.at}
	}
	return q
}

// missing lists the packages that are not in the store, by a look at their size:
// of those that the published manifest lacks, or of all when the run is to check.
func (r *run) missing(g *generation) (out []needed) {
	objects := r.Store.Objects()
	seen := map[repo.Digest]bool{}
	for _, p := range g.parts {
		var files []repo.File
		switch {
		case p.manifest == nil && r.Check == CheckChanged:
		case p.manifest == nil:
			files = p.before.Packages
		case p.before != nil && r.Check == CheckChanged:
			d := repo.Diff(p.before.Packages, p.manifest.Packages)
			files = append(d.Added, d.Changed...)
		default:
			files = p.manifest.Packages
		}
		for _, f := range files {
			if !seen[f.Digest] && !objects.Has(f) {
				out = append(out, needed{p.u, f, p.elsewhere[f.Path]})
			}
			seen[f.Digest] = true
		}
	}
	return out
}

// spaceReserve is what a run leaves free on the destination, in bytes.
const spaceReserve = 64 << 20

func (r *run) checkSpace(missing []needed) error {
	var bytes int64
	for _, n := range missing {
		bytes += max(n.file.Size, 0)
	}
	if bytes == 0 {
		return nil
	}
	free, err := r.Store.Free()
	if err != nil {
		return err
	}
	if free < bytes+spaceReserve {
		return fmt.Errorf("%w: %s to fetch, %s free in %s", ErrSpace, humanize.IBytes(uint64(bytes)), humanize.IBytes(uint64(max(free, 0))), r.Store.Destination())
	}
	return nil
}

// fetch fetches the files, stage by stage for people, all at once for the network.
func (r *run) fetch(ctx context.Context, missing []needed) ([]fetch.Failure, error) {
	if len(missing) == 0 {
		return nil, nil
	}
	if r.Offline {
		return nil, fmt.Errorf("%w: %s and %d other packages", ErrOffline, missing[0].file.Path, len(missing)-1)
	}
	requests := make([]fetch.Request, len(missing))
	bySource := map[*Source][]int{}
	var order []*Source
	for i, n := range missing {
		requests[i] = n.request()
		if bySource[n.u.source] == nil {
			order = append(order, n.u.source)
		}
		bySource[n.u.source] = append(bySource[n.u.source], i)
	}
	for _, s := range order {
		var bytes int64
		for _, i := range bySource[s] {
			bytes += max(requests[i].File.Size, 0)
		}
		stage := r.Progress.Stage(s.Name, "packages", len(bySource[s]), bytes)
		defer stage.Finish()
		for _, i := range bySource[s] {
			requests[i].Counter = stage
		}
	}
	report, err := r.Fetcher.Fetch(ctx, requests, sink{r.Store.Objects(), r.newest()})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &upstream.MovedError{Err: err}
	}
	return report.Failed, nil
}

// newest is the date of the newest root: the time of the packages that come with it.
func (r *run) newest() (t time.Time) {
	for _, u := range r.upstreams {
		if u.Root != nil && u.Root.Date.After(t) {
			t = u.Root.Date
		}
	}
	return t
}

// sink stores what is fetched as objects with the given time.
type sink struct {
	objects  *store.Objects
	modified time.Time
}

// Create implements [fetch.Sink].
func (s sink) Create(f repo.File) (fetch.Partial, error) { return s.objects.Create(f, s.modified) }
