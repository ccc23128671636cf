package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// result is what a command line printed.
type result struct {
	code      int
	out, errs string
}

func command(args ...string) result {
	var out, errs bytes.Buffer
	code := run(args, &out, &errs, func(string) (string, bool) { return "", false })
	return result{code, out.String(), errs.String()}
}

// world is repositories that are served, and a directory to clone them to.
type world struct {
	t      *testing.T
	format string
	server *repotest.Server
	served string
	dir    string
}

func newWorld(t *testing.T, format string) *world {
	t.Helper()
	w := &world{t: t, format: format, served: t.TempDir(), dir: t.TempDir()}
	w.server = repotest.Serve(t, w.served)
	return w
}

// publish publishes a repository below a path of the server.
func (w *world) publish(path, packages string) {
	w.t.Helper()
	r := repotest.NewRepository(w.t, w.format, repotest.NewKey(w.t))
	if w.format == "rpm" {
		packages = strings.ReplaceAll(packages, " Priority: required\n", "")
	}
	r.AddText(packages)
	r.Publish(filepath.Join(w.served, path))
}

// file writes a file, in which URL stands for the server's.
func (w *world) file(name, content string) string {
	w.t.Helper()
	name = filepath.Join(w.dir, name)
	if err := os.WriteFile(name, []byte(strings.ReplaceAll(content, "URL", w.server.URL)), 0o644); err != nil {
		w.t.Fatal(err)
	}
	return name
}

// repositories writes a list of repositories, one "NAME PATH ..." each; what follows are
// further keys.
func (w *world) repositories(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		fields := strings.SplitN(line, " ", 3)
		fmt.Fprintf(&b, "- name: %s\n  uri: URL/%s\n", fields[0], fields[1])
		if w.format == "deb" {
			b.WriteString("  suite: stable\n  section: [main]\n")
		}
		if len(fields) > 2 {
			b.WriteString("  " + strings.ReplaceAll(fields[2], "; ", "\n  ") + "\n")
		}
	}
	return w.file("repos.yaml", b.String())
}

// clone clones, and wants the output.
func (w *world) clone(want string, args ...string) result {
	w.t.Helper()
	r := command(append([]string{"clone", "-t", w.format, "-a", "x86_64", "-d", filepath.Join(w.dir, "out")}, args...)...)
	if r.code != 0 || r.out != want {
		w.t.Fatalf("exit code %d, output %q, expected %q: %s", r.code, r.out, want, r.errs)
	}
	return r
}

// holds wants a clone to hold these packages, by what mirrorkeeper's own reading of it
// says.
func (w *world) holds(path string, want ...string) {
	w.t.Helper()
	list := w.file("cloned.yaml", w.entry(path))
	r := command("packages", "-t", w.format, "-r", list, "-c", "name", "version", "--sep", " ", "--cache-dir", w.t.TempDir())
	if r.code != 0 {
		w.t.Fatalf("%s: exit code %d: %s", path, r.code, r.errs)
	}
	got := strings.Split(strings.TrimSpace(r.out), "\n")[1:]
	if !slices.Equal(got, want) {
		w.t.Errorf("%s holds %q, expected %q", path, got, want)
	}
}

func (w *world) entry(path string) string {
	uri := "file://" + filepath.Join(w.dir, "out", path)
	if w.format == "deb" {
		return fmt.Sprintf("[{name: x, uri: %q, suite: stable, section: [main]}]", uri)
	}
	return fmt.Sprintf("[{name: x, uri: %q}]", uri)
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	for _, format := range []string{"deb", "rpm"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, format))
		})
	}
}

const sixPackages = `app 1.0-1
 Depends: lib (>= 1)
lib 1.0-1
lib 2.0-1
other 1.0-1
other-dbg 1.0-1
base 1.0-1
 Priority: required
`

