package watch

import (
	"slices"
	"time"
)

// The bounds of what is kept of an endpoint.
const (
	maxBad   = 100 // files listed a check, and doubts
	maxShown = 32  // roots
)

// Learn folds an observation into what is known of its endpoint. It changes nothing of
// what it is given. An observation older than the last one is no news.
//
// What got no answer never removes knowledge: a look without any answer counts as a
// failure, and a file that was not answered for stays what it was.
//
// When the root changes, checks of the root before go, but files that were wrong and that
// both generations may name stay as doubts, which are to be looked at again. Files that
// the delta to the generation held last names anyway need no doubt.
func Learn(k Known, o Observation, s Settings) Known {
	if o.At.Before(k.Last) {
		return k
	}
	s = s.filled()
	if k.Last.IsZero() {
		k.Endpoint = o.Endpoint
	}
	k.Last = o.At
	k = k.spend(o)
	if fault, detail := o.failure(); fault != FaultNone {
		k.Failures++
		k.Fault, k.Detail = fault, detail
		return k
	}
	if !o.onlyChecks() {
		k.Failures, k.Fault, k.Detail = 0, FaultNone, ""
		k.Answered, k.Skew = o.At, o.Skew
	}
	if !o.NotAfter.IsZero() {
		k.NotAfter = o.NotAfter
	}
	k.Roots = slices.Clone(k.Roots)
	for _, seen := range o.Roots {
		i := slices.IndexFunc(k.Roots, func(r KnownRoot) bool { return r.Name == seen.Name })
		if i < 0 {
			i = len(k.Roots)
			k.Roots = append(k.Roots, KnownRoot{Name: seen.Name})
		}
		k.Roots[i] = k.Roots[i].learn(seen, o, s)
	}
	k.Stamps = slices.Clone(k.Stamps)
	for _, seen := range o.Stamps {
		i := slices.IndexFunc(k.Stamps, func(t KnownStamp) bool { return t.Directory == seen.Directory })
		if i < 0 {
			i = len(k.Stamps)
			k.Stamps = append(k.Stamps, KnownStamp{Directory: seen.Directory})
		}
		k.Stamps[i] = k.Stamps[i].learn(seen, o.At, s)
	}
	return k
}

// spend adds up what a day's looks cost.
func (k Known) spend(o Observation) Known {
	if o.At.Sub(k.SpentSince) >= 24*time.Hour {
		k.Spent, k.SpentSince = 0, o.At
	}
	k.Spent += max(0, o.Bytes)
	return k
}

// failure tells why a look at roots or timestamps got nothing at all, FaultNone where it
// got something. The root being absent is an answer; a timestamp that is absent in every
// directory is none, since a site without any of them is no mirror of that tree.
func (o Observation) failure() (Fault, string) {
	if o.Fault != FaultNone {
		return o.Fault, o.Detail
	}
	var fault Fault
	var detail string
	for _, seen := range o.Roots {
		if seen.Fault == FaultNone || seen.Fault == FaultMissing {
			return FaultNone, ""
		}
		fault, detail = seen.Fault, seen.Detail
	}
	for _, seen := range o.Stamps {
		if seen.Fault == FaultNone {
			return FaultNone, ""
		}
		fault, detail = seen.Fault, seen.Detail
	}
	return fault, detail
}

// onlyChecks reports whether the look was at files alone. That files got no answer says
// nothing of the endpoint then: what came before it in the same look does.
func (o Observation) onlyChecks() bool {
	for _, seen := range o.Roots {
		if seen.Fault != FaultNone || !seen.Digest.IsZero() || seen.NotModified {
			return false
		}
	}
	return o.Fault == FaultNone && len(o.Stamps) == 0
}

