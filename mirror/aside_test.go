package mirror_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// What all packages of a source need is mirrored, and that source is not: also its own
// packages that satisfy relations, and those that the mirror's source has as well.
func TestNeedsOfASourceThatIsElsewhere(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		base := newUpstream(t, f, "a\n Depends: b\nb\n Depends: c\nc\nd\ne\nshared 1.0\n Depends: d\n")
		top := newUpstream(t, f, "top\n Depends: a, own, shared\nown\nshared 2.0\nlonely\n")
		aside := top.source(t, "top")
		aside.Aside = true
		empty := newUpstream(t, f, "").source(t, "empty")
		empty.Aside = true
		j := newJob(t, base.source(t, "base"), aside, empty)
		j.Mirror.Packages = []solver.Seed{{Pattern: "*", Source: "top", Label: "packages of top"}, {Pattern: "*", Source: "empty", Label: "packages of empty"}, {Pattern: "e", Label: "e"}}
		j.Mirror.Recommends = true
		j.Mirror.Sign = newSigning(t)
		r := run(t, j)
		if d := cmp.Diff([]string{"a", "b", "c", "e"}, held(t, j)); d != "" {
			t.Errorf("held (-want +got):\n%s", d)
		}
		if len(r.Repositories) != 1 || r.Packages != 4 || r.Incomplete != 0 {
			t.Errorf("%+v", r)
		}
		if r := run(t, j); r.Changed {
			t.Error("nothing has changed, and it was published again")
		}
		p, err := mirror.Plan(t.Context(), j)
		if err != nil || len(p.Picked) != 4 || p.Add+p.Remove != 0 {
			t.Errorf("%v: the plan is %+v", err, p)
		}
		top.change("lonely", "2.0") // which needs nothing
		if r := run(t, j); r.Changed {
			t.Error("what the mirror holds has not changed, and it was published again")
		}
		lock := p.Lock()
		j.Locked = &lock
		if r := run(t, j); r.Packages != 4 || r.Incomplete != 0 {
			t.Errorf("what is locked is what is there: %+v", r)
		}
	})
}
