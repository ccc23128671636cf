// Sample writes a small signed Debian repository into a directory: stand-ins for
// hello and nginx-light with what they need, and its public key as key.gpg. It is
// for demonstrations on machines without a repository in reach.
//
//	go run ./internal/repotest/sample DIR
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// packages has the shape of the real ones: libraries, alternatives, a virtual
// package, a recommendation, and packages that nobody asks for.
const packages = `
libc6 2.36-9 amd64
 Multi-Arch: same
zlib1g 1:1.2.13-1 amd64
 Depends: libc6 (>= 2.14)
 Multi-Arch: same
libssl3 3.0.15-1 amd64
 Depends: libc6 (>= 2.34)
 Multi-Arch: same
hello 2.10-3 amd64
 Depends: libc6 (>= 2.34)
iproute2 6.1.0-3 amd64
 Depends: libc6 (>= 2.34)
nginx-common 1.22.1-9 all
 Recommends: nginx-doc
 Suggests: fcgiwrap
nginx-doc 1.22.1-9 all
nginx-light 1.22.1-9 amd64
 Depends: libc6 (>= 2.34), libssl3 (>= 3.0.0), zlib1g (>= 1:1.1.4), nginx-common (= 1.22.1-9), iproute2 | systemd
 Provides: httpd, nginx
 Conflicts: nginx-full
nginx-full 1.22.1-9 amd64
 Depends: libc6 (>= 2.34), nginx-common (= 1.22.1-9)
 Provides: httpd, nginx
 Conflicts: nginx-light
fcgiwrap 1.1.0-14 amd64
 Depends: libc6 (>= 2.34)
systemd 252-1 amd64
 Depends: libc6 (>= 2.34)
`

// stop makes errors of the builder end the program.
type stop struct{}

func (stop) Helper()                           {}
func (stop) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: sample DIR")
	}
	dir := os.Args[1]
	repository := repotest.NewDeb(stop{})
	repository.Suite("stable").Translations = true
	repository.AddText(packages)
	repository.Publish(dir)
	repository.Key.WriteFile(stop{}, filepath.Join(dir, "key.gpg"))
	fmt.Printf("a repository of the suite \"stable\" is in %s, its key in %s\n", dir, filepath.Join(dir, "key.gpg"))
}
