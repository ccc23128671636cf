package store

import (
	"context"
	"io"
	"os"
	"slices"
	"testing"
	"time"
)

// TestScrub finds what was changed, in as many runs as it takes, each object once.
func TestScrub(t *testing.T) {
	t.Parallel()
	s := open(t)
	publish(t, s, epoch, "dists/s", first)
	bad := s.Objects().Path(objectOf("a1").Digest)
	if err := os.WriteFile(bad, []byte("zz"), 0o644); err != nil {
		t.Fatal(err)
	}
	const objects = 5 // of first
	read, runs := 0, 0
	var found []BadObject
	for finished := false; !finished; runs++ {
		if runs > objects {
			t.Fatal("it does not come to an end")
		}
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		out, err := s.Scrub(ctx, time.Now, func(r io.Reader) io.Reader {
			if n++; n == 3 {
				cancel() // in the middle of the third one, which is read again
			}
			return r
		})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, out.Bad...)
		finished, read = out.After == "", out.Files
	}
	if read != objects || runs != 3 {
		t.Errorf("%d objects were read in %d runs, expected %d in 3", read, runs, objects)
	}
	if len(found) != 1 || !slices.Equal(found[0].Paths, []string{"m/pool/a_1"}) {
		t.Errorf("found %+v", found)
	}
	if s.Objects().Has(objectOf("a1")) {
		t.Error("the bad object is still there")
	}
	out, err := s.Scrub(t.Context(), time.Now, func(r io.Reader) io.Reader { return r })
	if err != nil || out.Files != objects-1 || len(out.Bad) != 0 {
		t.Errorf("the next round: %+v, %v", out, err)
	}
}
