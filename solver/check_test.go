package solver

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestCheckTellsWhy(t *testing.T) {
	for _, test := range []struct {
		name, packages string
		options        Options
		want           []string
	}{{
		name:     "nothing is broken",
		packages: "a 1; requires b | c; recommends missing\nb 1; conflicts c\nc 1",
	}, {
		name:     "a requirement that is not there",
		packages: "a 1; requires missing\nb 1",
		want:     []string{"a 1: a 1 requires missing: no package has or provides it"},
	}, {
		name:     "a chain of them",
		packages: "a 1; requires b\nb 1; requires c (>= 2) | d\nc 1\nd 1; requires missing",
		want: []string{
			"a 1: a 1 requires b; b 1 requires c (>= 2) | d; d 1 requires missing: no package has or provides it",
			"b 1: b 1 requires c (>= 2) | d; d 1 requires missing: no package has or provides it",
			"d 1: d 1 requires missing: no package has or provides it",
		},
	}, {
		name:     "a conflict",
		packages: "a 1; requires b, c\nb 1; conflicts c\nc 1",
		want:     []string{"a 1: a 1 requires b; a 1 requires c; b 1 conflicts with c"},
	}, {
		name:     "a conflict that is necessary",
		packages: "a 1; requires b | c; conflicts b, c\nb 1\nc 1",
		want:     []string{"a 1: a 1 requires b | c; a 1 conflicts with b; a 1 conflicts with c"},
	}, {
		name:     "a cycle of what lacks something",
		packages: "a 1; requires b\nb 1; requires a, missing",
		want: []string{
			"a 1: a 1 requires b; b 1 requires missing: no package has or provides it",
			"b 1: b 1 requires missing: no package has or provides it",
		},
	}, {
		name:     "what machines do not install is passed over",
		packages: "a 1 riscv64; requires missing\nb 1; requires missing; in A -1",
	}, {
		name:     "beside what is assumed",
		packages: "a 1; requires x\nb 1; conflicts x",
		options:  Options{Assumed: []*repo.Package{{Name: "x", Version: "1", Architecture: "amd64"}}},
		want:     []string{"b 1: b 1 conflicts with x; x 1 (assumed installed)"},
	}} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Native = "amd64"
			var got []string
			for _, b := range Check(catalog(t, test.packages), test.options) {
				got = append(got, b.Package.Name+" "+b.Package.Version+": "+b.Reason)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("broken (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCheck: a package is broken where no set with it in it can be installed.
func TestCheck(t *testing.T) {
	for name, kind := range map[string]universes{
		"plain": {}, "virtual": {virtual: true}, "multiarch": {virtual: true, multiarch: true}, "complete": {virtual: true, complete: true},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				all := kind.draw(t, 7)
				broken := verdicts(Check(kind.catalog(all), Options{Native: "amd64", Foreign: []string{"i386"}, Recommends: true}))
				for _, p := range all {
					reason, isBroken := broken[p]
					if possible := kind.checks().installable(all, p); possible == isBroken {
						t.Fatalf("%s: installable: %v, reason %q; of\n%s", p, possible, reason, describe(all))
					}
				}
			})
		})
	}
}

// TestCheckAgreesWithSolve: a package is broken where nothing can be picked for it.
func TestCheckAgreesWithSolve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := universes{virtual: true, complete: rapid.Bool().Draw(t, "complete")}
		all := kind.draw(t, 25)
		c, options := kind.catalog(all), Options{Native: "amd64", Foreign: []string{"i386"}}
		broken := verdicts(Check(c, options))
		s := newSearch(newUniverse(c, options, options.Foreign))
		for i, p := range all {
			if _, ok := s.alone(int32(i)); ok == (broken[p] != "") {
				t.Fatalf("%s has a witness: %v; check: %q; of\n%s", p, ok, broken[p], describe(all))
			}
		}
	})
}

// TestCheckWhateverTheOrder: neither the order of packages, nor the number of
// processors, nor packages that nothing asks for change a verdict.
func TestCheckWhateverTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := universes{virtual: true, complete: rapid.Bool().Draw(t, "complete")}
		all := kind.draw(t, 15)
		options := Options{Native: "amd64", Foreign: []string{"i386"}}
		want := verdicts(Check(kind.catalog(all), options))

		more := rapid.Permutation(all).Draw(t, "order")
		for i, p := range kind.draw(t, 9) {
			p.Name, p.Provides, p.Detail = "z"+strconv.Itoa(i), nil, nil
			p.Relations = slices.DeleteFunc(p.Relations, func(r repo.Relation) bool { return r.Kind == repo.Supplements })
			more = append(more, p)
		}
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(rapid.IntRange(1, 4).Draw(t, "processors")))
		got := verdicts(Check(kind.catalog(more), options))
		for _, p := range all {
			if (want[p] != "") != (got[p] != "") {
				t.Fatalf("%s was %q, is %q; of\n%s", p, want[p], got[p], describe(more))
			}
		}
	})
}

func verdicts(broken []Broken) map[*repo.Package]string {
	reasons := map[*repo.Package]string{}
	for _, b := range broken {
		reasons[b.Package] = b.Reason
	}
	return reasons
}

// TestMachineCheck: dose-debcheck and installcheck find the same packages of the machine's
// own index broken.
func TestMachineCheck(t *testing.T) {
	if os.Getenv("PROVE") != "1" {
		t.Skip("half a minute; PROVE=1 runs it")
	}
	c, native := machineCatalog(t)
	var got []string
	for _, b := range Check(c, Options{Native: native}) {
		got = append(got, b.Package.Name+"-"+b.Package.Version)
		t.Logf("%s: %s", b.Package, b.Reason)
	}
	slices.Sort(got)
	var all strings.Builder
	for _, index := range machineIndexes(t) {
		all.WriteString(strings.TrimRight(index, "\n") + "\n\n")
	}
	index := filepath.Join(t.TempDir(), "Packages")
	if err := os.WriteFile(index, []byte(all.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		tool string
		args []string
		read func(output string) []string
	}{
		{"dose-debcheck", []string{"--deb-native-arch=" + native, "--failures", index}, brokenOfDose},
		{"installcheck", []string{native, index}, brokenOfInstallcheck},
	} {
		t.Run(test.tool, func(t *testing.T) {
			if _, err := exec.LookPath(test.tool); err != nil {
				if os.Getenv("CI") != "" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			output, _ := exec.Command(test.tool, test.args...).Output() // fails where something is broken
			want := test.read(string(output))
			slices.Sort(want)
			if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
				t.Errorf("(-%s +got):\n%s", test.tool, diff)
			}
		})
	}
}

// brokenOfDose reads lines of "package: NAME" with "version: VERSION" after them.
func brokenOfDose(output string) (broken []string) {
	var name string
	for line := range strings.Lines(output) {
		field, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch field {
		case "package":
			name = value
		case "version":
			broken = append(broken, name+"-"+value)
		}
	}
	return broken
}

// brokenOfInstallcheck reads lines of "can't install NAME-VERSION.ARCHITECTURE:".
func brokenOfInstallcheck(output string) (broken []string) {
	for line := range strings.Lines(output) {
		if full, ok := strings.CutPrefix(line, "can't install "); ok {
			broken = append(broken, full[:strings.LastIndexByte(full, '.')])
		}
	}
	return broken
}