func (r KnownRoot) learn(seen RootSeen, o Observation, s Settings) KnownRoot {
	first, last := o.At.Add(max(0, o.Took)), o.At // the root was read between them
	if !seen.At.IsZero() {
		first, last = seen.At, seen.At
	}
	switch {
	case seen.Fault != FaultNone:
		if r.Failures == 0 {
			r.Faulty = o.At
		}
		r.Failures++
		r.Fault, r.Detail = seen.Fault, seen.Detail // the headers stay those of the root
		return r
	case !seen.Digest.IsZero() && seen.Digest != r.Digest:
		r = r.show(seen, first, s)
		r.Seen = last
	case !seen.Digest.IsZero():
		r.Seen = last
		if !seen.Date.IsZero() || seen.Signed || seen.Forged != "" {
			r.Date, r.Signed, r.Forged = seen.Date, seen.Signed, seen.Forged
		}
	case seen.NotModified && !r.Digest.IsZero():
		r.Seen = last
	}
	if !seen.Digest.IsZero() || seen.NotModified {
		r.Failures, r.Faulty, r.Fault, r.Detail, r.Headers = 0, time.Time{}, FaultNone, "", seen.Headers
	}
	if seen.Moved || r.Digest.IsZero() {
		return r
	}
	for _, c := range seen.Checks {
		if c.Root == r.Digest {
			r = r.check(c.bounded(o.At), s)
		}
	}
	if r.proven() {
		r.Held = r.Digest
	}
	return r
}

// show is the change to another root.
func (r KnownRoot) show(seen RootSeen, at time.Time, s Settings) KnownRoot {
	doubts := slices.Clone(r.Doubts)
	for _, c := range r.Checks {
		switch c.Level {
		case LevelIndexes, LevelRemoved:
			continue // looked at for every root
		case LevelDelta:
			if !r.Held.IsZero() {
				continue // the next delta is to the same generation
			}
		default:
			r.Doubtful = r.Doubtful || c.unlisted() > 0
		}
		for _, b := range c.Bad {
			if b.counts(s) && !slices.ContainsFunc(doubts, b.same) {
				b.Looks = 0
				doubts = append(doubts, b)
			}
		}
	}
	r.Doubtful = r.Doubtful || len(doubts) > maxBad
	r.Doubts = slices.Clip(doubts[:min(len(doubts), maxBad)])
	r.Checks = nil
	r.Before, r.Digest, r.Since, r.Date, r.Signed, r.Forged = r.Digest, seen.Digest, at, seen.Date, seen.Signed, seen.Forged
	r.Changes = appendBounded(r.Changes, at)
	r.Shown = appendBounded(r.Shown, Shown{seen.Digest, seen.Date, seen.Signed, seen.Forged})
	return r
}

func appendBounded[T any](list []T, x T) []T {
	return append(slices.Clone(list[max(0, len(list)-maxShown+1):]), x)
}

// proven reports whether the endpoint holds what its root names, as far as a delta to
// what it held before, or a sample where it held nothing yet, can tell.
func (r KnownRoot) proven() bool {
	if len(r.Doubts) > 0 || r.Doubtful {
		return false
	}
	indexes, enough := false, r.Held == r.Digest
	for _, c := range r.Checks {
		switch {
		case c.BadCount > 0:
			return false
		case c.Level == LevelIndexes:
			indexes = c.complete()
		case c.Level == LevelDelta:
			enough = enough || c.complete()
		case c.Level == LevelSample:
			enough = enough || r.Held.IsZero()
		case c.Level == LevelSweep:
			enough = enough || c.Last == "" && !c.Began.Before(r.Since)
		}
	}
	return indexes && enough
}

func (t KnownStamp) learn(seen StampSeen, at time.Time, s Settings) KnownStamp {
	if seen.Fault != FaultNone || seen.Stamp.IsZero() {
		t.Fault, t.Detail = seen.Fault, seen.Detail
		if t.Fault == FaultNone {
			t.Fault = FaultMissing
		}
		return t
	}
	if !t.Stamp.IsZero() && !seen.Stamp.Equal(t.Stamp) {
		t.Changed++
		if seen.Stamp.Before(t.Stamp.Add(-s.Tolerance)) {
			t.Back = at
		}
	}
	t.Stamp, t.At, t.Begin, t.End = seen.Stamp, at, seen.Begin, seen.End
	t.Fault, t.Detail = FaultNone, ""
	return t
}
