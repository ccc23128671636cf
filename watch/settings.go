package watch

import (
	"cmp"
	"time"
)

// Settings are the thresholds of judging.
type Settings struct {
	// Failures is how many looks in a row must fail before a site is UNREACHABLE, and how
	// many must get no answer for a file before that counts as wrong. Default 3.
	Failures int
	// Grace is how long after a publication a site may still show the generation before
	// and count as in sync. Default 0: exact.
	Grace time.Duration
	// AheadGrace is how long an unknown root is AHEAD before it is FOREIGN: the source is
	// read again meanwhile. Default 10 minutes.
	AheadGrace time.Duration
	// FlapWindow is how long a root or a timestamp that went back counts against a site.
	// Default 1 hour.
	FlapWindow time.Duration
	// Tolerance for clocks. Default 5 minutes.
	Tolerance time.Duration
	// BlindShare is the share of all sites that fail at once from which the watcher is
	// blind itself. Default 0.7.
	BlindShare float64
}

// filled returns the settings with the defaults in the place of what is zero.
func (s Settings) filled() Settings {
	s.Failures = cmp.Or(max(0, s.Failures), 3)
	s.AheadGrace = cmp.Or(s.AheadGrace, 10*time.Minute)
	s.FlapWindow = cmp.Or(s.FlapWindow, time.Hour)
	s.Tolerance = cmp.Or(s.Tolerance, 5*time.Minute)
	s.BlindShare = cmp.Or(s.BlindShare, 0.7)
	return s
}
