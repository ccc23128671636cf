// Package library does for the programs of the benchmarks what mirrorkeeper does before
// it decides anything: it reads the index of a repository, by the library, after it was
// fetched and verified.
package library

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
)

// TuneGC sets what cmd/mirrorkeeper sets.
func TuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(450 << 20)
	}
}

// Read reads a Packages file (deb), whose packages are for the architecture, or a
// primary.xml (rpm), as the only index of a repository. The rules are the format's.
func Read(format, architecture, file string) (rules repo.Rules, packages []*repo.Package, err error) {
	switch format {
	case "deb":
		packages, err = readPackages(file, architecture)
		return deb.Format{}, packages, err
	case "rpm":
		packages, err = readPrimary(file)
		return rpm.Format{}, packages, err
	}
	return nil, nil, fmt.Errorf("format %q, expected deb or rpm", format)
}

func readPackages(file, architecture string) ([]*repo.Package, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	source := &repo.Source{
		Name: "file", Type: "deb", URLs: []string{"https://archive.example.org/debian"}, Suites: []string{"stable"},
		Components: []string{"main"}, Architectures: []string{architecture}, Trusted: true,
	}
	// Digests are compared while files are fetched, so that any will do here.
	release := fmt.Sprintf("Suite: stable\nDate: %s\nComponents: main\nArchitectures: %s\nSHA256:\n %x %d main/binary-%[2]s/Packages\n",
		time.Now().UTC().Format(time.RFC1123), architecture, sha256.Sum256(nil), info.Size())
	return readIndex(deb.Format{}, source, release, file)
}

func readPrimary(file string) ([]*repo.Package, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	source := &repo.Source{Name: "file", Type: "rpm", URLs: []string{"https://packages.example.org/el9"}, Trusted: true}
	repomd := fmt.Sprintf(`<repomd xmlns="http://linux.duke.edu/metadata/repo"><data type="primary">
<checksum type="sha256">%x</checksum><location href="repodata/primary.xml"/><size>%d</size></data></repomd>`, sha256.Sum256(nil), info.Size())
	return readIndex(rpm.Format{}, source, repomd, file)
}

// readIndex reads the file in the place of every index that the root names.
func readIndex(format repo.Format, source *repo.Source, root, file string) ([]*repo.Package, error) {
	repositories, err := format.Repositories(source)
	if err != nil {
		return nil, err
	}
	r := repositories[0]
	form := format.RootForms(r)[0]
	read, err := format.ReadRoot(r, form, repo.RootFiles{form.Main: []byte(root)}, nil, time.Now())
	if err != nil {
		return nil, err
	}
	return format.ReadPackages(r, read, func(repo.Index) (io.ReadCloser, error) { return os.Open(file) })
}
