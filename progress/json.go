package progress

import (
	"encoding/json"
	"io"
	"time"
)

// Event is one line of [JSON].
type Event struct {
	Event       string  `json:"event"` // always "stage"
	Source      string  `json:"source"`
	Stage       string  `json:"stage"`
	Files       int     `json:"files"` // to be done; 0 where that is not known
	Bytes       int64   `json:"bytes"`
	DoneFiles   int     `json:"done_files"`
	DoneBytes   int64   `json:"done_bytes"`
	FailedFiles int     `json:"failed_files"`
	Seconds     float64 `json:"seconds"` // since the stage began
	Finished    bool    `json:"finished"`
}

const eventEvery = time.Second

// JSON writes an [Event] a line: when a stage begins, every second while it runs,
// and when it ends. The returned function writes what is left and ends.
func JSON(w io.Writer, t *Tracker) (stop func()) {
	var stages []*reported
	encoder := json.NewEncoder(w)
	write := func(s State) {
		// A reader that went away is no reason to stop the work.
		_ = encoder.Encode(Event{
			Event: "stage", Source: s.Source, Stage: s.Stage, Files: s.Files, Bytes: s.Bytes,
			DoneFiles: s.DoneFiles, DoneBytes: s.DoneBytes, FailedFiles: s.FailedFiles,
			Seconds: s.Elapsed.Round(time.Millisecond).Seconds(), Finished: s.Finished,
		})
	}
	return follow(t, lookEvery, func(states []State, last bool) {
		for i, now := range states {
			if i == len(stages) {
				stages = append(stages, &reported{})
				if !now.Finished && !last {
					write(now)
				}
			}
			if stages[i].step(now, last, eventEvery) != nothing {
				write(now)
			}
		}
	})
}
