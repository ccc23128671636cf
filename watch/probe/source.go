package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
	"github.com/mirrorkeeper/mirrorkeeper/upstream"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Source is one repository where it comes from, with the ledger of its generations.
// [Source.Read] may be called while looks use the ledger, by one goroutine at a time.
type Source struct {
	watch.Root
	Format repo.Format
	// Keys verify its roots.
	Keys   repo.Verifier
	Ledger *store.Ledger
	Cache  *store.Cache
	// Fetcher reads roots and indexes, Client asks for single files; both reach the source
	// as its configuration says.
	Fetcher *fetch.Fetcher
	Client  *http.Client
	// Listed is as in [upstream.Repository].
	Listed func(urls []string)
	// Keep and KeepFor are how many manifests the ledger keeps, and for how long after
	// their generation was the newest. Defaults 200, and 30 days.
	Keep    int
	KeepFor time.Duration
	// Log may be nil, Now too: it stands for time.Now.
	Log *slog.Logger
	Now func() time.Time

	mu    sync.Mutex
	bases []string // that answered last, in front
}

func (s *Source) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// part is what a file of the repository belongs to.
func (s *Source) part(path string) watch.Part {
	component, architecture := s.Format.Part(s.Repository, path)
	return watch.Part{Component: component, Architecture: architecture}
}

// Generations are those of the ledger.
func (s *Source) Generations() (watch.Ledger, error) {
	l := watch.Ledger{Name: s.Name}
	all, err := s.Ledger.Generations()
	for _, g := range all {
		l.Generations = append(l.Generations, watch.Generation{
			Root: g.Root, Main: g.Main, Size: g.Size, Published: g.Published, Date: g.Date, ValidUntil: g.ValidUntil,
			Files: g.Files, Bytes: g.Bytes, Complete: g.Complete, Expired: g.Expired, Pruned: !g.Kept,
		})
	}
	return l, err
}

