package e2e_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// maker makes repositories of package files: its directory "in" has the files, and
// "mirror" what is published.
type maker struct {
	*keeper
	format string
}

func newMaker(t *testing.T, format string) *maker {
	t.Helper()
	m := &maker{&keeper{t: t, dir: tempDir(t)}, format}
	if err := os.Mkdir(m.in(), 0o755); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *maker) in(elem ...string) string {
	return filepath.Join(append([]string{m.dir, "in"}, elem...)...)
}

// add writes package files, described as deb's are.
func (m *maker) add(text string) []string {
	m.t.Helper()
	return repotest.WritePackages(m.t, m.format, m.in(), text)
}

// arguments are those of a run without a configuration.
func (m *maker) arguments(args ...string) []string {
	return append([]string{"create", "ours", "--type", m.format, "--destination", "mirror"}, args...)
}

func (m *maker) creates(code int, args ...string) *result {
	m.t.Helper()
	return m.exits(code, m.arguments(args...)...)
}

// created is the JSON of create.
type created struct {
	Repositories []struct {
		Repository   string
		Changed      bool
		Files, Read  int
		Added        int
		Packages     int
		Refused      []struct{ File, Reason string }
		Repositories []struct{ Name string }
	}
}

// report runs create and returns what it reports of its only repository.
func (m *maker) report(code int, args ...string) (r struct {
	Changed                      bool
	Files, Read, Added, Packages int
	Refused                      []string
},
) {
	m.t.Helper()
	out := decode[created](m.creates(code, append(args, "--output", "json")...))
	if len(out.Repositories) != 1 {
		m.t.Fatalf("%d repositories are reported", len(out.Repositories))
	}
	x := out.Repositories[0]
	r.Changed, r.Files, r.Read, r.Added, r.Packages = x.Changed, x.Files, x.Read, x.Added, x.Packages
	for _, f := range x.Refused {
		r.Refused = append(r.Refused, filepath.Base(f.File))
	}
	return r
}

// client is a machine that uses the repository.
type client interface {
	update()
	available() []string
	version(name string) string
	install(packages ...string) []string
}

// client makes a machine that uses the repository and checks its signature.
func (m *maker) client() client {
	m.t.Helper()
	key, url := m.published("ours/key.asc"), "file://"+m.published("ours")
	if m.format == "rpm" {
		return newDnf(m.t, dnfRepository("ours", key, url))
	}
	return newApt(m.t, debLine(m.published("ours/key.gpg"), "file:"+m.published("ours")))
}

func eachFormat(t *testing.T, test func(t *testing.T, m *maker)) {
	t.Parallel()
	for _, format := range []string{"deb", "rpm"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			test(t, newMaker(t, format))
		})
	}
}

