// Reading reads a Packages file, or a primary.xml, with all relations, and says what it
// found.
//
//	go run ./bench/reading [-format deb] [-architecture amd64] [-catalog] FILE
//
// It is the work of a program that has fetched an index and verified it. With
// -catalog the packages are also made ready for search by name and by what they
// provide, as apt's cache is.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("reading: ")
	format := flag.String("format", "deb", "deb or rpm")
	architecture := flag.String("architecture", "amd64", "of the packages; deb")
	catalog := flag.Bool("catalog", false, "make a catalog of the packages")
	flag.Parse()
	tuneGC()
	if flag.NArg() != 1 || *format != "deb" && *format != "rpm" {
		flag.Usage()
		os.Exit(2)
	}
	var rules repo.Rules = deb.Format{}
	var packages []*repo.Package
	var err error
	if *format == "rpm" {
		rules = rpm.Format{}
		packages, err = readPrimary(flag.Arg(0))
	} else {
		packages, err = readPackages(flag.Arg(0), *architecture)
	}
	if err != nil {
		log.Fatal(err)
	}
	relations := 0
	for _, p := range packages {
		relations += len(p.Relations)
	}
	fmt.Printf("%d packages with %d relations\n", len(packages), relations)
	if *catalog {
		c := repo.NewCatalog(rules, packages)
		fmt.Printf("a catalog of %d packages\n", len(c.Packages))
	}
}

// tuneGC sets what cmd/mirrorkeeper sets.
func tuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(450 << 20)
	}
}

// readPackages reads the file as the only index of a deb repository.
func readPackages(file, architecture string) ([]*repo.Package, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	source := &repo.Source{
		Name: "file", Type: "deb", URLs: []string{"https://archive.example.org/debian"}, Suites: []string{"stable"},
		Components: []string{"main"}, Architectures: []string{architecture}, Trusted: true,
	}
	var format deb.Format
	repositories, err := format.Repositories(source)
	if err != nil {
		return nil, err
	}
	r := repositories[0]
	form := format.RootForms(r)[0]
	// Digests are compared while files are fetched, so that any will do here.
	release := fmt.Sprintf("Suite: stable\nDate: %s\nComponents: main\nArchitectures: %s\nSHA256:\n %x %d main/binary-%[2]s/Packages\n",
		time.Now().UTC().Format(time.RFC1123), architecture, sha256.Sum256(nil), info.Size())
	root, err := format.ReadRoot(r, form, repo.RootFiles{form.Main: []byte(release)}, nil, time.Now())
	if err != nil {
		return nil, err
	}
	return format.ReadPackages(r, root, func(ix repo.Index) (io.ReadCloser, error) {
		return os.Open(file)
	})
}

// readPrimary reads the file as the only index of an rpm repository.
func readPrimary(file string) ([]*repo.Package, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	var format rpm.Format
	repositories, err := format.Repositories(&repo.Source{
		Name: "file", Type: "rpm", URLs: []string{"https://packages.example.org/el9"}, Trusted: true,
	})
	if err != nil {
		return nil, err
	}
	r := repositories[0]
	form := format.RootForms(r)[0]
	repomd := fmt.Sprintf(`<repomd xmlns="http://linux.duke.edu/metadata/repo"><data type="primary">
<checksum type="sha256">%x</checksum><location href="repodata/primary.xml"/><size>%d</size></data></repomd>`, sha256.Sum256(nil), info.Size())
	root, err := format.ReadRoot(r, form, repo.RootFiles{form.Main: []byte(repomd)}, nil, time.Now())
	if err != nil {
		return nil, err
	}
	return format.ReadPackages(r, root, func(ix repo.Index) (io.ReadCloser, error) {
		return os.Open(file)
	})
}
