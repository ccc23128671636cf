package progress

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNilTrackerAndStageDoNothing(t *testing.T) {
	var tracker *Tracker
	stage := tracker.Stage("debian", "packages", 1, 1)
	stage.Add(1)
	stage.FileDone()
	stage.Failed()
	stage.Finish()
	if got := stage.Snapshot(); got != (State{}) {
		t.Errorf("snapshot of no stage: %+v", got)
	}
	if got := tracker.Snapshot(); got != nil {
		t.Errorf("snapshot of no tracker: %+v", got)
	}
	Lines(io.Discard, tracker)()
	JSON(io.Discard, tracker)()
	above, stop := Bars(io.Discard, tracker)
	stop()
	if _, err := above.Write([]byte("log")); err != nil {
		t.Error(err)
	}
}

func TestStageCountsFromManyGoroutines(t *testing.T) {
	var tracker Tracker
	stage := tracker.Stage("debian", "packages", 1000, 3000)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 100 {
				stage.Add(5)
				stage.Add(-2)
				stage.FileDone()
			}
		})
	}
	wg.Wait()
	stage.Failed()
	stage.Finish()
	got := tracker.Snapshot()[0]
	got.Elapsed = 0
	want := State{Source: "debian", Stage: "packages", Files: 1000, Bytes: 3000, DoneFiles: 1000, FailedFiles: 1, DoneBytes: 3000, Finished: true}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// work is a run of two stages: one that takes 12 s, and one that is broken off.
func work(tracker *Tracker) {
	time.Sleep(50 * time.Millisecond) // so that nothing happens just when a renderer looks
	packages := tracker.Stage("debian", "packages", 3, 12_000_000)
	for i := range 12 {
		time.Sleep(time.Second)
		packages.Add(1_000_000)
		if i%4 == 3 && i < 11 {
			packages.FileDone()
		}
	}
	packages.Failed()
	packages.Finish()
	time.Sleep(time.Second)
	tracker.Stage("debian", "indexes", 1, 0).Add(500)
	time.Sleep(time.Second)
}

func TestLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tracker Tracker
		var out bytes.Buffer
		stop := Lines(&out, &tracker)
		work(&tracker)
		stop()
		stop()
		want := `debian packages: 3 files, 12 MB
debian packages: 1 of 3 files, 5.0 MB of 12 MB, 971 kB/s, 7s left
debian packages: 2 of 3 files, 10 MB of 12 MB, 1.0 MB/s, 2s left
debian packages: done, 2 of 3 files, 12 MB, 1 failed in 12s, 1.0 MB/s
debian indexes: 1 file
debian indexes: stopped, 0 of 1 files, 500 B in 1s
`
		if d := cmp.Diff(want, out.String()); d != "" {
			t.Error(d)
		}
	})
}

func TestJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tracker Tracker
		var out bytes.Buffer
		stop := JSON(&out, &tracker)
		work(&tracker)
		stop()
		var events []Event
		for d := json.NewDecoder(&out); d.More(); {
			var e Event
			if err := d.Decode(&e); err != nil {
				t.Fatal(err)
			}
			events = append(events, e)
		}
		if len(events) < 14 || len(events) > 16 {
			t.Errorf("%d events of 13 s of work, expected about one a second", len(events))
		}
		first := Event{Event: "stage", Source: "debian", Stage: "packages", Files: 3, Bytes: 12_000_000, Seconds: 0.15}
		if d := cmp.Diff(first, events[0]); d != "" {
			t.Error(d)
		}
		last := Event{Event: "stage", Source: "debian", Stage: "indexes", Files: 1, DoneBytes: 500, Seconds: 1}
		if d := cmp.Diff(last, events[len(events)-1]); d != "" {
			t.Error(d)
		}
		finished := 0
		for _, e := range events {
			if e.Finished {
				finished++
				if e.DoneFiles != 2 || e.FailedFiles != 1 || e.DoneBytes != 12_000_000 || e.Seconds != 12 {
					t.Errorf("end of the stage: %+v", e)
				}
			}
		}
		if finished != 1 {
			t.Errorf("%d events say that a stage is finished, expected 1", finished)
		}
	})
}

func TestBars(t *testing.T) {
	var tracker Tracker
	var out bytes.Buffer
	above, stop := Bars(&out, &tracker)
	stage := tracker.Stage("debian", "packages", 2, 2000)
	stage.Add(2000)
	stage.FileDone()
	stage.FileDone()
	stage.Finish()
	tracker.Stage("app", "packages", 0, 0)
	io.WriteString(above, "a warning\n")
	stop()
	io.WriteString(above, "a late warning\n")
	for _, want := range []string{"debian packages", "done, 2 files, 2.0 kB", "app packages", "stopped, 0 files", "a warning\n", "a late warning\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in what was drawn:\n%s", want, out.String())
		}
	}
}

func TestSpeedForgetsWhatIsLongAgo(t *testing.T) {
	var s speed
	if _, ok := s.left(); ok {
		t.Error("nothing seen, yet an estimate")
	}
	for i := range 61 {
		// 10 bytes a second for 30 s, then 100.
		done := min(i, 30)*10 + max(i-30, 0)*100
		s.observe(State{Bytes: 10_000, DoneBytes: int64(done), DoneFiles: i, Elapsed: time.Duration(i) * time.Second})
	}
	if bytes, files := s.rates(); bytes != 100 || files != 1 {
		t.Errorf("%v bytes and %v files a second, expected 100 and 1", bytes, files)
	}
	if left, ok := s.left(); !ok || left != 67*time.Second {
		t.Errorf("%v left, expected 67s for 6700 bytes", left)
	}
	if len(s.seen) > 12 {
		t.Errorf("%d states kept for a window of ten", len(s.seen))
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 9949: "9.9 kB", 9960: "10 kB", 999_499: "999 kB", 999_500: "1.0 MB",
		12_345_678: "12 MB", 1_500_000_000: "1.5 GB", 1 << 62: "4.6 EB", -5: "-5 B",
	} {
		if got := size(bytes); got != want {
			t.Errorf("size(%d) = %q, expected %q", bytes, got, want)
		}
	}
}
