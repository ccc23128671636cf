package mirror_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// A seed that clients do not install by its name is mirrored, and reported with the
// command line that does.
func TestRefusedSeedsAreTold(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a 1.0\na 2.0\n Depends: none\n")
		j := newJob(t, u.source(t, "s"))
		partial(t, j, "a")
		j.Mirror.Packages = append(j.Mirror.Packages, solver.Seed{Pattern: "a", Op: repo.Equal, Version: "2.0", Label: "a (= 2.0)"})
		p, err := mirror.Plan(context.Background(), j)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"deb": "apt-get install a=1.0", "rpm": "dnf install a-1.0-1.x86_64"}[f.Name()]
		if len(p.Refused) != 1 || p.Refused[0].Seed != "a" || p.Refused[0].Command != want || p.Refused[0].Reason == "" {
			t.Errorf("refused: %+v, expected the command %s", p.Refused, want)
		}
		r := run(t, j)
		if d := cmp.Diff(p.Refused, r.Refused); d != "" {
			t.Errorf("plan and run differ:\n%s", d)
		}
	})
}

// apt regards no other version of what it is not told of.
func TestStrictMirrorsAcceptNoRefusedSeed(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, deb.Format{}, "a\n Depends: lib (= 1.0)\nlib 1.0\nlib 2.0\n")
	j := newJob(t, u.source(t, "s"))
	partial(t, j, "a", "lib")
	j.Mirror.Strict = true
	_, err := mirror.Run(context.Background(), j)
	if !errors.Is(err, mirror.ErrRefused) || !strings.Contains(err.Error(), "apt-get install a=1.0 lib=1.0") {
		t.Error(err)
	}
	j.Mirror.Strict = false
	if r := run(t, j); len(r.Refused) != 1 || len(r.Unresolved) > 0 || r.Incomplete > 0 {
		t.Errorf("not strict: %+v", r)
	}
}
