package daemon_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/daemon"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a source with a repository, and the state of a watcher.
type world struct {
	t          *testing.T
	repository repotest.Repository
	origin     *repotest.Server
	dir, state string
	setup      *daemon.Setup
}

func newWorld(t *testing.T) *world {
	t.Helper()
	key := repotest.NewKey(t)
	w := &world{t: t, repository: repotest.NewRepository(t, "deb", key), dir: t.TempDir(), state: t.TempDir()}
	w.repository.AddText("hello 1.0\n")
	w.repository.Publish(w.dir)
	w.origin = repotest.Serve(t, w.dir)
	ring := &signature.Keyring{}
	if err := ring.Add("key", key.Public(t, false)); err != nil {
		t.Fatal(err)
	}
	all, err := deb.Format{}.Repositories(&repo.Source{
		Name: "app", Type: "deb", URLs: []string{w.origin.URL}, Suites: []string{"stable"}, Components: []string{"main"}, Architectures: []string{"amd64"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenState(w.state, w.state)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(client.CloseIdleConnections)
	root := watch.Root{Name: all[0].String(), Type: "deb", Repository: all[0]}
	source := &probe.Source{
		Root: root, Format: deb.Format{}, Keys: ring, Ledger: s.Ledger(all[0]), Cache: s.Cache(), Fetcher: fetch.New(fetch.Options{Client: client}), Client: client,
	}
	w.setup = &daemon.Setup{
		Repositories: []daemon.Repository{{
			Repository: watch.Repository{Name: "app", Roots: []watch.Root{root}}, Sources: []*probe.Source{source},
			Origin: watch.Site{URL: w.origin.URL}, Client: client,
		}},
		Budget: watch.Budget{Period: 100 * time.Millisecond},
	}
	return w
}

// site is a mirror of the source as it is now, which the setup has then.
func (w *world) site() (url, dir string) {
	w.t.Helper()
	dir = filepath.Join(w.t.TempDir(), "site")
	w.sync(dir)
	url = repotest.Serve(w.t, dir).URL
	w.setup.Sites = append(w.setup.Sites, watch.Site{URL: url, Repositories: []string{"app"}})
	return url, dir
}

func (w *world) sync(dir string) {
	w.t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		w.t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(w.dir)); err != nil {
		w.t.Fatal(err)
	}
}

// run watches until the function that it returns is called.
func (w *world) run() (d *daemon.Daemon, end func()) {
	w.t.Helper()
	kept, err := history.Open(w.t.Context(), filepath.Join(w.state, history.File), history.Settings{Interval: 50 * time.Millisecond})
	if err != nil {
		w.t.Fatal(err)
	}
	w.setup.Prober = probe.New(probe.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Rate: -1, Timeout: 5 * time.Second})
	d, err = daemon.New(w.t.Context(), w.setup, daemon.Options{History: kept})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	done := false
	end = func() {
		if done {
			return
		}
		done = true
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
		if err := kept.Close(); err != nil {
			w.t.Error(err)
		}
	}
	w.t.Cleanup(end)
	return d, end
}

// await waits until a site is in a state.
func await(t *testing.T, d *daemon.Daemon, url, repository string, state watch.State) {
	t.Helper()
	var v *watch.Verdict
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if v = d.Snapshot().Verdicts[watch.Key{Site: url, Repository: repository}]; v != nil && v.State == state {
			return
		}
	}
	t.Fatalf("%s is not %s: %+v", url, state, v)
}

