package incoming

import (
	"context"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Timing says when a door looks.
type Timing struct {
	// Settle is the time between two looks between which a file must not change.
	Settle time.Duration
	// Period is the longest time between two looks. Where the file system tells of
	// changes, a look follows each of them.
	Period time.Duration
}

// Once looks twice, so that what is there and stays as it is, is handled.
func (d *Door) Once(ctx context.Context, t Timing) ([]Outcome, error) {
	if _, err := d.Look(ctx); err != nil {
		return nil, err
	}
	if err := wait(ctx, t.Settle, nil); err != nil {
		return nil, err
	}
	return d.Look(ctx)
}

// Watch looks again and again until the context ends, and tells what became of uploads,
// of those that wait when nothing moves and there is something new to say; and of
// errors, after which it goes on.
func (d *Door) Watch(ctx context.Context, t Timing, tell func([]Outcome, error)) {
	events, stop := d.changes()
	defer stop()
	told := map[string]string{}
	for ctx.Err() == nil {
		outcomes, err := d.Look(ctx)
		if ctx.Err() != nil {
			err = nil // that is no news
		}
		if fresh := news(outcomes, told, d.restless); len(fresh) > 0 || err != nil {
			tell(fresh, err)
		}
		if d.restless {
			_ = wait(ctx, t.Settle, nil)
		} else {
			_ = wait(ctx, t.Period, events)
		}
	}
}

// news are the outcomes to tell of. For each upload that waits, told is why, as far as
// it was told already; while files move, more is known in a moment.
func news(outcomes []Outcome, told map[string]string, restless bool) (fresh []Outcome) {
	for _, o := range outcomes {
		why := strings.Join(o.Reasons, ";")
		switch {
		case o.State != Waiting:
			delete(told, o.Name)
		case restless || told[o.Name] == why:
			continue
		default:
			told[o.Name] = why
		}
		fresh = append(fresh, o)
	}
	return fresh
}

// changes tells of changes in the directory, where the system can.
func (d *Door) changes() (events chan struct{}, stop func()) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, func() {}
	}
	if err := watcher.Add(d.Dir); err != nil {
		watcher.Close()
		return nil, func() {}
	}
	events = make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for open := true; open; {
			select {
			case _, open = <-watcher.Events:
			case _, open = <-watcher.Errors: // some were lost, perhaps
			}
			select {
			case events <- struct{}{}:
			default: // one look is enough for several
			}
		}
	}()
	return events, func() {
		watcher.Close()
		<-done
	}
}

// wait waits for some time, for an event, or for the end of the context.
func wait(ctx context.Context, most time.Duration, events <-chan struct{}) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-events:
	case <-ctx.Done():
	}
	return ctx.Err()
}
