package e2e_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
)

// kind is a well-known kind of requirement: packages of two repositories, of which A
// has what is asked for.
type kind struct {
	name string
	a, b string // packages, in the form of repotest.ParsePackages
	// files are further files of packages, one each.
	files map[string]string
	// seeds or groups are what is asked for, one by one.
	seeds, groups string
	// wants are the packages that the client installs for it, and so those that a
	// mirror has for it; weak those with what is recommended, where these are more, and
	// upstream what the client installs from the whole repositories, where that is more
	// than it needs.
	wants, weak, upstream string
}

// wishes are what is asked for, as the client takes it.
func (k kind) wishes() []string {
	wishes := strings.Fields(k.seeds)
	for _, g := range strings.Fields(k.groups) {
		wishes = append(wishes, "@"+g)
	}
	return wishes
}

// wantKinds wants of the answers of a client to all wishes that they are, for each
// kind, the packages that wanted says.
func wantKinds(t *testing.T, where string, kinds []kind, answers map[string]answer, wanted func(kind) string) {
	t.Helper()
	for _, k := range kinds {
		got := map[string]bool{}
		for _, wish := range k.wishes() {
			a, ok := answers[wish]
			if a.Error != "" || !ok {
				t.Errorf("%s: %s: %s cannot be installed: %s", where, k.name, wish, a.Error)
			}
			for _, p := range a.Packages {
				got[p] = true
			}
		}
		if g := strings.Join(slices.Sorted(maps.Keys(got)), " "); g != wanted(k) {
			t.Errorf("%s: %s: the client installs\n%s\nexpected\n%s", where, k.name, g, wanted(k))
		}
	}
}

// allWishes are those of all kinds.
func allWishes(kinds []kind) (all []string) {
	for _, k := range kinds {
		all = append(all, k.wishes()...)
	}
	return all
}

func (k kind) wantsHard() string     { return k.wants }
func (k kind) wantsWeak() string     { return cmp.Or(k.weak, k.wants) }
func (k kind) wantsUpstream() string { return cmp.Or(k.upstream, k.wants) }

// held are the packages that a mirror of all kinds holds, sorted.
func held(kinds []kind, wanted func(kind) string) []string {
	all := map[string]bool{}
	for _, k := range kinds {
		for _, p := range strings.Fields(wanted(k)) {
			all[p] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