func TestGenerations(t *testing.T) {
	w := newWorld(t)
	good, dir := w.site()
	lazy, _ := w.site()
	d, end := w.run()
	await(t, d, good, "app", watch.InSync)
	await(t, d, lazy, "app", watch.InSync)
	await(t, d, w.origin.URL, "app", watch.InSync)

	w.repository.AddText("more 1.0\n")
	w.repository.Publish(w.dir)
	await(t, d, good, "app", watch.Behind)
	w.sync(dir)
	await(t, d, good, "app", watch.InSync)
	await(t, d, lazy, "app", watch.Behind)

	// What is known survives a restart.
	end()
	d, end = w.run()
	if v := d.Snapshot().Verdicts[watch.Key{Site: lazy, Repository: "app"}]; v == nil || v.State != watch.Behind {
		t.Errorf("after a restart the lazy site is %+v", v)
	}

	// A source that lacks what it names is not a measure for anybody.
	if err := os.Remove(filepath.Join(w.dir, w.repository.File("more"))); err != nil {
		t.Fatal(err)
	}
	w.repository.AddText("yet 1.0\n")
	w.repository.Publish(w.dir)
	if err := os.Remove(filepath.Join(w.dir, w.repository.File("yet"))); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); d.Snapshot().Sources["app"].Ledgers[0].Generations[len(d.Snapshot().Sources["app"].Ledgers[0].Generations)-1].Complete; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the broken generation counts as complete")
		}
	}
	if v := d.Snapshot().Verdicts[watch.Key{Site: good, Repository: "app"}]; v.State == watch.Behind {
		t.Errorf("the good site is blamed for what the source lacks: %+v", v)
	}
	end()
}

func TestEditsAndReplacements(t *testing.T) {
	w := newWorld(t)
	first, _ := w.site()
	second, _ := w.site()
	w.setup.Sites = w.setup.Sites[:1]
	d, end := w.run()
	await(t, d, first, "app", watch.InSync)
	if err := d.Edit(t.Context(), history.Edit{Kind: history.Add, Site: watch.Site{URL: second, Repositories: []string{"app"}}, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	await(t, d, second, "app", watch.InSync)
	if err := d.Edit(t.Context(), history.Edit{Kind: history.Add, Site: watch.Site{URL: "http://x.example.net", Repositories: []string{"none"}}, At: time.Now()}); err == nil {
		t.Error("a site of a repository that nobody watches is added")
	}
	if err := d.Edit(t.Context(), history.Edit{Kind: history.Pause, Site: watch.Site{URL: first}, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	await(t, d, first, "app", watch.Unknown)

	// Edits hold for the next run, and for another setup.
	end()
	d, end = w.run()
	await(t, d, second, "app", watch.InSync)
	other := *w.setup
	other.Sites = nil
	if err := d.Replace(t.Context(), &other); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); len(d.Snapshot().Sites) != 1; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the sites are %+v", d.Snapshot().Sites)
		}
	}
	if got := d.Snapshot().Sites[0].URL; got != second {
		t.Errorf("left is %s", got)
	}
	await(t, d, second, "app", watch.InSync)
	end()
}

// Timestamps that the daemon plants itself are what sites are judged by.
func TestTimestamps(t *testing.T) {
	source := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.Mkdir(filepath.Join(source, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	good := httptest.NewServer(http.FileServer(http.Dir(source)))
	defer good.Close()
	old := fmt.Sprint(time.Now().Add(-time.Hour).Unix())
	stale := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, old) }))
	defer stale.Close()
	planter, err := plant.New(plant.Target{Path: source}, plant.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, state: t.TempDir()}
	w.setup = &daemon.Setup{
		Repositories: []daemon.Repository{{Repository: watch.Repository{Name: "pub", Directories: []string{"a", "b"}, Stamp: ".timestamp", MaxAge: 10 * time.Minute}}},
		Plants:       []daemon.Plant{{Repository: "pub", Planter: planter, To: source, Every: 200 * time.Millisecond}},
		Budget:       watch.Budget{Period: 100 * time.Millisecond},
		Sites:        []watch.Site{{URL: good.URL, Repositories: []string{"pub"}}, {URL: stale.URL, Repositories: []string{"pub"}}},
	}
	d, end := w.run()
	await(t, d, good.URL, "pub", watch.InSync)
	await(t, d, stale.URL, "pub", watch.Behind)
	end()
}
