package probe_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

// A mirror site is compared with its source: first it holds what the source shows, then
// the source publishes something new.
func Example() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	upstream := repotest.NewDeb(stop{})
	upstream.AddText("app 1.0\nlib 2.1\n")
	upstream.Publish(filepath.Join(dir, "source"))
	if err := os.CopyFS(filepath.Join(dir, "site"), os.DirFS(filepath.Join(dir, "source"))); err != nil {
		log.Fatal(err)
	}
	source := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(dir, "source"))))
	defer source.Close()
	site := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(dir, "site"))))
	defer site.Close()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()

	// The source is one suite, verified with its key. What it publishes is kept in a ledger.
	keys := &signature.Keyring{}
	if err := keys.Add("key.gpg", upstream.Key.Public(stop{}, false)); err != nil {
		log.Fatal(err)
	}
	format := deb.Format{}
	repositories, err := format.Repositories(&repo.Source{
		Name: "debian", Type: "deb", URLs: []string{source.URL},
		Suites: []string{"stable"}, Components: []string{"main"}, Architectures: []string{"amd64"},
	})
	if err != nil {
		log.Fatal(err)
	}
	s, err := store.OpenState(filepath.Join(dir, "state"), filepath.Join(dir, "state"))
	if err != nil {
		log.Fatal(err)
	}
	root := watch.Root{Name: "debian/stable", Type: "deb", Repository: repositories[0]}
	q := probe.Question{
		Site:       watch.Site{URL: site.URL},
		Repository: &watch.Repository{Name: "debian", Roots: []watch.Root{root}},
		Sources: []*probe.Source{{
			Root: root, Format: format, Keys: keys, Ledger: s.Ledger(repositories[0]), Cache: s.Cache(),
			Fetcher: fetch.New(fetch.Options{Client: client}), Client: client,
		}},
		Base: source.URL, Client: client,
		Levels: []watch.Level{watch.LevelIndexes, watch.LevelSample}, Budget: watch.Budget{Files: 100, Bytes: 1 << 20},
	}
	// Sites are strangers, so addresses of this machine have to be allowed.
	p := probe.New(probe.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	for range 2 {
		verdict, err := p.Judge(context.Background(), q)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(verdict.State)
		upstream.AddText("app 1.1\n")
		upstream.Publish(filepath.Join(dir, "source"))
	}
	// Output:
	// IN_SYNC
	// BEHIND
}

// stop ends an example on an error of the sample repository.
type stop struct{}

func (stop) Helper()                           {}
func (stop) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
