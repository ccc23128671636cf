package e2e_test

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// TestSolvingBesideApt takes seeds by chance out of the machine's real index, and apt
// as the judge. No package is fetched.
func TestSolvingBesideApt(t *testing.T) {
	t.Parallel()
	indexes := machineLists(t)
	s, names := solvingDeb(t, indexes)
	if !proving() {
		s.prove(sample(names, 6))
		return
	}
	seeds := sample(names, 300)
	var broken []string // so that some seeds are refused, too
	for key := range doseBroken(t, indexes) {
		name, _, _ := strings.Cut(key, " ")
		broken = append(broken, name)
	}
	for _, name := range sample(broken, 5) {
		if !slices.Contains(seeds, name) {
			seeds = append(seeds, name)
		}
	}
	s.prove(seeds)
}

// solvingDeb is the indexes as suites of one archive, and the names of the packages.
func solvingDeb(t *testing.T, indexes []machineIndex) (s *solving, names []string) {
	t.Helper()
	whole := publishSuites(t, indexes, nil)
	s = &solving{
		t: t, sources: whole.source("debian", "file://"+whole.dir, "suites: ["+strings.Join(suitesOf(indexes), ", ")+"]"), size: map[string]int64{},
		key: func(p planned) string { return p.Name + " " + p.Version + " " + p.Architecture },
		client: func(hold map[string]bool) installer {
			u := whole
			if hold != nil {
				u = publishSuites(t, indexes, hold)
			}
			a := newApt(t, debLines(u, indexes)...)
			a.update()
			return a.picks
		},
		unsolvable: func(names []string) map[string]bool { return doseRefuses(t, indexes, names) },
	}
	for _, ix := range indexes {
		for key, stanza := range ix.stanzas {
			s.size[key] = sizeOf(t, stanza)
			name, _, _ := strings.Cut(key, " ")
			names = append(names, name)
		}
	}
	return s, names
}

// publishSuites publishes each index as a suite of one archive, with the packages only
// that are to be held; nil says all.
func publishSuites(t *testing.T, indexes []machineIndex, hold map[string]bool) *upstream {
	t.Helper()
	u := newUpstream(t)
	for i, suite := range suitesOf(indexes) {
		s := u.Suite(suite)
		s.Compressions, s.ByHash = []string{""}, false
		for _, key := range indexes[i].order {
			if hold == nil || hold[key] {
				f := strings.Fields(key)
				s.Add(repotest.Package{Name: f[0], Version: f[1], Architecture: f[2], Stanza: indexes[i].stanzas[key]})
			}
		}
	}
	u.publish()
	return u
}

// suitesOf are names for the suites: one suite may have several indexes.
func suitesOf(indexes []machineIndex) (names []string) {
	for i := range indexes {
		names = append(names, "s"+strconv.Itoa(i))
	}
	return names
}

func debLines(u *upstream, indexes []machineIndex) (lines []string) {
	for _, suite := range suitesOf(indexes) {
		lines = append(lines, debLine(u.key, "file://"+u.dir, suite, "main"))
	}
	return lines
}

func sizeOf(t *testing.T, stanza string) int64 {
	t.Helper()
	_, rest, _ := strings.Cut(stanza, "\nSize: ")
	text, _, _ := strings.Cut(rest, "\n")
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("%v in\n%s", err, stanza)
	}
	return size
}

// instLine is a line of apt-get -s: name, version, architecture.
var instLine = regexp.MustCompile(`(?m)^Inst ([^ :]+)[^ ]* \(([^ ]+) .*\[([^ ]+)\]\)`)

// picks is what apt would install for each wish.
func (a *aptRoot) picks(wishes []string) map[string][]string {
	all := inParallel(wishes, func(wish string) (keys []string) {
		out, err := a.run("apt-get", append([]string{"install", "-s", "-qq"}, strings.Fields(wish)...)...)
		if err != nil {
			return nil
		}
		for _, m := range instLine.FindAllStringSubmatch(out, -1) {
			keys = append(keys, strings.Join(m[1:], " "))
		}
		return keys
	})
	maps.DeleteFunc(all, func(_ string, keys []string) bool { return keys == nil })
	return all
}

// doseRefuses are those of the names none of whose versions dose-debcheck finds a
// solution for.
func doseRefuses(t *testing.T, indexes []machineIndex, names []string) map[string]bool {
	t.Helper()
	if len(names) == 0 {
		return nil
	}
	broken := doseBroken(t, indexes)
	refuses := map[string]bool{}
	for _, name := range names {
		refuses[name] = true
	}
	for _, ix := range indexes {
		for key := range ix.stanzas {
			if name, _, _ := strings.Cut(key, " "); refuses[name] && !broken[key] {
				delete(refuses, name)
			}
		}
	}
	return refuses
}

// doseField is a line about a package in dose-debcheck's report.
var doseField = regexp.MustCompile(`^  (package|version|architecture|status): (.*)$`)

// doseBroken are the packages that dose-debcheck finds broken, by key.
func doseBroken(t *testing.T, indexes []machineIndex) map[string]bool {
	t.Helper()
	file := filepath.Join(tempDir(t), "Packages")
	write(t, file, packagesOf(indexes))
	c := exec.CommandContext(t.Context(), need(t, "dose-debcheck"), "--deb-native-arch=amd64", "--failures", file)
	out, err := c.Output() // its exit code says whether there are any
	if c.ProcessState == nil || !strings.Contains(string(out), "broken-packages: ") {
		t.Fatalf("dose-debcheck: %v\n%s", err, out)
	}
	broken := map[string]bool{}
	of := map[string]string{}
	for line := range strings.Lines(string(out)) {
		m := doseField.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		of[m[1]] = strings.Trim(m[2], `"'`)
		if m[1] == "status" && m[2] == "broken" {
			broken[fmt.Sprintf("%s %s %s", of["package"], of["version"], of["architecture"])] = true
		}
	}
	return broken
}

// packagesOf is one Packages file of the indexes.
func packagesOf(indexes []machineIndex) string {
	var b strings.Builder
	seen := map[string]bool{}
	for _, ix := range indexes {
		for _, key := range ix.order {
			if !seen[key] {
				seen[key] = true
				b.WriteString(ix.stanzas[key] + "\n\n")
			}
		}
	}
	return b.String()
}

// everyNth leaves every n-th package of the indexes.
func everyNth(indexes []machineIndex, n int) (some []machineIndex) {
	for _, ix := range indexes {
		left := machineIndex{url: ix.url, suite: ix.suite, stanzas: map[string]string{}}
		for i, key := range ix.order {
			if i%n == 0 {
				left.order = append(left.order, key)
				left.stanzas[key] = ix.stanzas[key]
			}
		}
		some = append(some, left)
	}
	return slices.Clip(some)
}
