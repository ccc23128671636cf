package history

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// What is packed comes out again, and what is no pack is refused.
func TestPack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.UnixMilli(0).UTC().Add(day * time.Duration(rapid.IntRange(0, 50_000).Draw(t, "day")))
		var all []lasting
		for _, verdict := range rapid.SliceOfDistinct(rapid.Int64Range(1, 1<<31), rapid.ID[int64]).Draw(t, "verdicts") {
			for _, state := range rapid.SliceOfDistinct(rapid.SampledFrom([]watch.State{watch.InSync, watch.Behind, "", "A_STATE"}), rapid.ID[watch.State]).Draw(t, "states") {
				from := rapid.Int64Range(0, day.Milliseconds()).Draw(t, "from")
				span := rapid.Int64Range(0, day.Milliseconds()-from).Draw(t, "span")
				began := d.Add(time.Duration(from) * time.Millisecond)
				all = append(all, lasting{verdict, state, timespan{began, began.Add(time.Duration(span) * time.Millisecond)}})
			}
		}
		body := pack(slices.Clone(all), d)
		slices.SortStableFunc(all, func(a, b lasting) int { return cmp.Compare(a.verdict, b.verdict) })
		var got []lasting
		if err := unpack(body, func(verdict int64, state watch.State, from, span time.Duration) {
			got = append(got, lasting{verdict, state, timespan{d.Add(from), d.Add(from + span)}})
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, all) {
			t.Fatalf("%v became %v", all, got)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	d := time.UnixMilli(0)
	f.Add(pack([]lasting{{1, watch.InSync, timespan{d, d.Add(time.Hour)}}, {7, watch.Behind, timespan{d.Add(time.Minute), d.Add(day)}}}, d))
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(_ *testing.T, body []byte) {
		_ = unpack(body, func(int64, watch.State, time.Duration, time.Duration) {})
	})
}
