package watch

import (
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Generation is one state of a repository as its source published it.
type Generation struct {
	// Root is the digest of the root file, Main its path below that of the repository, ""
	// if unknown, and Size its size in bytes, 0 if unknown.
	Root repo.Digest `json:"root"`
	Main string      `json:"main,omitempty"`
	Size int64       `json:"size,omitempty"`
	// Published is when the source showed it first.
	Published time.Time `json:"published"`
	// Date and ValidUntil are what the root says; zero if unsaid.
	Date       time.Time `json:"date,omitzero"`
	ValidUntil time.Time `json:"valid_until,omitzero"`
	// Files and Bytes count the manifest; Complete says that the source held all of it
	// when it was checked.
	Files    int   `json:"files"`
	Bytes    int64 `json:"bytes"`
	Complete bool  `json:"complete"`
	// Expired generations are not advertised any more, by an administrator's word.
	Expired bool `json:"expired,omitempty"`
	// Pruned is set where the manifest is not kept any more: sites that show the
	// generation cannot be checked.
	Pruned bool `json:"pruned,omitempty"`
}

// Level is how deep a check goes (each includes no other).
type Level string

// The levels: the root, the files it names, what changed between generations, a random
// sample, everything, and random ranges of bytes.
const (
	LevelRoot    Level = "root"
	LevelIndexes Level = "indexes"
	LevelDelta   Level = "delta"
	LevelRemoved Level = "removed" // files of an older generation that the newest one lacks
	LevelSample  Level = "sample"
	LevelSweep   Level = "sweep"
	LevelBytes   Level = "bytes"
	LevelAgain   Level = "again" // files that were wrong when they were looked at last
	LevelStamp   Level = "stamp" // timestamps in directories
)

// Fault is what is wrong with a file, or with an answer.
type Fault string

// The faults. Unreachable ones say nothing of what the site holds.
const (
	FaultNone        Fault = ""
	FaultMissing     Fault = "missing" // 404, 410, or a page of HTML in the place of a file
	FaultSize        Fault = "wrong-size"
	FaultDigest      Fault = "wrong-digest" // or other bytes in a range
	FaultForbidden   Fault = "forbidden"    // 401, 403
	FaultUnreachable Fault = "unreachable"  // no connection, time-out, cut, TLS failure, 5xx, 429
	FaultRedirect    Fault = "redirect"     // from https to http, to a private address, too many
	FaultEndless     Fault = "too-long"     // more bytes than there can be, or too slow for them
)

// Says reports whether the fault tells what the site holds: one that does not is no
// proof against it.
func (f Fault) Says() bool { return f != FaultNone && f != FaultUnreachable && f != FaultEndless }

// FileSeen is a file that was looked at and is not as it ought to be.
type FileSeen struct {
	Path     string    `json:"path"`
	Fault    Fault     `json:"fault"`
	Expected string    `json:"expected,omitempty"` // size or digest
	Seen     string    `json:"seen,omitempty"`
	At       time.Time `json:"at"`
	// Matches is the generation whose content it has instead, zero for none known.
	Matches repo.Digest `json:"matches,omitzero"`
	Detail  string      `json:"detail,omitempty"` // status line, headers, the error
	// Part is what the file belongs to, zero where that is not known.
	Part Part `json:"part,omitzero"`
	// Since is when it was seen wrong first, Looks how many looks in a row found it so:
	// [Learn] sets them.
	Since time.Time `json:"since,omitzero"`
	Looks int       `json:"looks,omitempty"`
}

// Part is a component and an architecture of a repository, each "" where the format has
// none or the file belongs to all.
type Part struct {
	Component    string `json:"component,omitempty"`
	Architecture string `json:"architecture,omitempty"`
}

// PartSeen counts the files of a part that were looked at, and those that are absent.
type PartSeen struct {
	Part
	Checked int `json:"checked"`
	Missing int `json:"missing"`
}

// Check is the outcome of looking at files on one level, see [Task].
type Check struct {
	Level Level `json:"level"`
	// Root is the generation whose files were looked at.
	Root repo.Digest `json:"root"`
	// Against is the generation that a delta is the difference to.
	Against repo.Digest `json:"against,omitzero"`
	At      time.Time   `json:"at"`
	// Checked is how many files were looked at, from Skip on, wrong ones and those that
	// got no answer among them.
	Checked int    `json:"checked"`
	Skip    int    `json:"skip,omitempty"`
	Seed    uint64 `json:"seed,omitempty"`
	// Of is how many there would have been; a sample or a budget makes Checked less.
	Of int `json:"of"`
	// After is that of a sweep's task, Last the last path that it came to where it did not
	// come to the end, "" where it did.
	After string `json:"after,omitempty"`
	Last  string `json:"last,omitempty"`
	// Began is when the first part of a check began that a budget divided: [Learn] sets it.
	Began time.Time `json:"began,omitzero"`
	// Bad are the first files that are wrong or got no answer, the wrong ones first,
	// BadCount counts all of them, and Unanswered those that got no answer among them.
	Bad        []FileSeen `json:"bad,omitempty"`
	BadCount   int        `json:"bad_count"`
	Unanswered int        `json:"unanswered,omitempty"`
	// Right are those of a task's Paths that are as they ought to be now, or that the
	// generation does not name any more.
	Right []string `json:"right,omitempty"`
	// Parts count by part, where files can be told apart by it.
	Parts []PartSeen `json:"parts,omitempty"`
	// Detail says why the look ended before all was checked, "" if it did not.
	Detail string `json:"detail,omitempty"`
}

// RootSeen is what an endpoint serves as the root of one repository. One that has neither
// a digest nor a fault, and is not NotModified, carries checks only.
type RootSeen struct {
	Name   string      `json:"name"` // as in [Root]
	Digest repo.Digest `json:"digest,omitzero"`
	// At is when the root was read, zero for some time within the look.
	At time.Time `json:"at,omitzero"`
	// Date is when the root says that it was made, Signed whether a key of the source
	// signed it: of roots that the source is not known to have published, else unset.
	// Forged says in words why it is certain that none did, "" where one did, where the
	// source has no keys, or where a root and its signature may be of two generations.
	Date   time.Time `json:"date,omitzero"`
	Signed bool      `json:"signed,omitempty"`
	Forged string    `json:"forged,omitempty"`
	// Moved is set where checks found something wrong, and the root was another one when
	// it was read once more behind them: the site changed meanwhile, and they prove
	// nothing.
	Moved bool `json:"moved,omitempty"`
	// NotModified is set where the endpoint said that it is what it was.
	NotModified bool  `json:"not_modified,omitempty"`
	Fault       Fault `json:"fault,omitempty"`
	// Detail is the error in words, or the status line.
	Detail string `json:"detail,omitempty"`
	// Headers that tell of caches and of the file's age.
	Headers map[string]string `json:"headers,omitempty"`
	Checks  []Check           `json:"checks,omitempty"`
}

// StampSeen is the timestamp of one directory.
type StampSeen struct {
	Directory string    `json:"directory"`
	Stamp     time.Time `json:"stamp,omitzero"`
	Fault     Fault     `json:"fault,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	// Begin and End are the sequence numbers planted before and behind all else, 0 where
	// there are none: Begin is greater while a site copies. Begin is read before End.
	Begin int64 `json:"begin,omitempty"`
	End   int64 `json:"end,omitempty"`
}

// Observation is one look at one endpoint of a site for one watched repository.
type Observation struct {
	Site       string        `json:"site"`
	Repository string        `json:"repository"`
	Endpoint   Endpoint      `json:"endpoint"`
	Vantage    string        `json:"vantage,omitempty"`
	At         time.Time     `json:"at"` // when the look began, by the watcher's clock
	Took       time.Duration `json:"took"`
	// FirstByte is the latency of the root, from the request to its first byte.
	FirstByte time.Duration `json:"first_byte,omitempty"`
	Requests  int           `json:"requests"`
	Bytes     int64         `json:"bytes"`
	Roots     []RootSeen    `json:"roots,omitempty"`
	Stamps    []StampSeen   `json:"stamps,omitempty"`
	// Redirects are the hosts that answers were redirected to.
	Redirects []string `json:"redirects,omitempty"`
	// NotAfter is when the certificate expires, zero without TLS.
	NotAfter time.Time `json:"not_after,omitzero"`
	// Skew is the site's clock less the watcher's, as its Date header tells.
	Skew time.Duration `json:"skew,omitempty"`
	// NotBefore is until when the site asked to be left alone (Retry-After), zero if it
	// did not.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Fault is set where the endpoint as a whole did not answer (name, connection, TLS).
	Fault  Fault  `json:"fault,omitempty"`
	Detail string `json:"detail,omitempty"`
}
