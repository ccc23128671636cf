package fetch

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Backoff is how long a retry waits: a random time up to Base, doubled with each
// retry and at most Max. Max is also the most that a server's Retry-After gets.
// Zero values stand for 500 ms and 30 s.
type Backoff struct{ Base, Max time.Duration }

const (
	defaultBase = 500 * time.Millisecond
	defaultMax  = 30 * time.Second
)

func (b Backoff) withDefaults() Backoff {
	if b.Base <= 0 {
		b.Base = defaultBase
	}
	if b.Max <= 0 {
		b.Max = defaultMax
	}
	return b
}

// delay is the wait before a retry, the first being number 1. All of it is random,
// so that those who failed together do not come back together.
func (b Backoff) delay(retry int) time.Duration {
	most := b.Base
	for i := 1; i < retry && most < b.Max; i++ {
		most *= 2
	}
	return rand.N(min(most, b.Max) + 1)
}

// retryAfter reads a Retry-After header, seconds or a date (RFC 9110 section
// 10.2.3); it is 0 for none and at most Max.
func (b Backoff) retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, b.Max)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), b.Max)
	}
	return 0
}
