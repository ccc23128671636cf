package watch

import (
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// State is the verdict in a word.
type State string

// The states. A site is in sync when on every endpoint it serves the newest generation
// and all of its manifest that was checked.
const (
	InSync      State = "IN_SYNC"
	Behind      State = "BEHIND"      // complete, but an older generation
	Ahead       State = "AHEAD"       // a root that the source may be about to show
	HalfSynced  State = "HALF_SYNCED" // metadata without its packages, or mixed
	Incoherent  State = "INCOHERENT"  // endpoints, or successive looks, disagree
	Foreign     State = "FOREIGN"     // a root that the source never published
	Expired     State = "EXPIRED"     // Valid-Until has passed
	Unreachable State = "UNREACHABLE"
	Unknown     State = "UNKNOWN" // the watcher is blind, the source is broken, or nothing was seen yet
)

// Reason says more of a state.
type Reason string

// The reasons of HALF_SYNCED, and of others.
const (
	MetadataAhead  Reason = "META_AHEAD"   // the root is there, files that it added are not
	MetadataBehind Reason = "META_BEHIND"  // an old root, whose files are gone already
	Mixed          Reason = "MIXED"        // an index of another generation under the root
	TreePartial    Reason = "TREE_PARTIAL" // whole parts (architectures, components) are absent
	Corrupt        Reason = "CORRUPT"      // files with wrong bytes
	Backwards      Reason = "BACKWARDS"    // the generation went back
	Disagreement   Reason = "DISAGREEMENT" // endpoints serve different generations
	Copying        Reason = "COPYING"      // between the begin and the end of a copy
	StampStale     Reason = "STAMP_STALE"  // the timestamp is older than allowed
	StampFuture    Reason = "STAMP_FUTURE" // the timestamp is of the future
	Blind          Reason = "BLIND"        // the watcher reaches next to nothing
	SourceBroken   Reason = "SOURCE_BROKEN"
	NotYet         Reason = "NOT_YET" // not looked at enough to tell
)

// Evidence is one fact behind a verdict.
type Evidence struct {
	Endpoint Endpoint  `json:"endpoint"`
	Root     string    `json:"root,omitempty"` // name of the repository
	Level    Level     `json:"level,omitempty"`
	Path     string    `json:"path,omitempty"`
	Fault    Fault     `json:"fault,omitempty"`
	Expected string    `json:"expected,omitempty"`
	Seen     string    `json:"seen,omitempty"`
	At       time.Time `json:"at"`
	// Text says it for people, in one sentence.
	Text string `json:"text"`
}

// EndpointVerdict is the verdict on one endpoint.
type EndpointVerdict struct {
	Endpoint Endpoint    `json:"endpoint"`
	State    State       `json:"state"`
	Reason   Reason      `json:"reason,omitempty"`
	Root     repo.Digest `json:"generation,omitzero"` // of the first repository
	At       time.Time   `json:"at"`                  // of the last look
}

// Verdict is what is known of a site and a watched repository at a moment.
type Verdict struct {
	Site       string `json:"site"`
	Repository string `json:"repository"`
	State      State  `json:"state"`
	Reason     Reason `json:"reason,omitempty"`
	// Since is when the state began, At when it was judged.
	Since time.Time `json:"since"`
	At    time.Time `json:"at"`
	// Lag counts from the moment the site became stale: when the first generation was
	// published that it does not hold completely; 0 in sync, -1 where it cannot be told.
	Lag time.Duration `json:"-"`
	// Generation is the oldest one that all endpoints serve, of the first repository.
	Generation repo.Digest `json:"generation,omitzero"`
	// Complete is the share of the checked files that were right, from 0 to 1; -1 where
	// nothing was checked.
	Complete  float64           `json:"complete"`
	Endpoints []EndpointVerdict `json:"endpoints"`
	Evidence  []Evidence        `json:"evidence"`
	// Stamp is the timestamp that the site is judged by, zero for none.
	Stamp time.Time `json:"stamp,omitzero"`
	// Frozen is set where the state is that of before, as the watcher could not tell.
	Frozen bool `json:"frozen,omitempty"`
}
