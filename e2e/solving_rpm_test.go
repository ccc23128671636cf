package e2e_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSolvingBesideDnf does what TestSolvingBesideApt does, with packages of the
// machine's real index written as rpm's, and dnf as the judge.
func TestSolvingBesideDnf(t *testing.T) {
	t.Parallel()
	indexes := machineLists(t)
	n := 300
	if !proving() { // many of its packages miss something
		indexes, n = everyNth(indexes, 8), 40
	}
	s, names := solvingRPM(t, indexes)
	s.prove(sample(names, n))
}

// solvingRPM is the packages of the indexes as an rpm repository, and their names.
func solvingRPM(t *testing.T, indexes []machineIndex) (s *solving, names []string) {
	t.Helper()
	packages := rpmsOf(t, indexes)
	whole := publishPrimary(t, packages, nil)
	everything := newDnf(t, dnfRepository("whole", "", "file://"+whole, "repo_gpgcheck=0"))
	s = &solving{
		t: t, sources: fmt.Sprintf("  fedora:\n    {type: rpm, url: 'file://%s', architectures: [x86_64], trusted: true}\n", whole), size: map[string]int64{},
		key: func(p planned) string { return p.Name + "-" + p.Version + "." + p.Architecture },
		client: func(hold map[string]bool) installer {
			if hold == nil {
				return everything.picks
			}
			return newDnf(t, dnfRepository("part", "", "file://"+publishPrimary(t, packages, hold), "repo_gpgcheck=0")).picks
		},
		// dnf's solver is complete: it refuses what has no solution.
		unsolvable: func(names []string) map[string]bool {
			solved := everything.picks(names)
			refused := map[string]bool{}
			for _, name := range names {
				refused[name] = solved[name] == nil
			}
			return refused
		},
	}
	for _, p := range packages {
		s.size[p.key()] = p.size
		names = append(names, p.name)
	}
	return s, names
}

// picks is what dnf would install for each wish.
func (d *dnfRoot) picks(wishes []string) map[string][]string {
	d.t.Helper()
	lines := make([]string, len(wishes))
	for i, wish := range wishes {
		lines[i] = strings.ReplaceAll(wish, " ", "\t")
	}
	all := map[string][]string{}
	for line, a := range d.resolve(true, lines...) {
		if a.Error == "" && line != "" {
			all[strings.ReplaceAll(line, "\t", " ")] = a.Packages
		}
	}
	return all
}

// publishPrimary publishes the packages that are to be held, all for nil, as an rpm
// repository whose only index is primary.xml, and returns its directory.
func publishPrimary(t *testing.T, packages []rpmRecord, hold map[string]bool) (dir string) {
	t.Helper()
	dir = tempDir(t)
	primary := primaryOf(slices.DeleteFunc(slices.Clone(packages), func(p rpmRecord) bool { return hold != nil && !hold[p.key()] }))
	write(t, filepath.Join(dir, "repodata/primary.xml"), primary)
	write(t, filepath.Join(dir, "repodata/repomd.xml"), fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
<revision>1767225600</revision>
<data type="primary"><checksum type="sha256">%[1]s</checksum><open-checksum type="sha256">%[1]s</open-checksum>
<location href="repodata/primary.xml"/><timestamp>1767225600</timestamp><size>%[2]d</size><open-size>%[2]d</open-size></data>
</repomd>
`, sha256Hex(primary), len(primary)))
	return dir
}

// rpmsOf are the packages of the indexes, each version once.
func rpmsOf(t *testing.T, indexes []machineIndex) (packages []rpmRecord) {
	t.Helper()
	seen := map[string]bool{}
	for _, ix := range indexes {
		for _, key := range ix.order {
			p := newRPMRecord(t, ix.stanzas[key])
			if !seen[p.key()] {
				seen[p.key()] = true
				packages = append(packages, p)
			}
		}
	}
	return packages
}
