package watch

import (
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Known is what is known of one endpoint of a site for one watched repository: the sum
// of its observations.
type Known struct {
	Endpoint Endpoint `json:"endpoint"`
	// Last is when it was looked at, Answered when it answered last.
	Last     time.Time `json:"last"`
	Answered time.Time `json:"answered,omitzero"`
	// Failures counts looks in a row that got no answer, Fault and Detail are the last
	// one's.
	Failures int           `json:"failures,omitempty"`
	Fault    Fault         `json:"fault,omitempty"`
	Detail   string        `json:"detail,omitempty"`
	Roots    []KnownRoot   `json:"roots,omitempty"`
	Stamps   []KnownStamp  `json:"stamps,omitempty"`
	NotAfter time.Time     `json:"not_after,omitzero"`
	Skew     time.Duration `json:"skew,omitempty"`
}

// KnownRoot is what is known of one repository at an endpoint.
type KnownRoot struct {
	Name   string      `json:"name"`
	Digest repo.Digest `json:"digest,omitzero"`
	// Since is when the endpoint showed it first.
	Since time.Time `json:"since"`
	// Before is the root that it showed before, for flapping and going back.
	Before repo.Digest `json:"before,omitzero"`
	// Changes are the moments of the last few changes of the root, newest last.
	Changes []time.Time `json:"changes,omitempty"`
	Fault   Fault       `json:"fault,omitempty"`
	Detail  string      `json:"detail,omitempty"`
	// Checks are the last ones on each level, of the root that is shown now.
	Checks []Check `json:"checks,omitempty"`
}

// KnownStamp is the newest timestamp that a directory showed.
type KnownStamp struct {
	Directory string    `json:"directory"`
	Stamp     time.Time `json:"stamp,omitzero"` // zero where there was none ever
	At        time.Time `json:"at"`             // of the last look that saw it
	Fault     Fault     `json:"fault,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Changed   int       `json:"changed,omitempty"` // how often it changed, for slow starts
	Begin     int64     `json:"begin,omitempty"`
	End       int64     `json:"end,omitempty"`
}

// SourceKnown is what is known of the source of a watched repository.
type SourceKnown struct {
	// Ledgers are the generations of each root, in the order of Repository.Roots, oldest
	// first; the last one is the newest.
	Ledgers []Ledger
	// Broken says in words why the source itself is not to be judged by, "" if it is fine;
	// Reached is when it answered last.
	Broken  string
	Reached time.Time
	// Stamps are the timestamps that the source shows, by directory, and Planted the
	// time of the last one that was planted.
	Stamps  map[string]time.Time
	Planted time.Time
}

// Ledger is the history of one repository at its source.
type Ledger struct {
	Name        string
	Generations []Generation
}

// Settings are the thresholds of judging.
type Settings struct {
	// Failures is how many looks in a row must fail before a site is UNREACHABLE.
	Failures int // default 3
	// Grace is how long after a publication a site may still show the generation before
	// and count as in sync. Default 0: exact.
	Grace time.Duration
	// AheadGrace is how long an unknown root is AHEAD before it is FOREIGN: the source is
	// read again meanwhile. Default 10 minutes.
	AheadGrace time.Duration
	// Flaps is how many times within FlapWindow a root may change back and forth.
	FlapWindow time.Duration
	// Tolerance for clocks. Default 5 minutes.
	Tolerance time.Duration
	// BlindShare is the share of all sites that fail at once from which the watcher is
	// blind itself. Default 0.7.
	BlindShare float64
}
