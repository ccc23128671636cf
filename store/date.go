package store

import (
	"context"
	"time"
)

// maxAhead is how far ahead of the clock the last generation's date may be to be
// waited for. Beyond it the clock was wrong once, and is right again.
const maxAhead = time.Minute

// NextDate is the date of the generation that follows the record's: now, in whole
// seconds, and later than every date published before. Clients take no notice of a root
// that is not newer than theirs, and refuse one from the future. So of two generations
// in one second, the second waits for the next. Where the published one is of a future
// that is too far to be waited for, ahead is set, and the date is not later.
func (r *Record) NextDate(ctx context.Context, now time.Time) (date time.Time, ahead bool, err error) {
	date = now.UTC().Truncate(time.Second)
	last := r.made()
	if last.Before(date) {
		return date, false, nil
	}
	if last.Sub(now) > maxAhead {
		return date, true, nil
	}
	date = last.Add(time.Second)
	select {
	case <-time.After(date.Sub(now)):
		return date, false, nil
	case <-ctx.Done():
		return date, false, ctx.Err()
	}
}

// AheadWarning tells people that the record's generation is of the future.
func (r *Record) AheadWarning() string {
	return "the published generation is of " + r.made().Format(time.RFC1123) + ", which is in the future: clients that have it will take no notice of this one until then"
}

// made is the newest date of the record's roots, zero for none.
func (r *Record) made() (last time.Time) {
	if r == nil {
		return last
	}
	for _, p := range r.Repositories {
		if p.Made.After(last) {
			last = p.Made
		}
	}
	return last
}