func TestCloneWhole(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish("a/os", sixPackages)
		repos := w.repositories("a a/os priority: null")
		w.clone("Packages copied: 6/6.\n", "-r", repos)
		w.holds("a/os", "app 1.0-1", "base 1.0-1", "lib 1.0-1", "lib 2.0-1", "other 1.0-1", "other-dbg 1.0-1")
		w.clone("Packages copied: 0/6.\n", "-r", repos)
	})
}

func TestCloneWhatIsRequired(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish("a/os", sixPackages)
		w.publish("empty", "unrelated 1-1\n")
		repos := w.repositories("a a/os path: first", "b empty path: second; priority: 10")
		q := w.file("q.yaml", "packages:\n  - name: app\n")
		w.clone("Packages copied: 2/2.\n", "-r", repos, "-R", q)
		w.holds("first", "app 1.0-1", "lib 2.0-1")
		w.holds("second") // valid, and empty
	})
}

func TestVersions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish("a", sixPackages)
		q := w.file("q.yaml", "packages: [{name: lib, versions: ['= 1.0-1', '> 1.5']}]\n")
		w.clone("Packages copied: 2/2.\n", "-r", w.repositories("a a"), "-R", q)
		w.holds("a", "lib 1.0-1", "lib 2.0-1")
	})
}

func TestRepositoryWithoutSome(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish("a", sixPackages)
		q := w.file("q.yaml", "repositories:\n  - name: a\n    excludes:\n      - name: '/^.*-dbg$/'\n      - {name: lib, version: 1.0-1}\n      - {name: app, version: '2'}\n      - name: '/ther/'\n")
		w.clone("Packages copied: 4/4.\n", "-r", w.repositories("a a"), "-R", q)
		w.holds("a", "app 1.0-1", "base 1.0-1", "lib 2.0-1", "other 1.0-1")
	})
}

// What is left out comes all the same where something needs it.
func TestExcludesAreNotForDependencies(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish("a", sixPackages)
		q := w.file("q.yaml", "repositories: [{name: a, excludes: [{name: lib}, {name: '/other.*/'}, {name: base}]}]\n")
		w.clone("Packages copied: 2/2.\n", "-r", w.repositories("a a"), "-R", q)
		w.holds("a", "app 1.0-1", "lib 2.0-1")
	})
}

func TestMandatory(t *testing.T) {
	w := newWorld(t, "deb")
	w.publish("old", "base 1.0-1\n Priority: required\nx 1\n")
	w.publish("new", "base 2.0-1\n Priority: important\n")
	repos := w.repositories("old old", "new new")
	for mandatory, want := range map[string][2][]string{
		"exact":  {{"base 1.0-1", "x 1"}, {"base 2.0-1"}},
		"newest": {{"x 1"}, {"base 2.0-1"}},
	} {
		q := w.file("q.yaml", "packages: [{name: x}]\nmandatory: "+mandatory+"\n")
		out := filepath.Join(w.dir, "out")
		if err := os.RemoveAll(out); err != nil {
			t.Fatal(err)
		}
		if r := command("clone", "-t", "deb", "-r", repos, "-R", q, "-d", out); r.code != 0 {
			t.Fatalf("%s: exit code %d: %s", mandatory, r.code, r.errs)
		}
		w.holds("old", want[0]...)
		w.holds("new", want[1]...)
	}
}

func TestOnePathForTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish("os", sixPackages)
		w.publish("updates", "app 1.1-1\n Depends: lib\nlib 2.0-1\nnew 1-1\n")
		w.publish("apart", "z 1-1\n")
		priority := map[string]string{"deb": "600", "rpm": "10"}[w.format] // the higher wins, and the lower
		repos := w.repositories("os os path: both", "updates updates path: both; priority: "+priority, "apart apart")
		w.clone("Packages copied: 9/9.\n", "-r", repos)
		w.holds("both", "app 1.0-1", "app 1.1-1", "base 1.0-1", "lib 1.0-1", "lib 2.0-1", "new 1-1", "other 1.0-1", "other-dbg 1.0-1")
		w.holds("apart", "z 1-1")
		q := w.file("q.yaml", "packages: [{name: app}, {name: other}]\n")
		w.clone("Packages copied: 0/3.\n", "-r", repos, "-R", q)
		w.holds("both", "app 1.1-1", "lib 2.0-1", "other 1.0-1")
		w.holds("apart")
	})
}

