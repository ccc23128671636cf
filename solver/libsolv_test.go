package solver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// TestLibsolv: what libsolv finds installable has a witness, and only that.
func TestLibsolv(t *testing.T) {
	testsolv, err := exec.LookPath("testsolv")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "universe.t")
	kind := universes{virtual: true, complete: true, selfish: true}
	rapid.Check(t, func(t *rapid.T) {
		all := streamless(kind.draw(t, 12))
		if err := os.WriteFile(file, []byte(testcase(all)), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(testsolv, "-r", file).CombinedOutput()
		if err != nil {
			t.Fatalf("testsolv: %v: %s", err, out)
		}
		verdicts := strings.Split(string(out), "test ")[1:]
		if len(verdicts) < len(all) {
			t.Fatalf("testsolv gave %d verdicts, expected %d: %s", len(verdicts), len(all), out)
		}
		u := newUniverse(kind.catalog(all), Options{Native: "amd64", Recommends: true}, []string{"i386"})
		search := newSearch(u)
		for i, p := range all {
			w := search.witness([]int32{int32(i)})
			if problem := strings.Contains(verdicts[i], "\nproblem "); problem != (len(w.broken) > 0) {
				t.Fatalf("%s: %d facts are broken; libsolv: %s\nof\n%s", p, len(w.broken), verdicts[i], describe(all))
			}
		}
	})
}

// testcase writes packages in the form of libsolv's testcases, with a job for each.
func testcase(all []*repo.Package) string {
	var b strings.Builder
	b.WriteString("repo available 0 testtags <inline>\n")
	tags := map[repo.Kind]string{
		repo.Requires: "Req", repo.PreRequires: "Req", repo.Conflicts: "Con", repo.Breaks: "Con", repo.Obsoletes: "Obs",
		repo.Recommends: "Rec", repo.Supplements: "Sup", repo.Suggests: "Sug", repo.Enhances: "Enh",
	}
	architectures := map[string]string{"amd64": "x86_64", "noarch": "noarch", "i386": "i686"}
	for _, p := range all {
		fmt.Fprintf(&b, "#>=Pkg: %s %s 1 %s\n", p.Name, p.Version, architectures[p.Architecture])
		fmt.Fprintf(&b, "#>=Prv: %s = %s-1\n", p.Name, p.Version)
		for _, x := range p.Provides {
			fmt.Fprintf(&b, "#>=Prv: %s", x.Name)
			if x.Version != "" {
				fmt.Fprintf(&b, " = %s", x.Version)
			}
			b.WriteByte('\n')
		}
		for _, r := range p.Relations {
			expression := r.Rich
			if expression == nil {
				expression = &repo.Rich{Op: repo.Or}
				for _, d := range r.Alternatives {
					expression.Operands = append(expression.Operands, &repo.Rich{Dependency: d})
				}
			}
			fmt.Fprintf(&b, "#>=%s: %s\n", tags[r.Kind], libsolvs(expression))
		}
	}
	b.WriteString("system x86_64 rpm\npoolflags implicitobsoleteusescolors\n")
	for _, p := range all {
		fmt.Fprintf(&b, "solverflags noinfarchcheck\njob install pkg %s-%s-1.%s@available\nresult transaction,problems <inline>\nnextjob\n", p.Name, p.Version, architectures[p.Architecture])
	}
	b.WriteString("job noop\n") // results are numbered where there are several jobs
	return b.String()
}

// libsolvs writes an expression as libsolv's testcases do.
func libsolvs(r *repo.Rich) string {
	if r.Op == repo.Leaf {
		d := r.Dependency
		if d.Op == repo.Any {
			return d.Name
		}
		return d.Name + " " + d.Op.String() + " " + d.Version
	}
	parts := make([]string, len(r.Operands))
	for i, operand := range r.Operands {
		parts[i] = libsolvs(operand)
		if operand.Op != repo.Leaf || operand.Dependency.Op != repo.Any {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	sign := map[repo.RichOp]string{
		repo.And: " & ", repo.Or: " | ", repo.With: " + ", repo.Without: " - ", repo.If: " <IF> ", repo.Unless: " <UNLESS> ",
	}[r.Op]
	if len(parts) == 3 && (r.Op == repo.If || r.Op == repo.Unless) {
		return parts[0] + sign + "(" + parts[1] + " <ELSE> " + parts[2] + ")"
	}
	return strings.Join(parts, sign)
}

// streamless forgets which streams packages belong to: libsolv knows none.
func streamless(all []*repo.Package) []*repo.Package {
	for _, p := range all {
		p.Detail = nil
	}
	return all
}
