package watch

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// TestVerdictJSON: a verdict is what it was after it was written and read, with the lag in
// seconds.
func TestVerdictJSON(t *testing.T) {
	for _, v := range []Verdict{
		{Site: "https://a.example.org", State: InSync, Lag: 0, Complete: 1, Since: time.Unix(1, 0).UTC()},
		{State: Behind, Lag: 90 * time.Second, Was: InSync, Frozen: true},
		{State: Unknown, Reason: NotYet, Lag: -1},
	} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var read Verdict
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if d := cmp.Diff(v, read, cmp.Comparer(func(a, b repo.Digest) bool { return a == b })); d != "" {
			t.Errorf("%s:\n%s", text, d)
		}
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		if want := map[time.Duration]float64{0: 0, 90 * time.Second: 90, -1: -1}[v.Lag]; fields["lag_seconds"] != want {
			t.Errorf("lag_seconds of %v is %v, expected %v", v.Lag, fields["lag_seconds"], want)
		}
	}
}
