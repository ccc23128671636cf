package create_test

import (
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/generations"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// over is the workshop's repository over time, signed or not.
func (w *workshop) over() *generations.Mirror {
	w.t.Helper()
	var keys [][]byte
	if w.job.Sign != nil {
		keys = [][]byte{w.job.Sign.Public["key.asc"]}
	}
	if err := w.job.Store.SetKeys("ours", keys); err != nil {
		w.t.Fatal(err)
	}
	return &generations.Mirror{
		Name: "ours", Store: w.job.Store, Formats: []repo.Format{w.format}, Sign: w.job.Sign, Keep: w.job.Generations, Now: w.job.Now,
	}
}

// A repository that went back to a generation is worked on from there: what is added is
// added to its packages.
func TestRollback(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		for _, signed := range []bool{true, false} {
			w := newWorkshop(t, f)
			w.job.Generations = store.Retention{Generations: 3}
			if !signed {
				w.job.Sign = nil
			}
			w.add("a 1.0\nb 1.0\n")
			w.run()
			before := w.published()
			w.add("a 2.0\nc 1.0\n")
			second := w.run()
			w.tick()
			m := w.over()
			shown, err := m.Rollback(t.Context(), "")
			if err != nil || !shown.Changed {
				t.Fatalf("%+v, %v", shown, err)
			}
			w.holds(before...)
			w.job.Inputs, w.job.Add = nil, true
			if r := w.run(); r.Changed {
				t.Error("nothing was added, and it changed")
			}
			w.add("d 1.0\n")
			w.job.Inputs = []create.Input{{Path: w.in + "/d_1.0_amd64.deb"}}
			if f.Name() == "rpm" {
				w.job.Inputs[0].Path = w.in + "/d-1.0-1.x86_64.rpm"
			}
			w.run()
			w.holds("a 1.0", "b 1.0", "d 1.0")
			w.tick()
			if _, err := m.Rollback(t.Context(), second.Generation); err != nil {
				t.Fatal(err)
			}
			w.holds("a 1.0", "a 2.0", "b 1.0", "c 1.0")
			all, err := m.List()
			if err != nil || len(all) != 3 || all[2].ContentOf != second.Generation {
				t.Errorf("%+v, %v", all, err)
			}
			if age := m.Now().Sub(all[2].Time); age < 0 || age > time.Minute {
				t.Error("the generation that went back is of", all[2].Time)
			}
		}
	})
}
