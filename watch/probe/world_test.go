package probe_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

func TestMain(m *testing.M) {
	var err error
	if published.dir, err = os.MkdirTemp("", "mirrorkeeper-probe-test-"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(published.dir)
		os.Exit(code)
	}))
}

// published are the trees that sources publish in tests, made once: that takes long.
var published struct {
	dir string
	mu  sync.Mutex
	all map[string]*publication
}

// publication is what one source publishes over time.
type publication struct {
	repotest.Repository
	key   *repotest.Key
	trees []string
	files map[string]string // packages as they were published, by name
}

// publicationOf is that of a format; others, by number, are signed by other keys.
func publicationOf(t *testing.T, format string, other int) *publication {
	t.Helper()
	published.mu.Lock()
	defer published.mu.Unlock()
	name := fmt.Sprint(format, other)
	if p := published.all[name]; p != nil {
		return p
	}
	p := &publication{key: repotest.NewKey(t), files: map[string]string{}}
	p.Repository = repotest.NewRepository(t, format, p.key)
	for i, text := range packages {
		for _, name := range []string{"stays", "goes", "changes", "comes"} {
			p.Remove(name)
		}
		p.AddText(text)
		for _, name := range []string{"stays", "goes", "changes", "comes"} {
			if strings.Contains(text, name) {
				p.files[name] = p.Repository.File(name)
			}
		}
		tree := filepath.Join(published.dir, fmt.Sprint(name, "-", i))
		p.Publish(tree)
		p.trees = append(p.trees, tree)
	}
	if published.all == nil {
		published.all = map[string]*publication{}
	}
	published.all[name] = p
	return p
}

// formats are those that the tests hold for.
var formats = []repo.Format{deb.Format{}, rpm.Format{}}

// each runs a test for every format.
func each(t *testing.T, test func(t *testing.T, f repo.Format)) {
	t.Parallel()
	for _, f := range formats {
		t.Run(f.Name(), func(t *testing.T) {
			t.Parallel()
			test(t, f)
		})
	}
}

// loopback are the networks of tests.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// world is a source with some generations, each of which sites can show.
type world struct {
	t *testing.T
	*publication
	server     *repotest.Server // the source
	dir        string           // its tree
	roots      []repo.Digest    // of the generations that it has published
	source     *probe.Source
	repository *watch.Repository
	client     *http.Client
	state      string
}

// File is the path of a package as it was published last.
func (w *world) File(name string) string { return w.files[name] }

// The generations of a world: a package is there always, one goes, one changes, one comes.
var packages = []string{
	"stays 1.0\ngoes 1.0\nchanges 1.0\n",
	"stays 1.0\nchanges 2.0\n",
	"stays 1.0\nchanges 2.0\ncomes 1.0\n",
}

// newWorld makes a world in which the source has published as many generations.
func newWorld(t *testing.T, f repo.Format, generations int) *world {
	t.Helper()
	return worldOf(t, f, publicationOf(t, f.Name(), 0), generations)
}

func worldOf(t *testing.T, f repo.Format, p *publication, generations int) *world {
	t.Helper()
	w := &world{t: t, publication: p, dir: t.TempDir(), state: t.TempDir()}
	w.server = repotest.Serve(t, w.dir)
	ring := &signature.Keyring{}
	if err := ring.Add("key", p.key.Public(t, false)); err != nil {
		t.Fatal(err)
	}
	source := &repo.Source{Name: "source", Type: f.Name(), URLs: []string{w.server.URL}, Architectures: []string{"x86_64"}}
	if f.Name() == "deb" {
		source.Suites, source.Components, source.Architectures = []string{"stable"}, []string{"main"}, []string{"amd64"}
	}
	all, err := f.Repositories(source)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenState(w.state, w.state)
	if err != nil {
		t.Fatal(err)
	}
	w.client = &http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(w.client.CloseIdleConnections)
	root := watch.Root{Name: all[0].String(), Type: f.Name(), Repository: all[0]}
	w.source = &probe.Source{
		Root: root, Format: f, Keys: ring, Ledger: s.Ledger(all[0]), Cache: s.Cache(),
		Fetcher: fetch.New(fetch.Options{Client: w.client}), Client: w.client,
	}
	w.repository = &watch.Repository{Name: "pub", Roots: []watch.Root{root}, Stamp: ".timestamp"}
	for range generations {
		w.publish()
	}
	return w
}

