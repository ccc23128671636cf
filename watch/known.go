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
	// Spent are the bytes of the looks since SpentSince, for the daily budget.
	Spent      int64     `json:"spent,omitempty"`
	SpentSince time.Time `json:"spent_since,omitzero"`
}

// KnownRoot is what is known of one repository at an endpoint.
type KnownRoot struct {
	Name   string      `json:"name"`
	Digest repo.Digest `json:"digest,omitzero"`
	// Since is when the endpoint showed it first, Seen when last.
	Since time.Time `json:"since"`
	Seen  time.Time `json:"seen,omitzero"`
	// Before is the root that it showed before, for flapping and going back.
	Before repo.Digest `json:"before,omitzero"`
	// Changes are the moments of the last few changes of the root, newest last, and Shown
	// the roots that it showed from each of them on.
	Changes []time.Time `json:"changes,omitempty"`
	Shown   []Shown     `json:"shown,omitempty"`
	// Date, Signed and Forged are those of [RootSeen], Headers those that came with the
	// root last.
	Date    time.Time         `json:"date,omitzero"`
	Signed  bool              `json:"signed,omitempty"`
	Forged  string            `json:"forged,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// Failures counts looks in a row that did not get the root although the endpoint
	// answered, Fault and Detail are the last one's.
	// Faulty is when the first of them was.
	Failures int       `json:"failures,omitempty"`
	Faulty   time.Time `json:"faulty,omitzero"`
	Fault    Fault     `json:"fault,omitempty"`
	Detail   string    `json:"detail,omitempty"`
	// Checks are the last ones on each level, of the root that is shown now.
	Checks []Check `json:"checks,omitempty"`
	// Held is the last generation that the endpoint held completely, as far as was
	// checked: a delta to it proves the next one.
	Held repo.Digest `json:"held,omitzero"`
	// Doubts are files that were wrong under a root that was shown before, and that are
	// to be looked at again. Doubtful is set where more were wrong than are listed: only
	// a sweep clears that.
	Doubts   []FileSeen `json:"doubts,omitempty"`
	Doubtful bool       `json:"doubtful,omitempty"`
	// Sampled and Swept are when the last sample and the last sweep were complete, Sweep is
	// how far the present one has come, whatever roots were shown meanwhile.
	Sampled time.Time `json:"sampled,omitzero"`
	Swept   time.Time `json:"swept,omitzero"`
	Sweep   Sweep     `json:"sweep,omitzero"`
}

// Shown is a root that was shown once, with Date, Signed and Forged as in [RootSeen].
type Shown struct {
	Root   repo.Digest `json:"root"`
	Date   time.Time   `json:"date,omitzero"`
	Signed bool        `json:"signed,omitempty"`
	Forged string      `json:"forged,omitempty"`
}

// Sweep is a sweep that is under way: all files up to the path After were looked at since
// Began. The zero Sweep is none.
type Sweep struct {
	Began   time.Time `json:"began,omitzero"`
	After   string    `json:"after,omitempty"`
	Checked int       `json:"checked,omitempty"`
}

// KnownStamp is the timestamp that a directory showed last.
type KnownStamp struct {
	Directory string    `json:"directory"`
	Stamp     time.Time `json:"stamp,omitzero"` // zero where there was none ever
	At        time.Time `json:"at"`             // of the last look that saw it
	Fault     Fault     `json:"fault,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Changed   int       `json:"changed,omitempty"` // how often it changed, for slow starts
	// Back is when the directory last showed an older timestamp than before.
	Back  time.Time `json:"back,omitzero"`
	Begin int64     `json:"begin,omitempty"`
	End   int64     `json:"end,omitempty"`
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

// Ledger is the history of one repository at its source. It keeps every generation ever
// seen, be its manifest still there or not: what it lacks is foreign.
type Ledger struct {
	Name        string
	Generations []Generation
}
