package progress

import (
	"errors"
	"io"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Bars draws a bar for every stage on the terminal w. What is written to above,
// such as a log, appears over the bars and leaves them whole. The returned stop
// draws the last state and ends; above then writes straight to w.
func Bars(w io.Writer, t *Tracker) (above io.Writer, stop func()) {
	if t == nil {
		return w, func() {}
	}
	drawing := mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh(), mpb.WithRefreshRate(lookEvery), mpb.PopCompletedMode())
	var stages []*bar
	end := follow(t, lookEvery, func(states []State, last bool) {
		for i, now := range states {
			if i == len(stages) {
				stages = append(stages, newBar(drawing, now))
			}
			stages[i].show(now, last)
		}
	})
	return overBars{drawing, w}, func() {
		end()
		drawing.Wait()
	}
}

// overBars writes above the bars while they are drawn.
type overBars struct {
	drawing *mpb.Progress
	w       io.Writer
}

func (o overBars) Write(p []byte) (int, error) {
	n, err := o.drawing.Write(p)
	if errors.Is(err, mpb.ErrDone) {
		return o.w.Write(p)
	}
	return n, err
}

// bar is the bar of one stage.
type bar struct {
	reported
	drawn *mpb.Bar
	text  atomic.Pointer[string] // to the right of the bar
}

const barWidth = 24 // columns

func newBar(drawing *mpb.Progress, s State) *bar {
	b := &bar{}
	b.text.Store(new(string))
	b.drawn = drawing.New(0, mpb.BarStyle(),
		mpb.BarWidth(barWidth),
		mpb.PrependDecorators(decor.Name(s.title(), decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *b.text.Load() })),
	)
	return b
}

func (b *bar) show(now State, last bool) {
	switch b.step(now, last, 0) {
	case running:
		text := runningText(now, &b.speed)
		b.text.Store(&text)
		done, total := length(now)
		b.drawn.SetTotal(total, false)
		b.drawn.SetCurrent(min(done, total))
	case ended:
		text := endText(now)
		b.text.Store(&text)
		done, total := length(now)
		if now.Finished {
			b.drawn.SetTotal(total, true)
			return
		}
		b.drawn.SetTotal(total, false)
		b.drawn.SetCurrent(min(done, total))
		b.drawn.Abort(false)
	}
}

// length measures a stage: in bytes where their total is known, else in files.
func length(s State) (done, total int64) {
	if s.Bytes > 0 {
		return max(s.DoneBytes, 0), s.Bytes
	}
	return int64(s.DoneFiles + s.FailedFiles), int64(max(s.Files, 1))
}
