package solver

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// aptLists is where apt keeps what it knows of the machine's sources.
const aptLists = "/var/lib/apt/lists/"

// machineCatalog reads the machine's own apt lists, in apt's order of them.
func machineCatalog(t *testing.T) (c *repo.Catalog, native string) {
	t.Helper()
	output := func(name string, args ...string) string {
		out, err := exec.Command(name, args...).Output()
		if err != nil {
			t.Skipf("%s %s: %v", name, strings.Join(args, " "), err)
		}
		return string(out)
	}
	native = strings.TrimSpace(output("dpkg", "--print-architecture"))
	var all []*repo.Package
	done := map[string]bool{}
	for _, file := range strings.Fields(output("apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Packages")) {
		// HOST_PATH_dists_SUITE_COMPONENT_binary-ARCHITECTURE_Packages
		before, component, ok := cutLast(strings.TrimPrefix(file[:strings.LastIndex(file, "_binary-")], aptLists), "_")
		_, suite, dists := cutLast(before, "_dists_")
		if !ok || !dists || done[before+component] {
			continue
		}
		done[before+component] = true
		release, err := os.ReadFile(aptLists + before + "_InRelease")
		if err != nil {
			continue
		}
		all = append(all, readList(t, &repo.Source{
			Name: "machine", Type: "deb", URLs: []string{"http://archive.example.org/debian"}, Suites: []string{suite},
			Components: []string{component}, Architectures: []string{native}, Trusted: true, IgnoreValidUntil: true,
		}, release, aptLists+before)...)
	}
	if len(all) < 1000 {
		t.Skip("this machine has no apt lists")
	}
	return repo.NewCatalog(deb.Format{}, all), native
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func readList(t *testing.T, s *repo.Source, release []byte, prefix string) []*repo.Package {
	t.Helper()
	format := deb.Format{}
	repositories, err := format.Repositories(s)
	if err != nil {
		t.Fatal(err)
	}
	r := repositories[0]
	form := format.RootForms(r)[0]
	root, err := format.ReadRoot(r, form, repo.RootFiles{form.Main: release}, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	packages, err := format.ReadPackages(r, root, func(ix repo.Index) (io.ReadCloser, error) {
		name := strings.ReplaceAll(strings.TrimPrefix(ix.Name, "dists/"+s.Suites[0]), "/", "_")
		files, _ := filepath.Glob(prefix + name + "*")
		if len(files) == 0 {
			return nil, fs.ErrNotExist
		}
		content, err := exec.Command("/usr/lib/apt/apt-helper", "cat-file", files[0]).Output()
		return io.NopCloser(bytes.NewReader(content)), err
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// wellKnown are packages of every size and kind.
var wellKnown = []string{
	"nginx", "git", "postgresql", "build-essential", "docker.io", "samba", "default-jdk", "ansible", "dovecot-imapd",
	"gimp", "texlive-full", "task-gnome-desktop", "task-kde-desktop",
}

// TestMachineIndex looks at the machine's own index. Without PROVE=1 it looks at
// some packages only.
func TestMachineIndex(t *testing.T) {
	c, native := machineCatalog(t)
	every, known := 2000, wellKnown[:1]
	if os.Getenv("PROVE") == "1" {
		every, known = 20, wellKnown
	}
	t.Run("witnesses", func(t *testing.T) { testWitnesses(t, c, native, every) })
	t.Run("apt", func(t *testing.T) { testPicksAreApts(t, c, native, known) })
}

// testWitnesses: each seed's picks can be installed together, or what is reported is
// what keeps them; and all are a closed mirror.
func testWitnesses(t *testing.T, c *repo.Catalog, native string, every int) {
	var list []string
	for name := range c.Names {
		list = append(list, name)
	}
	var sample []string
	for i := every / 2; i < len(list); i += every {
		sample = append(sample, list[i])
	}
	checks := checker{versions: c.Versions(), native: native}
	options := Options{Native: native, Recommends: true}
	var all []Seed
	for _, name := range append(sample, wellKnown[:4]...) {
		all = append(all, Seed{Pattern: name})
		s := Solve(c, all[len(all)-1:], options)
		if len(s.Unknown) > 0 {
			continue
		}
		problems := checks.problems(picked(s))
		if reported := len(s.Unresolved)+len(s.Conflicts) > 0; reported != (len(problems) > 0) {
			t.Errorf("%s: %d picks with problems %q, but reported is %q", name, len(s.Picks), problems, reports(s))
		}
	}
	union := Solve(c, all, options)
	left := repo.NewCatalog(c.Versions(), picked(union))
	if missing := FindUnresolved(left, left.Packages, native); len(missing) != len(union.Unresolved) {
		t.Errorf("the mirror lacks %d relations, reported are %d: %v", len(missing), len(union.Unresolved), missing)
	}
	t.Logf("%d seeds, %d picks", len(all), len(union.Picks))
}

// testPicksAreApts: what is picked is what apt installs on a machine with nothing on
// it, package by package.
func testPicksAreApts(t *testing.T, c *repo.Catalog, native string, names []string) {
	status := filepath.Join(t.TempDir(), "status")
	if err := os.WriteFile(status, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if len(c.NamedAt(name)) == 0 {
			continue
		}
		simulation, err := exec.Command("apt-get", "install", "-s", "--install-recommends", "-o", "Dir::State::status="+status,
			"-o", "Dir::Cache="+t.TempDir(), "-o", "Dir::Etc::preferences=/dev/null", "-o", "Dir::Etc::preferencesparts=/dev/null", name).Output()
		if err != nil {
			t.Logf("%s: apt refuses: %v", name, err)
			continue
		}
		var want, got []string
		for line := range strings.Lines(string(simulation)) {
			if fields := strings.Fields(line); len(fields) > 2 && fields[0] == "Inst" {
				want = append(want, fields[1]+" "+strings.Trim(fields[2], "("))
			}
		}
		for _, p := range Solve(c, []Seed{{Pattern: name}}, Options{Native: native, Recommends: true}).Picks {
			got = append(got, p.Package.Name+" "+p.Package.Version)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-apt +picked):\n%s", name, diff)
		}
	}
}
