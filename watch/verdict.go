package watch

import (
	"encoding/json"
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
	Paused         Reason = "PAUSED"        // an administrator's word
	NotYet         Reason = "NOT_YET"       // not looked at enough to tell
	Incomplete     Reason = "INCOMPLETE"    // files are absent that are not new
	RootMissing    Reason = "ROOT_MISSING"  // the site answers, and has no root
	EndpointDown   Reason = "ENDPOINT_DOWN" // one endpoint answers, another does not
	Flapping       Reason = "FLAPPING"      // successive looks show two generations in turn
	Unrecorded     Reason = "UNRECORDED"    // a root of the source that the watcher did not see there
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
	// Detail is the status line, headers that tell of caches, or the error.
	Detail string `json:"detail,omitempty"`
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
	// Roots are the verdicts on each repository, in the order of Repository.Roots.
	Roots []RootVerdict `json:"roots,omitempty"`
}

// RootVerdict is the verdict on one repository (suite) of a watched one.
type RootVerdict struct {
	Name   string      `json:"name"`
	State  State       `json:"state"`
	Reason Reason      `json:"reason,omitempty"`
	Root   repo.Digest `json:"generation,omitzero"`
	// LagSeconds is the lag as in [Verdict], in seconds; -1 where it cannot be told.
	LagSeconds int64 `json:"lag_seconds"`
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
	Complete float64 `json:"complete"`
	// Roots are the verdicts on each repository, over all endpoints, in the order of
	// Repository.Roots; Root is the oldest generation that all endpoints serve.
	Roots     []RootVerdict     `json:"roots,omitempty"`
	Endpoints []EndpointVerdict `json:"endpoints"`
	Evidence  []Evidence        `json:"evidence"`
	// Stamp is the timestamp that the site is judged by, zero for none.
	Stamp time.Time `json:"stamp,omitzero"`
	// Frozen is set where the state is UNKNOWN as the watcher could not tell: Was is the
	// state before and WasSince when that began. Generation, completeness and endpoints are
	// those of then, and the lag is what it would be now if nothing had changed.
	Frozen   bool      `json:"frozen,omitempty"`
	Was      State     `json:"was,omitempty"`
	WasSince time.Time `json:"was_since,omitzero"`
}

// verdict has the fields of [Verdict] without its methods.
type verdict Verdict

type verdictJSON struct {
	*verdict
	LagSeconds int64 `json:"lag_seconds"`
}

// MarshalJSON adds the lag in whole seconds, "lag_seconds", -1 where it cannot be told.
func (v Verdict) MarshalJSON() ([]byte, error) {
	lag := int64(-1)
	if v.Lag >= 0 {
		lag = int64(v.Lag / time.Second)
	}
	return json.Marshal(verdictJSON{(*verdict)(&v), lag})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Verdict) UnmarshalJSON(text []byte) error {
	read := verdictJSON{verdict: (*verdict)(v)}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	v.Lag = time.Duration(read.LagSeconds) * time.Second
	if read.LagSeconds < 0 {
		v.Lag = -1
	}
	return nil
}
