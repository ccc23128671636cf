package create_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// serve has the workshop take its packages from a server.
func (w *workshop) serve(files ...string) *repotest.Server {
	w.t.Helper()
	server := repotest.Serve(w.t, w.in)
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	w.t.Cleanup(client.CloseIdleConnections)
	w.job.Fetcher = fetch.New(fetch.Options{
		Client: client, Retries: 1, IgnoreErrors: 100, Backoff: fetch.Backoff{Base: time.Millisecond, Max: time.Millisecond},
	})
	w.job.Inputs = nil
	for _, f := range files {
		w.job.Inputs = append(w.job.Inputs, create.Input{URL: server.URL + "/" + filepath.Base(f), Size: -1})
	}
	return server
}

func TestURLs(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		server := w.serve(w.add("a 1.0\nb 1.0\n")...)
		server.Strike(`/a.*`, repotest.Times(1, repotest.Cut()))
		if r := w.run(); r.Read != 2 {
			t.Errorf("first run: %+v", r)
		}
		w.holds("a 1.0", "b 1.0")
		if asked := server.Requests(`/a.*`); len(asked) != 2 || asked[1].Header.Get("Range") == "" {
			t.Errorf("what was cut was asked for by %v", asked)
		}

		server.Reset()
		if r := w.run(); r.Changed || r.Read != 0 {
			t.Errorf("run after no change: %+v", r)
		}
		asked := server.Requests("")
		if len(asked) != 2 || !asked[0].Conditional() || !asked[1].Conditional() {
			t.Errorf("no change is found out by %v", asked)
		}
		if left, err := filepath.Glob(filepath.Join(w.job.Store.State(), "cache", "downloads", "*", "*", "*")); err != nil || len(left) > 0 {
			t.Errorf("left over: %q, %v", left, err)
		}
	})
}

func TestURLsThatFail(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorkshop(t, f)
		server := w.serve(w.add("a 1.0\nb 1.0\nc 1.0\n")...)
		server.Strike(`/a.*`, repotest.NotFound())
		server.Strike(`/b.*`, repotest.HTML())
		var refused *create.RefusedError
		if err := w.fails(); !errors.As(err, &refused) || len(refused.Files) != 2 {
			t.Fatalf("refused: %v", err)
		}
		if text := refused.Error(); !strings.Contains(text, "404") || strings.Contains(text, "c-1.0") || strings.Contains(text, "c_1.0") {
			t.Errorf("refused:\n%s", text)
		}
		w.job.KeepGoing = true
		if r := w.run(); len(r.Refused) != 2 {
			t.Errorf("with keep-going: %+v", r)
		}
		w.holds("c 1.0")
	})
}

// A file whose digest is known needs no question to the server when it is there.
func TestURLsOfKnownDigest(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		for _, a := range []repo.Algorithm{repo.SHA256, repo.SHA512} {
			w := newWorkshop(t, f)
			file := w.add("a 1.0\n")[0]
			server := w.serve(file)
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			h := a.New()
			h.Write(content)
			in := &w.job.Inputs[0]
			in.Size, in.Digest = int64(len(content)), repo.NewDigest(a, h.Sum(nil))
			w.run()
			w.holds("a 1.0")
			server.Reset()
			if r := w.run(); r.Changed || r.Read != 0 || len(server.Requests("")) != 0 {
				t.Errorf("%s: run after no change: %+v, %v", a, r, server.Requests(""))
			}
			in.Digest = repo.NewDigest(a, make([]byte, a.Size()))
			if err := w.fails(); !strings.Contains(err.Error(), "wrong content") {
				t.Errorf("%s: another digest: %v", a, err)
			}
			w.holds("a 1.0")
		}
	})
}
