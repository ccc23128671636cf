package deb

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// What Create wrote satisfies apt: it complains of nothing, and resolves.
func TestCreateApt(t *testing.T) {
	tool(t, "apt-get")
	dir := t.TempDir()
	for _, p := range []builtPackage{
		{name: "app 1:1.0-1 amd64", control: "Depends: app-data (= 1:1.0-1)\n"},
		{name: "app-data 1:1.0-1 all", compression: "xz"},
		{name: "app 1:1.0-1 arm64", control: "Depends: app-data (= 1:1.0-1)\n", compression: "zstd"},
		{name: "extra 1.0 all", control: "Depends: app\n", compression: "none"},
	} {
		p.build(t, dir)
	}
	buildSources(t, dir)
	file := func(name string) string { return filepath.Join(dir, name) }
	key, err := signature.Generate("Test")
	if err != nil {
		t.Fatal(err)
	}
	_, public, err := key.Public(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, file("key.gpg"), string(public))

	// want is a line of sources.list with URL in the place of the tree's.
	check := func(name, line string, c *Creator, add func(j *job), try func(m *machine)) {
		t.Run(name, func(t *testing.T) {
			j := newJob(t, c)
			if strings.Contains(line, "signed-by") {
				j.signer = key
			}
			add(j)
			j.publish()
			m := newMachine(t, strings.ReplaceAll(strings.ReplaceAll(line, "URL", "file://"+j.tree), "KEY", file("key.gpg")))
			m.update()
			try(m)
		})
	}
	all := func(j *job) { j.add(dir) }
	app := func(m *machine) { m.installs("app") }
	check("signed", "deb [signed-by=KEY] URL stable main", &Creator{Suite: "stable", Origin: "Example"}, all, app)
	check("unsigned", "deb [trusted=yes] URL stable main", &Creator{Suite: "stable"}, all, app)
	check("nested suite", "deb [trusted=yes] URL stable/updates main", &Creator{Suite: "stable/updates"}, all, app)
	check("all compressions", "deb [trusted=yes] URL stable main", &Creator{Suite: "stable", Compressions: []string{".gz", ".xz", ".zst"}, Digests: allDigests}, all, app)
	check("only zst", "deb [trusted=yes] URL stable main", &Creator{Suite: "stable", Compressions: []string{".zst"}}, all, app)
	check("no hashes by digest", "deb [trusted=yes by-hash=no] URL stable main", &Creator{Suite: "stable"}, all, app)
	check("contents", "deb [trusted=yes] URL stable main", &Creator{Suite: "stable", Contents: true}, all, app)
	check("flat", "deb [signed-by=KEY] URL ./", &Creator{Flat: true}, all, app)
	check("flat below", "deb [trusted=yes] URL some/dir/", &Creator{Flat: true, Dir: "some/dir"}, all, app)
	check("components", "deb [trusted=yes] URL stable main contrib", &Creator{Suite: "stable", Component: "contrib"}, func(j *job) {
		j.mustAdd(file("extra_1.0_all.deb"))
		j.creator.Component = "main"
		j.mustAdd(file("app_1.0-1_amd64.deb"), file("app-data_1.0-1_all.deb"))
	}, func(m *machine) { m.installs("extra") })
	check("announced architecture without packages", "deb [trusted=yes arch=armhf,amd64] URL stable main", &Creator{Suite: "stable", Architectures: []string{"amd64", "arm64", "armhf"}}, all, app)
	check("empty", "deb [trusted=yes] URL stable main", &Creator{Suite: "stable"}, func(*job) {}, func(*machine) {})

	// A suite of packages for all architectures alone, for one that Debian has, and for
	// one that it does not have.
	onlyAll := func(j *job) { j.mustAdd(file("app-data_1.0-1_all.deb")) }
	data := func(m *machine) { m.installs("app-data") }
	check("only all", "deb [trusted=yes] URL stable main", &Creator{Suite: "stable"}, onlyAll, data)
	check("only all, other architecture", "deb [trusted=yes arch=loong64] URL stable main", &Creator{Suite: "stable"}, onlyAll, data)
	check("only all, announced", "deb [trusted=yes] URL stable main", &Creator{Suite: "stable", Architectures: []string{"amd64"}}, onlyAll, data)
	check("only all, flat", "deb [trusted=yes] URL ./", &Creator{Flat: true}, onlyAll, data)

	download := func(m *machine) {
		if out, err := m.run("apt-get", "source", "--download-only", "native", "quilt", "old"); err != nil {
			t.Errorf("apt-get source: %v\n%s", err, out)
		}
		for _, name := range []string{"native_1.0.tar.xz", "quilt_1.0.orig.tar.gz", "quilt_1.0-1.dsc", "old_2.0~rc1.tar.gz"} {
			if _, err := os.Stat(filepath.Join(m.dir, name)); err != nil {
				t.Error(err)
			}
		}
	}
	check("sources", "deb-src [signed-by=KEY] URL stable main", &Creator{Suite: "stable"}, all, download)
	check("sources, SHA-256 alone", "deb-src [trusted=yes] URL stable main", &Creator{Suite: "stable", Digests: []repo.Algorithm{repo.SHA256}}, all, download)
	check("flat sources", "deb-src [trusted=yes] URL ./", &Creator{Flat: true}, all, download)
	check("packages and sources of several components", "deb [trusted=yes] URL stable main contrib\ndeb-src [trusted=yes] URL stable main contrib", &Creator{Suite: "stable", Component: "contrib"}, func(j *job) {
		j.add(dir)
		j.creator.Component = "main"
		j.entries = slices.DeleteFunc(j.entries, func(e repo.Entry) bool { return e.SourcePackage && e.Name == "old" })
		j.mustAdd(file("old_2.0~rc1.dsc"))
	}, download)
}

func (j *job) mustAdd(files ...string) {
	j.t.Helper()
	for _, f := range files {
		if err := j.addFile(f, filepath.Base(f)); err != nil {
			j.t.Fatal(err)
		}
	}
}
