package e2e_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCheckBesideDose wants check to find the packages of the machine's real index
// broken that dose-debcheck does.
func TestCheckBesideDose(t *testing.T) {
	t.Parallel()
	indexes := machineLists(t)
	samples := map[string][]machineIndex{"a part": everyNth(indexes, 16)}
	if proving() {
		samples["all"] = indexes
	}
	for name, indexes := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := solvingDeb(t, indexes)
			s.wantBroken(doseBroken(t, indexes))
		})
	}
}

// TestCheckBesideLibsolv does that for packages of the same index written as rpm's,
// with libsolv. Its installcheck knows, as Debian builds it, Debian's versions and
// architectures only.
func TestCheckBesideLibsolv(t *testing.T) {
	t.Parallel()
	n := 40
	if proving() {
		n = 8
	}
	indexes := everyNth(machineLists(t), n)
	s, _ := solvingRPM(t, indexes)
	s.wantBroken(libsolvBroken(t, rpmsOf(t, indexes)))
}

// wantBroken wants check to find just these packages broken.
func (s *solving) wantBroken(want map[string]bool) {
	s.t.Helper()
	k := newKeeper(s.t, "sources:\n"+s.sources+"mirrors:\n  full: {from: ["+sourceNames(s.sources)+"]}\n")
	r := k.run("check", "--output", "json")
	if r.code != done && r.code != findings {
		s.t.Fatalf("mirrorkeeper check: exit code %d\n%s", r.code, r.stderr)
	}
	got := map[string]bool{}
	for _, p := range decode[struct{ Broken []planned }](r).Broken {
		got[s.key(p)] = true
		if p.Reason == "" {
			s.t.Errorf("%s is broken for no reason", s.key(p))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("broken packages (-want +got):\n%s", diff)
	}
	s.t.Logf("%d packages are broken", len(got))
}

// libsolvBroken are the packages that libsolv finds no solution for, by key.
func libsolvBroken(t *testing.T, packages []rpmRecord) map[string]bool {
	t.Helper()
	dir := tempDir(t)
	convert := exec.CommandContext(t.Context(), need(t, "rpmmd2solv"))
	convert.Stdin = strings.NewReader(primaryOf(packages))
	solv, err := convert.Output()
	if err != nil {
		t.Fatalf("rpmmd2solv: %v", err)
	}
	write(t, filepath.Join(dir, "available.solv"), string(solv))
	var b strings.Builder
	b.WriteString("repo available 0 solv available.solv\nsystem x86_64 rpm\npoolflags implicitobsoleteusescolors\n")
	for _, p := range packages {
		fmt.Fprintf(&b, "solverflags noinfarchcheck\njob install pkg %s@available\nresult problems <inline>\nnextjob\n", p.key())
	}
	b.WriteString("job noop\n") // results are numbered where there are several jobs
	write(t, filepath.Join(dir, "case.t"), b.String())
	out, err := exec.CommandContext(t.Context(), need(t, "testsolv"), "-r", filepath.Join(dir, "case.t")).CombinedOutput()
	verdicts := strings.Split("\n"+string(out), "\ntest ")[1:]
	if err != nil || len(verdicts) < len(packages) {
		t.Fatalf("testsolv: %v: %d verdicts, expected %d: %.300s", err, len(verdicts), len(packages), out)
	}
	broken := map[string]bool{}
	for i, p := range packages {
		if strings.Contains(verdicts[i], "\nproblem ") {
			broken[p.key()] = true
		}
	}
	return broken
}
