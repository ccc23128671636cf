package create_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// A suite of two packages is made, and then brought up to date.
func Example() {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	packages := filepath.Join(dir, "packages")
	repotest.WritePackages(failing{}, "deb", packages, "hello 1.0\nworld 1.0 all\n Depends: hello\n")

	destination := filepath.Join(dir, "public")
	s, err := store.Open(destination, filepath.Join(destination, ".mirrorkeeper"))
	if err != nil {
		log.Fatal(err)
	}
	unlock, err := s.Lock()
	if err != nil {
		log.Fatal(err)
	}
	defer unlock()
	ctx := context.Background()
	key, err := signature.Generate("example")
	if err != nil {
		log.Fatal(err)
	}
	sign, err := signature.NewSigning(ctx, key)
	if err != nil {
		log.Fatal(err)
	}
	job := &create.Job{
		Name: "ours", Creator: &deb.Creator{Suite: "stable", Origin: "Example"}, Format: deb.Format{},
		Inputs: []create.Input{{Path: packages}}, Sign: sign, Store: s,
	}
	for range 2 {
		report, err := create.Run(ctx, job)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("published: %t; %d packages, %d files read\n", report.Changed, report.Packages, report.Read)
	}
	// Output:
	// published: true; 2 packages, 2 files read
	// published: false; 2 packages, 0 files read
}

// failing ends the example where packages cannot be made.
type failing struct{}

func (failing) Helper()                           {}
func (failing) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
