package plant

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Backoff is how long a target that cannot be reached is left alone: at first Base,
// doubled with each further failure, at most Max, and then half of that at random, so
// that those who failed together do not come back together. Zero values stand for 5 s
// and 5 min.
type Backoff struct{ Base, Max time.Duration }

const (
	defaultBase = 5 * time.Second
	defaultMax  = 5 * time.Minute
)

// delay is the wait after a number of failures in a row.
func (b Backoff) delay(failures int) time.Duration {
	if b.Base <= 0 {
		b.Base = defaultBase
	}
	if b.Max <= 0 {
		b.Max = defaultMax
	}
	wait := b.Base
	for i := 1; i < failures && wait < b.Max; i++ {
		wait *= 2
	}
	wait = min(wait, b.Max)
	return wait - rand.N(wait/2+1)
}

// WaitingError says that a target was not tried, since it failed a short time ago.
type WaitingError struct {
	Until time.Time
	Last  error // how it failed
}

func (e *WaitingError) Error() string {
	return fmt.Sprintf("not tried before %s: %v", e.Until.Format(time.RFC3339), e.Last)
}

func (e *WaitingError) Unwrap() error { return e.Last }