// Read takes what the source shows into the ledger and reports whether it is a new
// generation. It asks for the root conditionally; of a new one, which has to verify, it
// reads the indexes that list files, by digest, and asks which of the others there are.
//
// The first generation counts as published when its root says that it was made, since
// nobody looked before; later ones when they are seen.
func (s *Source) Read(ctx context.Context) (changed bool, err error) {
	r, u := s.reader(), s.upstream()
	if err := r.ReadList(ctx, u); err != nil {
		return false, err
	}
	for try := 1; ; try++ {
		changed, err = s.readOnce(ctx, r, u)
		var moved *upstream.MovedError
		if err == nil || ctx.Err() != nil || !errors.As(err, &moved) || try == upstream.Attempts {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.bases = u.Bases
	}
	return changed, err
}

func (s *Source) reader() *upstream.Reader {
	return &upstream.Reader{Fetcher: s.Fetcher, Cache: s.Cache, Now: s.now}
}

func (s *Source) upstream() *upstream.Repository {
	return &upstream.Repository{Repository: s.Repository, Format: s.Format, Keys: s.Keys, Listed: s.Listed, Bases: s.URLs}
}

func (s *Source) readOnce(ctx context.Context, r *upstream.Reader, u *upstream.Repository) (bool, error) {
	cached, err := s.Cache.Root(s.Repository)
	if err != nil {
		return false, err
	}
	if u.Cached, u.Root, err = r.ReadRoot(ctx, u, cached); err != nil {
		return false, err
	}
	all, err := s.Ledger.Generations()
	if err != nil {
		return false, err
	}
	if n := len(all); n > 0 && u.Cached == cached && all[n-1].Root == cached.Digest {
		return false, s.sized(all[n-1], cached)
	}
	if u.Root == nil {
		if u.Root, err = u.Parse(u.Cached.Main, u.Cached.Files, s.now()); err != nil {
			return false, err
		}
	}
	if u.Cached != cached {
		u.Cached.Digest, u.Cached.Date, u.Cached.ValidUntil = u.Root.Digest, u.Root.Date, u.Root.ValidUntil
		if cached != nil {
			u.Cached.Indexes = cached.Indexes
		}
	}
	if n := len(all); n > 0 && all[n-1].Root == u.Root.Digest {
		return false, s.Cache.SetRoot(s.Repository, u.Cached)
	}
	m, err := s.manifest(ctx, r, u, s.Client)
	if err != nil {
		return false, err
	}
	if err := s.Cache.SetRoot(s.Repository, u.Cached); err != nil {
		return false, err
	}
	g := generation(u.Root, s.now())
	if len(all) == 0 && !u.Root.Date.IsZero() && u.Root.Date.Before(g.Published) {
		g.Published = u.Root.Date
	}
	// Sites of a list are strangers to each other, so none of them is the source.
	g.Complete = len(s.URLs) == 0
	if s.Log != nil {
		for _, w := range u.Root.Warnings {
			s.Log.Warn(w, "source", s.Name)
		}
	}
	if err := s.Ledger.Add(g, m); err != nil {
		return false, err
	}
	return true, s.Ledger.Prune(cmp.Or(s.Keep, 200), cmp.Or(s.KeepFor, 30*24*time.Hour), s.now())
}

// sized writes down how large the root is, where the ledger was written when that was not
// asked for.
func (s *Source) sized(g store.Generation, cached *store.CachedRoot) error {
	size := int64(len(cached.Files[g.Main]))
	if g.Size > 0 || size == 0 {
		return nil
	}
	return s.Ledger.Update(g.Root, func(g *store.Generation) { g.Size = size })
}

func generation(root *repo.Root, now time.Time) store.Generation {
	return store.Generation{Root: root.Digest, Main: root.Form.Main, Published: now, Date: root.Date, ValidUntil: root.ValidUntil}
}

// Recall reads a generation that the ledger lacks from a site that shows it into the
// ledger, in the place of its date. Its root has to be signed as those of the source are:
// so it is one of the source's, whoever shows it. The client is one for strangers, see
// [Prober.Client].
func (s *Source) Recall(ctx context.Context, site string, client *http.Client) error {
	at := *evenExpired(s.Repository)
	at.URLs = []string{strings.TrimRight(transport.URL(site, s.Path), "/")}
	r, u := s.reader(), s.upstream()
	r.Fetcher = fetch.New(fetch.Options{Client: client, Connections: 2, PerHost: 2, Retries: 1})
	u.Repository, u.Bases = &at, at.URLs
	var err error
	if u.Cached, u.Root, err = r.ReadRoot(ctx, u, nil); err != nil {
		return err
	}
	if len(u.Root.Signers) == 0 || u.Root.Date.IsZero() {
		return fmt.Errorf("%s: the root that %s shows has no signature, or no date", s.Name, transport.Redacted(site))
	}
	m, err := s.manifest(ctx, r, u, client)
	if err != nil {
		return err
	}
	g := generation(u.Root, u.Root.Date)
	g.Complete = true // it is long over: whether the source held all of it is past
	return s.Ledger.Insert(g, m)
}

// manifest is that of the root, of all in the source's scope that is there.
func (s *Source) manifest(ctx context.Context, r *upstream.Reader, u *upstream.Repository, client *http.Client) (*repo.Manifest, error) {
	scope, err := s.Format.InScope(s.Repository, u.Root)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	var lists []repo.Index
	for _, ix := range scope {
		if ix.ListsFiles {
			lists = append(lists, ix)
		}
	}
	if err := r.FetchIndexes(ctx, []upstream.Indexes{{Of: u, Indexes: lists}}, false); err != nil {
		return nil, err
	}
	m := &repo.Manifest{Root: slices.Clone(u.Root.Files)}
	if m.Indexes, err = s.held(ctx, u, scope, client); err != nil {
		return nil, err
	}
	for _, ix := range lists {
		err := r.Files(u, ix, func(f repo.File) error {
			m.Packages = append(m.Packages, f)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	m.Packages = upstream.SortedUnique(m.Packages, nil)
	return m, nil
}

// held are the files of the indexes that are there: roots list forms of them that exist
// nowhere. Those of the generation before are not asked for again.
func (s *Source) held(ctx context.Context, u *upstream.Repository, scope []repo.Index, client *http.Client) ([]repo.File, error) {
	before, err := s.heldBefore()
	if err != nil {
		return nil, err
	}
	var variants []repo.Variant
	for _, ix := range scope {
		variants = append(variants, ix.Variants...)
	}
	there := make([]bool, len(variants))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelHeads)
	for i, v := range variants {
		if there[i] = before[v.File]; there[i] {
			continue
		}
		g.Go(func() (err error) {
			there[i], err = has(ctx, client, u.Bases[0], v.File)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var all []repo.File
	for i, v := range variants {
		if !there[i] {
			continue
		}
		all = append(all, v.File)
		if v.UpstreamAlternates && len(v.Alternates) > 0 {
			all = append(all, repo.File{Path: v.Alternates[0], Size: v.Size, Digest: v.Digest})
		}
	}
	return upstream.SortedUnique(all, nil), nil
}

// parallelHeads is how many files a source is asked for at once.
const parallelHeads = 4

// heldBefore are the indexes that the source had in its newest known generation.
func (s *Source) heldBefore() (map[repo.File]bool, error) {
	all, err := s.Ledger.Generations()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	m, err := s.Ledger.Manifest(all[len(all)-1].Root)
	if err != nil {
		return nil, err
	}
	held := make(map[repo.File]bool, len(m.Indexes))
	for _, f := range m.Indexes {
		held[f] = true
	}
	return held, nil
}

// has reports whether there is a file of this size below a URL.
func has(ctx context.Context, client *http.Client, base string, f repo.File) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, transport.URL(base, f.Path), nil)
	if err != nil {
		return false, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return false, fmt.Errorf("%s: %w", f.Path, plain(err))
	}
	resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK:
		return f.Size < 0 || resp.ContentLength < 0 || resp.ContentLength == f.Size, nil
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests:
		return false, fmt.Errorf("%s: the server answered %s", f.Path, resp.Status)
	}
	return false, nil
}

// Range reads bytes of a file at the source.
func (s *Source) Range(ctx context.Context, f repo.File, from, n int64) ([]byte, error) {
	s.mu.Lock()
	bases := s.bases
	s.mu.Unlock()
	if len(bases) == 0 {
		bases = s.URLs
	}
	if len(bases) == 0 {
		return nil, fmt.Errorf("%s was not read yet", s.Name)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, transport.URL(bases[0], f.Path), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, from+n-1))
	resp, err := s.Client.Do(req)
	if err != nil {
		return nil, plain(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusPartialContent || wholeSize(resp.Header.Get("Content-Range")) != f.Size {
		return nil, fmt.Errorf("%s at the source: the server answered %s", f.Path, resp.Status)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(resp.Body, b)
	return b, err
}

// Below tells where the repositories of a source lie below one URL: the longest one that
// all of theirs begin with. Sites have the same tree below their own. The base is "" where
// they have no URLs but come from a list.
func Below(repositories []*repo.Repository) (base string, paths []string) {
	var common []string
	for i, r := range repositories {
		if len(r.URLs) == 0 {
			paths = nil
			for _, r := range repositories {
				paths = append(paths, r.Dir)
			}
			return "", paths
		}
		elements := strings.Split(strings.TrimRight(r.URLs[0], "/"), "/")
		if i == 0 {
			common = elements
		}
		n := 0
		for n < len(common) && n < len(elements) && common[n] == elements[n] {
			n++
		}
		common = common[:n]
	}
	base = strings.Join(common, "/")
	if u, err := url.Parse(base); err != nil || len(repositories) > 0 && u.Host == "" && u.Scheme != "file" {
		return "", make([]string, len(repositories)) // on different hosts
	}
	for _, r := range repositories {
		paths = append(paths, path.Join("", strings.TrimPrefix(strings.TrimPrefix(r.URLs[0], base), "/")))
	}
	return base, paths
}
