package watch

import (
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// finding is what was found of one repository, or of the timestamps, at one endpoint.
type finding struct {
	state  State
	reason Reason
	root   repo.Digest
	// stale is since when the endpoint is stale; zero where that cannot be told, and
	// where it is not.
	stale    time.Time
	checked  int
	bad      int
	stamp    time.Time
	evidence []Evidence
}

// severities order states from the best to the worst.
var severities = []State{InSync, Unknown, Ahead, Behind, Unreachable, Incoherent, HalfSynced, Expired, Foreign}

// reasons order the reasons of one state, from the least to the worst. Those of HALF_SYNCED
// end with what harms clients most.
var reasons = []Reason{
	"", NotYet, Unrecorded, StampStale, EndpointDown, Disagreement, Backwards, Flapping,
	Copying, Incomplete, MetadataAhead, TreePartial, MetadataBehind, Mixed, RootMissing, Corrupt, StampFuture,
}

// worse orders findings.
func worse(a, b finding) int {
	if c := slices.Index(severities, a.state) - slices.Index(severities, b.state); c != 0 {
		return c
	}
	return slices.Index(reasons, a.reason) - slices.Index(reasons, b.reason)
}

func worst(fs []finding) finding { return slices.MaxFunc(fs, worse) }

// lag is how long the endpoint has been stale, -1 where that cannot be told.
func (f finding) lag(now time.Time) time.Duration {
	switch {
	case f.state == InSync || f.state == Ahead:
		return 0
	case f.state == Unknown || f.state == Unreachable || f.stale.IsZero():
		return -1
	}
	return max(0, now.Sub(f.stale))
}

// over puts together what was found of one repository at all endpoints. Endpoints that do
// not answer make a difference only where others do.
func over(fs []finding) (sum finding, up []finding) {
	for _, f := range fs {
		if f.state != Unreachable {
			up = append(up, f)
		}
	}
	switch {
	case len(up) == 0:
		return worst(fs), nil
	case len(up) == len(fs):
		return worst(up), up
	}
	return worst(append(slices.Clone(up), finding{state: Incoherent, reason: EndpointDown})), up
}

// longest is the longest lag, -1 where none can be told.
func longest(fs []finding, now time.Time) time.Duration {
	lag := time.Duration(-1)
	for _, f := range fs {
		lag = max(lag, f.lag(now))
	}
	return lag
}
