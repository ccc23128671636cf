package deb_test

import (
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// A repository in a directory is read: its root is verified with pinned keys, the packages
// become a catalog, and the catalog is searched. What stands here for the directory may be
// anything that has the files; package upstream reads them from servers.
func Example_read() {
	dir := sample()
	defer os.RemoveAll(dir)
	keys, err := signature.Load([]string{filepath.Join(dir, "key.gpg")}, nil)
	if err != nil {
		log.Fatal(err)
	}

	format := deb.Format{}
	source := &repo.Source{Name: "here", Type: "deb", URLs: []string{"file://" + dir}, Suites: []string{"stable"}, Components: []string{"main"}, Architectures: []string{"amd64"}}
	repositories, err := format.Repositories(source)
	if err != nil {
		log.Fatal(err)
	}
	r := repositories[0]

	// The root names every other file by its digest.
	form := format.RootForms(r)[0]
	release, err := os.ReadFile(filepath.Join(dir, form.Main))
	if err != nil {
		log.Fatal(err)
	}
	root, err := format.ReadRoot(r, form, repo.RootFiles{form.Main: release}, keys, time.Now())
	if err != nil {
		log.Fatal(err)
	}

	// The indexes are opened in whichever compression is there.
	open := func(ix repo.Index) (io.ReadCloser, error) {
		for _, v := range ix.Variants {
			file, err := os.Open(filepath.Join(dir, v.Path))
			if err != nil {
				continue
			}
			return compress.Reader(file, v.Suffix, 1<<30)
		}
		return nil, fs.ErrNotExist
	}
	packages, err := format.ReadPackages(r, root, open)
	if err != nil {
		log.Fatal(err)
	}

	catalog := repo.NewCatalog(format, packages)
	fmt.Println(len(packages), "packages")
	for _, p := range catalog.Named("app") {
		fmt.Println(p.Name, p.Version, p.Architecture)
	}
	for _, p := range catalog.Providing("mail-transport-agent") {
		fmt.Println("mail-transport-agent:", p.Name)
	}
	// Output:
	// 3 packages
	// app 1.0 amd64
	// mail-transport-agent: mailer
}

// sample makes a small repository in a directory of its own, with its key in key.gpg.
func sample() (dir string) {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	d := repotest.NewDeb(stop{})
	d.AddText("app 1.0\n Depends: lib (>= 2)\nlib 2.1\nmailer 3.0\n Provides: mail-transport-agent\n")
	d.Publish(dir)
	if err := os.WriteFile(filepath.Join(dir, "key.gpg"), d.Key.Public(stop{}, false), 0o644); err != nil {
		log.Fatal(err)
	}
	return dir
}

// stop ends an example on an error of the sample repository.
type stop struct{}

func (stop) Helper()                           {}
func (stop) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
