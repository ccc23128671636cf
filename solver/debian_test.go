package solver

import (
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

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
	checks := checker{versions: c.Rules(), native: native}
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
	left := repo.NewCatalog(c.Rules(), picked(union))
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

// machineCatalog reads the lists that apt has of the machine's sources.
func machineCatalog(t testing.TB) (c *repo.Catalog, native string) {
	t.Helper()
	var all []*repo.Package
	for file, index := range machineIndexes(t) {
		r := &repo.Repository{Source: &repo.Source{Name: filepath.Base(file)}}
		for stanza := range strings.SplitSeq(index, "\n\n") {
			if p := debianPackage(t, stanza); p.Name != "" {
				p.Repository, p.Priority = r, 500
				all = append(all, p)
			}
		}
	}
	if len(all) == 0 {
		t.Skip("this machine has no apt lists")
	}
	return repo.NewCatalog(repo.BasicRules{Versions: debianVersions{}}, all), strings.TrimSpace(output(t, "dpkg", "--print-architecture"))
}

// machineIndexes yields the files and the contents of the machine's indexes of packages.
func machineIndexes(t testing.TB) iter.Seq2[string, string] {
	return func(yield func(file, index string) bool) {
		t.Helper()
		for _, file := range strings.Fields(output(t, "apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Packages")) {
			if !yield(file, output(t, "/usr/lib/apt/apt-helper", "cat-file", file)) {
				return
			}
		}
	}
}

func output(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Skipf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}

// debianPackage reads what the solver needs of a stanza.
func debianPackage(t testing.TB, stanza string) *repo.Package {
	t.Helper()
	p := &repo.Package{}
	for line := range strings.Lines(stanza) {
		field, value, _ := strings.Cut(strings.TrimRight(line, "\n"), ": ")
		switch field {
		case "Package":
			p.Name = value
		case "Version":
			p.Version = value
		case "Architecture":
			p.Architecture = value
		case "Essential":
			p.Essential = value == "yes"
		case "Priority":
			p.Mandatory = value == "required" || value == "important"
		case "Multi-Arch":
			p.MultiArch = map[string]repo.MultiArch{"same": repo.Same, "foreign": repo.Foreign, "allowed": repo.Allowed}[value]
		case "Provides":
			for _, r := range debianRelations(t, repo.Requires, value) {
				d := r.Alternatives[0]
				p.Provides = append(p.Provides, repo.Provide{Name: d.Name, Architecture: d.Architecture, Version: d.Version})
			}
		default:
			if kind, ok := debianKinds[field]; ok {
				p.Relations = append(p.Relations, debianRelations(t, kind, value)...)
			}
		}
	}
	return p
}

var debianKinds = map[string]repo.Kind{
	"Pre-Depends": repo.PreRequires, "Depends": repo.Requires, "Recommends": repo.Recommends, "Suggests": repo.Suggests,
	"Conflicts": repo.Conflicts, "Breaks": repo.Breaks, "Replaces": repo.Obsoletes, "Enhances": repo.Enhances,
}

// debianRelations reads the value of a field of relations: as [dependency] does, but
// with dpkg's signs of strict order.
func debianRelations(t testing.TB, kind repo.Kind, value string) (all []repo.Relation) {
	t.Helper()
	value = strings.NewReplacer("(<<", "(<", "(>>", "(>").Replace(value)
	for part := range strings.SplitSeq(strings.TrimRight(value, ", "), ",") {
		r := repo.Relation{Kind: kind}
		for d := range strings.SplitSeq(part, "|") {
			r.Alternatives = append(r.Alternatives, dependency(t, d))
		}
		all = append(all, r)
	}
	return all
}

// debianVersions is the order of deb-version(7), for versions that are well-formed.
type debianVersions struct{}

func (v debianVersions) Satisfies(version string, op repo.Op, wanted string) bool {
	return op == repo.Any || version != "" && op.Holds(v.Compare(version, wanted))
}

func (debianVersions) Compare(a, b string) int {
	x, y := debianParts(a), debianParts(b)
	for i := range x {
		if c := compareDebianParts(x[i], y[i]); c != 0 {
			return c
		}
	}
	return 0
}

// debianParts splits a version into epoch, upstream version and revision.
func debianParts(v string) [3]string {
	epoch, rest, found := strings.Cut(v, ":")
	if !found {
		epoch, rest = "0", v
	}
	if i := strings.LastIndexByte(rest, '-'); i >= 0 {
		return [3]string{epoch, rest[:i], rest[i+1:]}
	}
	return [3]string{epoch, rest, "0"}
}

// compareDebianParts compares by turns what is before the next digit, and the number
// that follows.
func compareDebianParts(a, b string) int {
	for a != "" || b != "" {
		i, j := strings.IndexAny(a+"0", "0123456789"), strings.IndexAny(b+"0", "0123456789")
		for k := range max(i, j) + 1 {
			if c := debianWeight(a[:i], k) - debianWeight(b[:j], k); c != 0 {
				return c
			}
		}
		a, b = a[i:], b[j:]
		i, j = len(a)-len(strings.TrimLeft(a, "0123456789")), len(b)-len(strings.TrimLeft(b, "0123456789"))
		x, y := strings.TrimLeft(a[:i], "0"), strings.TrimLeft(b[:j], "0")
		if len(x) != len(y) {
			return len(x) - len(y)
		}
		if c := strings.Compare(x, y); c != 0 {
			return c
		}
		a, b = a[i:], b[j:]
	}
	return 0
}

// debianWeight orders the k-th byte of a part without digits: ~, the end, letters,
// anything else.
func debianWeight(s string, k int) int {
	if k >= len(s) {
		return 0
	}
	switch c := s[k]; {
	case c == '~':
		return -1
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		return int(c)
	default:
		return int(c) + 256
	}
}