// sees wants the machine to see packages, written "NAME VERSION".
func sees(t *testing.T, c client, want ...string) {
	t.Helper()
	c.update()
	var got []string
	for _, name := range c.available() {
		got = append(got, name+" "+strings.TrimSuffix(c.version(name), "-1"))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
}

func TestCreate(t *testing.T) {
	eachFormat(t, func(t *testing.T, m *maker) {
		m.add("app 1.0\n Depends: lib (>= 1.0)\nlib 1.0\nlib 1.1\nold 1.0 all\n")
		if r := m.report(done, "in"); !r.Changed || r.Read != 4 {
			t.Errorf("first run: %+v", r)
		}
		c := m.client()
		sees(t, c, "app 1.0", "lib 1.1", "old 1.0")
		if r := m.report(done, "in", "--detailed-exit-codes"); r.Changed || r.Read != 0 {
			t.Errorf("run after no change: %+v", r)
		}
		extra := m.add("new 1.0\n")[0]
		if r := m.report(changed, "--add", extra, "--remove", "o*", "--detailed-exit-codes"); r.Read != 1 {
			t.Errorf("adding and removing: %+v", r)
		}
		sees(t, c, "app 1.0", "lib 1.1", "new 1.0")
		m.creates(done, "--remove", "lib (>= 1.1)", "--remove", "nothing").says("nothing to remove")
		sees(t, c, "app 1.0", "lib 1.0", "new 1.0")
		m.creates(done, "in", "--keep", "1")
		sees(t, c, "app 1.0", "lib 1.1", "new 1.0", "old 1.0")
		m.exits(done, "verify", "mirror/ours", "--level", "signature")
		if os.Getuid() == 0 {
			if got := c.install("app"); !cmp.Equal(got, []string{"app", "lib"}) {
				t.Errorf("installed: %q", got)
			}
		}
	})
}

// Paths come from globs, directories, standard input and servers; what a server cuts is
// taken up.
func TestCreateInputs(t *testing.T) {
	eachFormat(t, func(t *testing.T, m *maker) {
		m.add("a 1.0\nb 1.0\nc 1.0\n")
		upstream := tempDir(t)
		file := repotest.WritePackages(t, m.format, upstream, "far 1.0\n")[0]
		server := repotest.Serve(t, upstream)
		server.Strike(".", repotest.Times(2, repotest.Cut()))
		c := m.command(t.Context(), m.arguments("in/[ab]*", "-")...)
		c.Stdin = strings.NewReader(strings.Join([]string{server.URL + "/" + filepath.Base(file), "", "in"}, "\n"))
		if r := finish(t, c); r.code != done {
			t.Fatalf("exit code %d\n%s", r.code, r.stderr)
		}
		sees(t, m.client(), "a 1.0", "b 1.0", "c 1.0", "far 1.0")
		server.Strike(".", repotest.NotFound())
		m.creates(failed, "in", server.URL+"/gone."+m.format, "missing."+m.format).says("gone.*404", "missing", "hint: .*--keep-going")
		sees(t, m.client(), "a 1.0", "b 1.0", "c 1.0", "far 1.0")
	})
}

func TestCreateRefuses(t *testing.T) {
	eachFormat(t, func(t *testing.T, m *maker) {
		good := m.add("a 1.0\n")[0]
		m.creates(done, "in")
		content, err := os.ReadFile(good)
		if err != nil {
			t.Fatal(err)
		}
		cut, text := m.in("cut."+m.format), m.in("text."+m.format)
		write(t, cut, string(content[:len(content)-50]))
		write(t, text, "no package")
		m.add("b 1.0\n")
		m.creates(failed, "in").says(filepath.Base(cut), filepath.Base(text), "hint: .*--keep-going")
		c := m.client()
		sees(t, c, "a 1.0")
		r := m.report(findings, "in", "--keep-going")
		slices.Sort(r.Refused)
		if d := cmp.Diff([]string{filepath.Base(cut), filepath.Base(text)}, r.Refused); d != "" {
			t.Errorf("refused (-want +got):\n%s", d)
		}
		sees(t, c, "a 1.0", "b 1.0")

		m.creates(misused)
		m.creates(misused, "in", "--no-such-flag")
		m.exits(misused, "create", "ours", "--type", "zip", "--destination", "mirror", "in")
		m.exits(misused, "create", "../ours", "--type", m.format, "--destination", "mirror", "in")
		other := map[string][]string{"deb": {"--comps", "x"}, "rpm": {"--suite", "x"}}[m.format]
		m.creates(misused, append(other, "in")...).says("is for repositories of")
	})
}

// Whenever a run is killed, clients see the old packages or the new ones, and the next
// run goes on.
func TestCreateKilled(t *testing.T) {
	eachFormat(t, func(t *testing.T, m *maker) {
		m.add("a 1.0\n")
		m.creates(done, "in", "--no-sign")
		begun := time.Now()
		m.creates(done, "in", "--no-sign", "--check")
		takes := time.Since(begun)
		runs := 12
		if proving() {
			runs = 200
		}
		for i := range runs {
			m.add(fmt.Sprintf("p%d 1.0\n", i))
			c := m.command(t.Context(), m.arguments("in", "--no-sign")...)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(takes * time.Duration(i) / time.Duration(runs))
			_ = c.Process.Signal(syscall.SIGKILL)
			_ = c.Wait()
			m.exits(done, "verify", "mirror/ours", "--level", "digest")
		}
		m.creates(done, "in", "--no-sign")
		m.exits(done, "verify", "mirror/ours", "--level", "digest")
		if r := m.report(done, "in", "--no-sign"); r.Changed || r.Read != 0 || r.Packages != runs+1 {
			t.Errorf("at the end: %+v", r)
		}
		left, err := filepath.Glob(m.published(".mirrorkeeper/partial/*"))
		if err != nil || len(left) > 0 {
			t.Errorf("left over: %q", left)
		}
	})
}

// Suites and components of one archive are entries of a configuration.
func TestCreateByConfiguration(t *testing.T) {
	t.Parallel()
	m := newMaker(t, "deb")
	for dir, text := range map[string]string{"main": "a 1.0\n", "extra": "b 1.0\n", "next": "a 2.0\n"} {
		repotest.WritePackages(t, "deb", m.in(dir), text)
	}
	repotest.WritePackages(t, "rpm", m.in("el"), "c 1.0\n")
	m.configure(`
repositories:
  main: {type: deb, archive: ours, packages: in/main, origin: Test, label: Test, valid-for: 30d}
  extra: {type: deb, archive: ours, packages: in/extra, component: extra, origin: Test, label: Test, valid-for: 30d}
  next: {type: deb, archive: ours, packages: in/next, suite: next, contents: true}
  el: {type: rpm, packages: in/el, unsigned: true, layout: packages}
`)
	m.exits(changed, "create", "--detailed-exit-codes")
	m.exits(done, "create", "--detailed-exit-codes")
	key, url := m.published("ours/key.gpg"), "file:"+m.published("ours")
	c := newApt(t, debLine(key, url, "stable", "main", "extra"), debLine(key, url, "next", "main"))
	sees(t, c, "a 2.0", "b 1.0")
	before := readTree(t, m.published("el"))
	m.exits(done, "create", "main", "--keep", "1", "--add", repotest.WritePackages(t, "deb", m.in("later"), "a 1.1\n")[0])
	c.sources(debLine(key, url, "stable", "main", "extra"))
	sees(t, c, "a 1.1", "b 1.0")
	m.exits(misused, "create", "ours", "--keep", "1").says("several parts")
	m.exits(misused, "create", "nothing").says("main, extra, next, el")
	m.exits(misused, "create", "main", "--suite", "other").says("--suite goes with")
	if !maps.Equal(before, readTree(t, m.published("el"))) {
		t.Error("another repository has changed")
	}
	m.exits(done, "verify", "mirror/ours", "--level", "signature")
	m.exits(done, "verify", "mirror/el", "--level", "digest")
}

// Packages are taken from other repositories, with all that they need or without, and
// none is fetched twice.
func TestCreateFromSources(t *testing.T) {
	eachFormat(t, func(t *testing.T, m *maker) {
		upstreamKey := repotest.NewKey(t)
		u := repotest.NewRepository(t, m.format, upstreamKey)
		u.AddText("app 1.0\n Depends: lib (>= 1.0)\n Recommends: doc\napp 2.0\n Depends: lib (>= 1.0)\n Recommends: doc\nlib 1.0\nlib 1.1\ndoc 1.0 all\nother 1.0\n")
		dir := tempDir(t)
		u.Publish(dir)
		server := repotest.Serve(t, dir)
		upstreamKey.WriteFile(t, filepath.Join(dir, "upstream.asc"))
		more := map[string]string{"deb": "suites: stable, components: main, architectures: amd64", "rpm": "architectures: x86_64"}[m.format]
		m.configure(fmt.Sprintf(`
sources:
  upstream: {type: %s, url: %s, %s, keys: %s/upstream.asc}
repositories:
  chosen: {type: %[1]s, from: upstream, select: [app, nothing], closure: true, recommends: false, packages: in}
`, m.format, server.URL, more, dir))
		m.creates(done, "--from", "upstream", "app (<< 2.0)", "lib")
		c := m.client()
		sees(t, c, "app 1.0", "lib 1.1")
		m.creates(done, "--from", "upstream", "--closure", "app")
		sees(t, c, "app 2.0", "doc 1.0", "lib 1.1")
		server.Reset()
		if r := m.report(done, "--from", "upstream", "--closure", "app"); r.Changed || r.Read != 0 {
			t.Errorf("run after no change: %+v", r)
		}
		m.add("own 1.0\n")
		m.exits(findings, "create", "chosen").says("unresolved: nothing")
		if asked := server.Requests(`\.(deb|rpm)$`); len(asked) > 0 {
			t.Errorf("packages were fetched again: %v", asked)
		}
		m.creates(failed, "--from", "upstream", "nothing").says("nothing to take")
		m.creates(misused, "--from", "nowhere", "app")
		m.creates(misused, "--closure", "in")
	})
}
