package progress

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	lookEvery = 200 * time.Millisecond
	lineEvery = 5 * time.Second
)

// Lines writes lines of text: one when a stage begins, one when it ends, and one
// every five seconds between. The returned function writes what is left and ends.
func Lines(w io.Writer, t *Tracker) (stop func()) {
	var stages []*reported
	return follow(t, lookEvery, func(states []State, last bool) {
		for i, now := range states {
			if i == len(stages) {
				stages = append(stages, &reported{})
				fmt.Fprintln(w, beginLine(now))
			}
			switch stages[i].step(now, last, lineEvery) {
			case running:
				fmt.Fprintln(w, now.title()+": "+runningText(now, &stages[i].speed))
			case ended:
				fmt.Fprintln(w, now.title()+": "+endText(now))
			}
		}
	})
}

// reported is what a renderer has shown of one stage.
type reported struct {
	speed speed
	at    time.Duration // elapsed time at the last report
	over  bool
}

// due says what a renderer has to report.
type due int

const (
	nothing due = iota
	running
	ended
)

// step takes up a new state and says what to report: the end once, and the way
// there every so often. After the last look a stage that runs on is over as well.
func (r *reported) step(now State, last bool, every time.Duration) due {
	if r.over {
		return nothing
	}
	r.speed.observe(now)
	switch {
	case now.Finished || last:
		r.over = true
		return ended
	case now.Elapsed-r.at >= every:
		r.at = now.Elapsed
		return running
	}
	return nothing
}

func beginLine(s State) string {
	parts := []string{}
	if s.Files == 1 {
		parts = append(parts, "1 file")
	} else if s.Files > 1 {
		parts = append(parts, fmt.Sprintf("%d files", s.Files))
	}
	if s.Bytes > 0 {
		parts = append(parts, size(s.Bytes))
	}
	if len(parts) == 0 {
		return s.title()
	}
	return s.title() + ": " + strings.Join(parts, ", ")
}

func runningText(s State, v *speed) string {
	parts := s.counts()
	if bytes, _ := v.rates(); bytes >= 1 {
		parts = append(parts, size(int64(bytes))+"/s")
	}
	if left, ok := v.left(); ok {
		parts = append(parts, left.Round(time.Second).String()+" left")
	}
	return strings.Join(parts, ", ")
}

func endText(s State) string {
	word := "done"
	if !s.Finished {
		word = "stopped"
	}
	text := word + ", " + strings.Join(s.counts(), ", ") + " in " + duration(s.Elapsed)
	if v := float64(s.DoneBytes) / s.Elapsed.Seconds(); s.Elapsed > time.Second && v >= 1 {
		text += ", " + size(int64(v)) + "/s"
	}
	return text
}

// counts are the parts of a line that say how much is done.
func (s State) counts() []string {
	parts := []string{s.filesText()}
	if s.DoneBytes > 0 || s.Bytes > 0 {
		parts = append(parts, s.bytesText())
	}
	if s.FailedFiles > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", s.FailedFiles))
	}
	return parts
}