// publish publishes the next generation, and reads it into the ledger.
func (w *world) publish() {
	w.t.Helper()
	if err := os.RemoveAll(w.dir); err != nil {
		w.t.Fatal(err)
	}
	copyTree(w.t, w.trees[len(w.roots)], w.dir)
	changed, err := w.source.Read(w.t.Context())
	if err != nil || !changed {
		w.t.Fatal("the source shows nothing new:", err)
	}
	all := w.ledger().Generations
	w.roots = append(w.roots, all[len(all)-1].Root)
}

func (w *world) ledger() watch.Ledger {
	w.t.Helper()
	l, err := w.source.Generations()
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// site is a mirror of a generation in a directory of its own.
type site struct {
	*repotest.Server
	w   *world
	dir string
}

func (w *world) site(generation int) *site {
	w.t.Helper()
	s := &site{w: w, dir: w.t.TempDir()}
	copyTree(w.t, w.trees[generation], s.dir)
	s.Server = repotest.Serve(w.t, s.dir)
	return s
}

// file is the path of the one file of the site that the pattern matches.
func (s *site) file(pattern string) string {
	s.w.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.dir, pattern))
	if err != nil || len(found) != 1 {
		s.w.t.Fatalf("%s: %v, %v", pattern, found, err)
	}
	return found[0]
}

// from replaces files of the site by those of another generation.
func (s *site) from(generation int, patterns ...string) {
	s.w.t.Helper()
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(s.w.trees[generation], p))
		if err != nil || len(found) == 0 {
			s.w.t.Fatalf("%s: %v, %v", p, found, err)
		}
		for _, f := range found {
			name, err := filepath.Rel(s.w.trees[generation], f)
			if err != nil {
				s.w.t.Fatal(err)
			}
			copyFile(s.w.t, f, filepath.Join(s.dir, name))
		}
	}
}

func (w *world) prober() *probe.Prober {
	return probe.New(probe.Options{Allowed: loopback, Rate: -1, Timeout: 10 * time.Second})
}

func (w *world) target(url string) probe.Target {
	return probe.Target{Site: watch.Site{URL: url}, Endpoint: watch.Endpoint{Scheme: "http", Family: 4}, Repository: w.repository, Sources: []*probe.Source{w.source}}
}

// rootTask looks at the root.
func (w *world) rootTask() watch.Task {
	return watch.Task{Root: w.source.Name, Level: watch.LevelRoot}
}

// tasks look at the files of a generation.
func (w *world) tasks(generation int, levels ...watch.Level) (tasks []watch.Task) {
	for _, level := range levels {
		t := watch.Task{Root: w.source.Name, Level: level, Generation: w.roots[generation], Seed: 7}
		switch level {
		case watch.LevelDelta:
			t.Against = w.roots[generation-1]
		case watch.LevelRemoved:
			t.Against = w.roots[len(w.roots)-1]
		}
		tasks = append(tasks, t)
	}
	return tasks
}

// bad are the wrong files of an observation, in short.
func bad(o watch.Observation) (out []string) {
	for _, r := range o.Roots {
		for _, c := range r.Checks {
			for _, f := range c.Bad {
				out = append(out, string(c.Level)+" "+string(f.Fault)+" "+f.Path)
			}
		}
	}
	slices.Sort(out)
	return out
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err == nil {
			copyFile(t, name, filepath.Join(to, rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, content)
	if err := os.Chtimes(to, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// stripPath serves a site below a path.
func stripPath(path string) repotest.Fault {
	return func(next http.Handler) http.Handler { return http.StripPrefix(path, next) }
}
