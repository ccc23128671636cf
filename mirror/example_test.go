package mirror_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// stop ends an example on an error of the sample repository.
type stop struct{}

func (stop) Helper()                           {}
func (stop) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

// sample makes a small repository in dir/upstream, with its key in dir/key.gpg.
func sample(dir string) {
	d := repotest.NewDeb(stop{})
	d.AddText("app 1.0\n Depends: lib (>= 2)\nlib 2.1\nother 1.0\n")
	d.Publish(filepath.Join(dir, "upstream"))
	if err := os.WriteFile(filepath.Join(dir, "key.gpg"), d.Key.Public(stop{}, false), 0o644); err != nil {
		log.Fatal(err)
	}
}

// A partial mirror of one package and what it needs, from a repository in a
// directory. A URL of a server works the same way.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	sample(dir)

	// The keys that upstream may sign with are pinned.
	keys, err := signature.Load([]string{filepath.Join(dir, "key.gpg")}, nil)
	if err != nil {
		log.Fatal(err)
	}
	source := mirror.Source{
		Source: &repo.Source{
			Name: "upstream", Type: "deb", URLs: []string{"file://" + dir + "/upstream"},
			Suites: []string{"stable"}, Components: []string{"main"}, Architectures: []string{"amd64"},
		},
		Format: deb.Format{}, Keys: keys, Fingerprints: keys.Fingerprints(),
	}

	// A partial mirror is signed with a key of its own.
	own, err := signature.Generate("example")
	if err != nil {
		log.Fatal(err)
	}
	signing, err := signature.NewSigning(context.Background(), own)
	if err != nil {
		log.Fatal(err)
	}

	client, err := transport.New(transport.Options{})
	if err != nil {
		log.Fatal(err)
	}
	destination := filepath.Join(dir, "mirrors")
	s, err := store.Open(destination, filepath.Join(destination, ".mirrorkeeper"))
	if err != nil {
		log.Fatal(err)
	}
	unlock, err := s.Lock()
	if err != nil {
		log.Fatal(err)
	}
	defer unlock()

	job := &mirror.Job{
		Mirror: &mirror.Mirror{
			Name: "web", Sources: []mirror.Source{source},
			Packages:   []solver.Seed{{Pattern: "app", Label: "app"}},
			Recommends: true,
			Sign:       signing,
		},
		Store:   s,
		Fetcher: fetch.New(fetch.Options{Client: client}),
	}
	plan, err := mirror.Plan(context.Background(), job)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range plan.Picked {
		fmt.Println(p.Name, p.Version, "-", p.Reason)
	}
	report, err := mirror.Run(context.Background(), job)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("published:", report.Changed, "packages:", report.Packages)
	// Output:
	// app 1.0 - seed app
	// lib 2.1 - app 1.0 requires lib (>= 2)
	// published: true packages: 2
}
