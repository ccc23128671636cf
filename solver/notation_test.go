package solver

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// numbers are versions that are whole numbers.
type numbers struct{}

func (numbers) Compare(a, b string) int {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	return cmp.Compare(x, y)
}

func (n numbers) Satisfies(version string, op repo.Op, wanted string) bool {
	return op == repo.Any || version != "" && op.Holds(n.Compare(version, wanted))
}

// packages reads packages, one a line, from
//
//	name version [architecture] [same|foreign|allowed] [mandatory] [essential]; part; ...
//
// where a part is a kind of relation or "provides" with a list of what it asks for,
// or "in REPOSITORY [PRIORITY]", or "line LINE". What begins with "((" is rich, with
// each operator in parentheses of its own: "((a if (b and c >= 2)))".
func packages(t testing.TB, text string) (all []*repo.Package) {
	t.Helper()
	repositories := map[string]*repo.Repository{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		parts := strings.Split(line, ";")
		head := strings.Fields(parts[0])
		p := &repo.Package{Name: head[0], Version: head[1], Architecture: "amd64"}
		for _, word := range head[2:] {
			switch word {
			case "same":
				p.MultiArch = repo.Same
			case "foreign":
				p.MultiArch = repo.Foreign
			case "allowed":
				p.MultiArch = repo.Allowed
			case "mandatory":
				p.Mandatory = true
			case "essential":
				p.Essential = true
			default:
				p.Architecture = word
			}
		}
		for _, part := range parts[1:] {
			kind, rest, _ := strings.Cut(strings.TrimSpace(part), " ")
			switch kind {
			case "in":
				name, priority, _ := strings.Cut(rest, " ")
				if repositories[name] == nil {
					repositories[name] = &repo.Repository{Source: &repo.Source{Name: name}}
				}
				p.Repository = repositories[name]
				p.Priority, _ = strconv.Atoi(priority)
			case "line":
				p.Detail = rest
			case "provides":
				for _, x := range strings.Split(rest, ",") {
					d := dependency(t, x)
					p.Provides = append(p.Provides, repo.Provide{Name: d.Name, Architecture: d.Architecture, Version: d.Version})
				}
			default:
				for _, x := range strings.Split(rest, ",") {
					r := repo.Relation{Kind: kindOf(t, kind)}
					if x = strings.TrimSpace(x); strings.HasPrefix(x, "((") {
						r.Rich = rich(t, strings.TrimSuffix(strings.TrimPrefix(x, "("), ")"))
						p.Relations = append(p.Relations, r)
						continue
					}
					for _, d := range strings.Split(x, "|") {
						r.Alternatives = append(r.Alternatives, dependency(t, d))
					}
					p.Relations = append(p.Relations, r)
				}
			}
		}
		all = append(all, p)
	}
	return all
}

// rich reads an expression as rpm writes it.
func rich(t testing.TB, text string) *repo.Rich {
	t.Helper()
	words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))
	next := func() (word string) {
		if len(words) > 0 {
			word, words = words[0], words[1:]
		}
		return word
	}
	var operand func() *repo.Rich
	operand = func() *repo.Rich {
		word := next()
		if word != "(" {
			d := repo.Dependency{Name: word}
			for op := repo.Less; op <= repo.NotEqual && len(words) > 0; op++ {
				if words[0] == op.String() {
					next()
					d.Op, d.Version = op, next()
					break
				}
			}
			return &repo.Rich{Dependency: d}
		}
		r := &repo.Rich{Operands: []*repo.Rich{operand()}}
		for word = next(); word != ")"; word = next() {
			op, ok := map[string]repo.RichOp{
				"and": repo.And, "or": repo.Or, "if": repo.If, "unless": repo.Unless, "else": r.Op, "with": repo.With, "without": repo.Without,
			}[word]
			if !ok {
				t.Fatalf("cannot read %q", text)
			}
			r.Op = op
			r.Operands = append(r.Operands, operand())
		}
		return r
	}
	return operand()
}

func kindOf(t testing.TB, name string) repo.Kind {
	t.Helper()
	for k := repo.PreRequires; k <= repo.Obsoletes; k++ {
		if k.String() == name {
			return k
		}
	}
	t.Fatalf("no kind of relation is named %q", name)
	return 0
}

// dependency reads "name:architecture (>= 2)".
func dependency(t testing.TB, text string) (d repo.Dependency) {
	t.Helper()
	name, constraint, versioned := strings.Cut(strings.TrimSpace(text), " (")
	d.Name, d.Architecture, _ = strings.Cut(name, ":")
	if versioned {
		sign, version, ok := strings.Cut(strings.TrimSuffix(constraint, ")"), " ")
		for d.Op = repo.Less; d.Op.String() != sign; d.Op++ {
			if d.Op == repo.NotEqual || !ok {
				t.Fatalf("cannot read %q", text)
			}
		}
		d.Version = version
	}
	return d
}

// seed reads a seed, in the form of a dependency.
func seed(t testing.TB, text string) Seed {
	t.Helper()
	d := dependency(t, text)
	return Seed{Pattern: d.Name, Architecture: d.Architecture, Op: d.Op, Version: d.Version, Label: text}
}

func seeds(t testing.TB, texts ...string) (all []Seed) {
	t.Helper()
	for _, text := range texts {
		all = append(all, seed(t, text))
	}
	return all
}

func catalog(t testing.TB, text string) *repo.Catalog {
	t.Helper()
	return repo.NewCatalog(repo.BasicRules{Versions: numbers{}}, packages(t, text))
}

// overlapping are numbers of which what is provided without one is every one, as with rpm.
type overlapping struct{ numbers }

func (o overlapping) Satisfies(version string, op repo.Op, wanted string) bool {
	return version == "" || o.numbers.Satisfies(version, op, wanted)
}

// complete are the rules of a format whose clients look at all relations together, as
// those of rpm do.
type complete struct{ repo.BasicRules }

func (complete) Client() repo.Client {
	return repo.Client{ObsoletesExclude: true, Backtracks: true, WeakLast: true, Reverse: true, ProvidersByName: true}
}

// Coinstallable is true for kernels, and for packages of two architectures.
func (complete) Coinstallable(p, q *repo.Package) bool {
	return p.Name == "kernel" || p.Architecture != q.Architecture && !p.Anywhere() && !q.Anywhere()
}

func (complete) Line(p *repo.Package) string {
	line, _ := p.Detail.(string)
	return line
}

func (complete) Forms(p *repo.Package) []string {
	return []string{p.Name + "-" + p.Version, p.Name + "." + p.Architecture, p.Name + "-" + p.Version + "." + p.Architecture}
}

// completeCatalog reads packages, of which every one answers relations of every
// architecture.
func completeCatalog(t testing.TB, text string) *repo.Catalog {
	t.Helper()
	all := packages(t, text)
	for _, p := range all {
		p.MultiArch = repo.Foreign
	}
	return repo.NewCatalog(complete{repo.BasicRules{Versions: overlapping{}}}, all)
}

// names returns "name version" of each pick, with the architecture where it is not
// amd64, sorted.
func names(picks []Pick) (all []string) {
	for _, p := range picks {
		name := p.Package.Name + " " + p.Package.Version
		if p.Package.Architecture != "amd64" {
			name = p.Package.String()
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