// Suites of one archive share its path, and so do components of one suite.
func TestSuitesShareAPath(t *testing.T) {
	w := newWorld(t, "deb")
	d := repotest.NewDeb(t)
	for _, name := range []string{"stable", "updates"} {
		s := d.Suite(name)
		s.Components = []string{"main", "extra"}
		s.Add(repotest.ParsePackages(t, "a-"+name+" 1\n")...)
		p := repotest.ParsePackages(t, "b-"+name+" 1\n")
		for i := range p {
			p[i].Component = "extra"
		}
		s.Add(p...)
	}
	d.Publish(filepath.Join(w.served, "debian"))
	repos := w.file("repos.yaml", `
- {name: stable, uri: URL/debian/, suite: stable, section: [main], priority: null}
- {name: stable-extra, uri: URL/debian, suite: stable, section: [extra]}
- {name: updates, uri: URL/debian, suite: updates, section: [main, extra], priority: 1000}
`)
	w.clone("Packages copied: 4/4.\n", "-r", repos)
	q := w.file("q.yaml", "repositories: [{name: stable-extra}]\n")
	w.clone("Packages copied: 0/1.\n", "-r", repos, "-R", q)
}

func TestPathsOutsideAreRefused(t *testing.T) {
	w := newWorld(t, "rpm")
	inside := filepath.Join(w.dir, "out/inside")
	w.publish("a", "x 1-1\n")
	w.clone("Packages copied: 1/1.\n", "-r", w.repositories("a a path: "+inside))
	w.holds("inside", "x 1-1")
	for _, path := range []string{"/elsewhere", "../up", "a/../../up"} {
		r := command("clone", "-t", "rpm", "-r", w.repositories("a a path: "+path), "-d", filepath.Join(w.dir, "out"))
		if r.code != 2 || !strings.Contains(r.errs, "repos.yaml:1: ") || !strings.Contains(r.errs, "outside of the destination") {
			t.Errorf("%s: exit code %d: %s", path, r.code, r.errs)
		}
	}
}

func TestTables(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish("a", "app 1.0-1\n Depends: lib (>= 1), gone (>= 2) | lost\nlib 1.0-1\n")
		repos := w.repositories("a a")
		cache := filepath.Join(w.dir, "cache")
		r := command("packages", "-t", w.format, "-r", repos, "--cache-dir", cache)
		if lines := strings.Split(r.out, "\n"); r.code != 0 || lines[0] != "# name; repository; version; filename; filesize; checksum; obsoletes; provides; requires" || !strings.HasPrefix(lines[1], "app; a; 1.0-1; ") {
			t.Errorf("exit code %d: %s%s", r.code, r.out, r.errs)
		}
		r = command("packages", "-t", w.format, "-r", repos, "-c", "name", "version", "-s", "version", "name", "--sep", ",", "--cache-dir", cache)
		if r.out != "# name,version\napp,1.0-1\nlib,1.0-1\n" {
			t.Errorf("%q %s", r.out, r.errs)
		}
		r = command("unresolved", "-t", w.format, "-r", repos, "--cache-dir", cache)
		if r.code != 0 || !strings.HasPrefix(r.out, "# name; version; alternative\ngone; >= 2; lost") {
			t.Errorf("exit code %d: %q %s", r.code, r.out, r.errs)
		}
		r = command("packages", "-t", w.format, "-r", repos, "-c", "colour")
		if r.code != 2 || !strings.Contains(r.errs, "no column") {
			t.Errorf("exit code %d: %s", r.code, r.errs)
		}
	})
}

