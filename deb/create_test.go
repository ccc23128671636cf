package deb

import (
	"testing"
)

// TestCreateApt has apt read what Create wrote: it finds packages for its own
// architecture and for all, and nothing that it expects is missing.
func TestCreateApt(t *testing.T) {
	dir := t.TempDir()
	for _, p := range []builtPackage{
		{name: "app 1:1.0-1 amd64", control: "Depends: app-data (= 1:1.0-1)\n"},
		{name: "app-data 1:1.0-1 all", compression: "xz"},
		{name: "app 1:1.0-1 arm64", control: "Depends: app-data (= 1:1.0-1)\n", compression: "zstd"},
	} {
		p.build(t, dir)
	}
	j := newJob(t, &Creator{Suite: "stable", Origin: "Example"})
	j.create(dir)
	m := newMachine(t, "deb [trusted=yes] file://"+j.tree+" stable main")
	m.update()
	m.installs("app")
}
