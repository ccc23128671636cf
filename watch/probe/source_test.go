package probe_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// TestSource: the ledger has what the source published, and an unchanged source costs one
// conditional request.
func TestSource(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 1)
		first := w.ledger().Generations[0]
		if !first.Published.Equal(first.Date) || first.Date.IsZero() || first.Files < 5 || first.Bytes == 0 || first.Complete {
			t.Errorf("%+v", first)
		}
		w.server.Reset()
		if changed, err := w.source.Read(t.Context()); changed || err != nil {
			t.Error(changed, err)
		}
		if got := w.server.Requests("."); len(got) != 1 || !got[0].Conditional() || got[0].Status != 304 {
			t.Errorf("an unchanged source costs %v", got)
		}
		w.publish()
		w.publish()
		all := w.ledger().Generations
		if len(all) != 3 || !all[2].Published.After(all[2].Date) {
			t.Errorf("%+v", all)
		}
		for i, g := range all {
			m, err := w.source.Ledger.Manifest(g.Root)
			if err != nil {
				t.Fatal(err)
			}
			for x := range m.All { // exactly what was published then
				info, err := os.Stat(filepath.Join(w.trees[i], x.Path))
				if err != nil || info.Size() != x.Size {
					t.Errorf("generation %d: %+v: %v", i, x, err)
				}
			}
			root, err := os.Stat(filepath.Join(w.trees[i], g.Main))
			if err != nil || root.Size() != g.Size {
				t.Errorf("generation %d: the root %s is of %d bytes: %v", i, g.Main, g.Size, err)
			}
			if len(m.Packages) != strings.Count(packages[i], "\n") {
				t.Errorf("generation %d has %d packages", i, len(m.Packages))
			}
		}
		// A source that goes back publishes its old root once more.
		os.RemoveAll(w.dir)
		copyTree(t, w.trees[0], w.dir)
		if changed, err := w.source.Read(t.Context()); !changed || err != nil {
			t.Error(changed, err)
		}
		if all := w.ledger().Generations; len(all) != 4 || all[3].Root != w.roots[0] || all[3].Pruned {
			t.Errorf("%+v", all)
		}
	})
}

// TestOlderLedger: a ledger that was written when sizes of roots were not is read, and gets
// that of the newest one.
func TestOlderLedger(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 2)
		want := w.ledger().Generations
		found, err := filepath.Glob(filepath.Join(w.state, "ledger", "*", "generations.json"))
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		content, err := os.ReadFile(found[0])
		if err != nil {
			t.Fatal(err)
		}
		older := regexp.MustCompile(`"size":\d+,`).ReplaceAll(content, nil)
		if len(older) == len(content) {
			t.Fatalf("no size is written down: %s", content)
		}
		write(t, found[0], older)
		if got := w.ledger().Generations; len(got) != 2 || got[0].Size != 0 || got[1].Size != 0 || got[1].Main != want[1].Main {
			t.Errorf("%+v", got)
		}
		if changed, err := w.source.Read(t.Context()); changed || err != nil {
			t.Error(changed, err)
		}
		if got := w.ledger().Generations; got[0].Size != 0 || got[1].Size != want[1].Size {
			t.Errorf("%+v", got)
		}
	})
}

// TestSourceThatIsNotBelieved: what does not verify, or is not whole, is no generation.
func TestSourceThatIsNotBelieved(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(t *testing.T, w *world)
		says   string
	}{
		"another key": {func(t *testing.T, w *world) {
			ring := &signature.Keyring{}
			if err := ring.Add("key", repotest.NewKey(t).Public(t, false)); err != nil {
				t.Fatal(err)
			}
			w.source.Keys = ring
		}, "sign"},
		"no root":        {func(_ *testing.T, w *world) { w.server.Strike("InRelease|Release|repomd", repotest.NotFound()) }, "404"},
		"a page":         {func(_ *testing.T, w *world) { w.server.Strike("InRelease|Release|repomd", repotest.HTML()) }, ""},
		"no index":       {func(_ *testing.T, w *world) { w.server.Strike("Packages|by-hash|primary", repotest.NotFound()) }, "does not have"},
		"a wrong index":  {func(_ *testing.T, w *world) { w.server.Strike("Packages|by-hash|primary", repotest.Corrupt()) }, "wrong content"},
		"a server error": {func(_ *testing.T, w *world) { w.server.Strike("i18n|Release$|filelists", repotest.Answer(500, "")) }, "500"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f repo.Format) {
				w := newWorld(t, f, 1)
				copyTree(t, w.trees[1], w.dir)
				c.damage(t, w)
				changed, err := w.source.Read(t.Context())
				if changed || err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("changed %v, %v", changed, err)
				}
				if n := len(w.ledger().Generations); n != 1 {
					t.Errorf("%d generations", n)
				}
			})
		})
	}
}

// TestSourceThatMoves: what changes while it is read is read again.
func TestSourceThatMoves(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 1)
		os.RemoveAll(w.dir)
		copyTree(t, w.trees[1], w.dir)
		moved := false
		w.server.Strike("Packages|by-hash|primary", repotest.Before(func(*http.Request) {
			if !moved {
				moved = true
				os.RemoveAll(w.dir)
				copyTree(t, w.trees[2], w.dir)
			}
		}))
		changed, err := w.source.Read(t.Context())
		if !changed || err != nil {
			t.Fatal(changed, err)
		}
		l := w.ledger()
		m, err := w.source.Ledger.Manifest(l.Generations[1].Root)
		if err != nil || len(m.Packages) != 3 {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

// TestSourceAsSite: the source is looked at as its mirrors are, by its own client.
func TestSourceAsSite(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 3)
		target := w.target(w.server.URL)
		target.Client = w.client
		p := w.prober()
		p.Allowed = nil // sources may be anywhere
		tasks := append([]watch.Task{w.rootTask()}, w.tasks(2, watch.LevelIndexes, watch.LevelDelta)...)
		o := p.Look(t.Context(), target, tasks, watch.Known{})
		if o.Fault != "" || o.Roots[0].Digest != w.roots[2] || len(bad(o)) != 0 || o.Requests == 0 || o.Bytes == 0 {
			t.Errorf("%+v", o)
		}
	})
}