func TestCreate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish("a", "app 1.0-1\nlib 1.0-1\n")
		var files []string
		_ = filepath.WalkDir(w.served, func(file string, e os.DirEntry, err error) error {
			if err == nil && (strings.HasSuffix(file, ".deb") || strings.HasSuffix(file, ".rpm")) {
				files = append(files, file)
			}
			return err
		})
		relative, err := filepath.Rel(w.served, files[1])
		if err != nil {
			t.Fatal(err)
		}
		list := w.file("files.yaml", fmt.Sprintf("- %s\n- URL/%s\n", files[0], relative))
		description := "name: made\nuri: " + filepath.Join(w.dir, "out/made") + "\n"
		if w.format == "deb" {
			description += "suite: stable\nsection: [main, extra]\n"
		}
		r := command("create", "-t", w.format, "--repository", w.file("repo.yaml", description), "--package-files", list)
		if r.code != 0 || r.out != "Successfully completed.\n" {
			t.Fatalf("exit code %d: %s%s", r.code, r.out, r.errs)
		}
		w.holds("made", "app 1.0-1", "lib 1.0-1")
	})
}

func TestWrongFiles(t *testing.T) {
	w := newWorld(t, "deb")
	good := w.repositories("a a")
	for _, test := range []struct{ repositories, requirements, want string }{
		{"- name: a\n", "", "repos.yaml:1: the repository a has no uri"},
		{"- {name: a, uri: http://a/}\n", "", "has no suite"},
		{"- {name: a, uri: ftp://a/, suite: b}\n", "", "no address of http, https or file"},
		{"- {name: a, uri: http://a/, suite: b, colour: blue}\n", "", `"colour" is no key`},
		{"{}", "", "expected a list"},
		{"- [\n", "", "not valid YAML"},
		{"", "packages: [{}]", "q.yaml:1: the package has no name"},
		{"", "packages: [{name: a, versions: [1]}]", "is no version of a"},
		{"", "repositories: [{name: b}]", `the repository "b", which is not there`},
		{"", "repositories: [{name: a, excludes: [{name: '/(/'}]}]", "is no regular expression"},
		{"", "repositories: [{name: a, excludes: [{colour: x}]}]", `no field "colour"`},
		{"", "mandatory: some", "expected exact or newest"},
		{"", "{}", "nothing is required"},
	} {
		args := []string{"clone", "-d", filepath.Join(w.dir, "out"), "-r", good}
		if test.repositories != "" {
			args[4] = w.file("bad.repos.yaml", test.repositories)
		}
		if test.requirements != "" {
			args = append(args, "-R", w.file("q.yaml", test.requirements))
		}
		if r := command(args...); r.code != 2 || !strings.Contains(r.errs, test.want) {
			t.Errorf("exit code %d, expected %q in %s", r.code, test.want, r.errs)
		}
	}
}

// A clone of rpm is one that dnf reads, and one of deb one that apt-ftparchive agrees
// with: the made ones are written as others are, so one look is enough.
func TestDnfReadsWhatIsShared(t *testing.T) {
	dnf, err := exec.LookPath("dnf")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	w := newWorld(t, "rpm")
	w.publish("os", "app 1.0-1\n")
	w.publish("updates", "app 1.1-1\n")
	w.clone("Packages copied: 2/2.\n", "-r", w.repositories("os os path: both", "updates updates path: both"))
	conf := w.file("dnf.conf", "[main]\n")
	c := exec.Command(dnf, "-y", "-c", conf, "--setopt=reposdir=/dev/null", "--setopt=cachedir="+filepath.Join(w.dir, "cache"), "--setopt=logdir="+w.dir,
		"--setopt=persistdir="+filepath.Join(w.dir, "persist"), "--releasever=9", "--forcearch=x86_64",
		"--repofrompath=both,file://"+filepath.Join(w.dir, "out/both"), "repoquery", "--repoid=both", "--qf", "%{name}-%{version}", "app")
	out, err := c.Output()
	if err != nil || string(out) != "app-1.0\napp-1.1\n" {
		t.Errorf("%v: %s", err, out)
	}
}
