package watch

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// maxEvidence is how many files a verdict names for one repository at an endpoint.
const maxEvidence = 10

// judging is what the verdict on one site is made with.
type judging struct {
	repository Repository
	site       Site
	source     SourceKnown
	settings   Settings
	now        time.Time
}

// root judges one repository at one endpoint that has answered.
//
// Everything is told as of the last look that saw the root: what the source published
// since then says nothing of the site.
func (j *judging) root(k *Known, r KnownRoot, l Ledger) finding {
	say := func(level Level, fault Fault, format string, args ...any) Evidence {
		return Evidence{Endpoint: k.Endpoint, Root: l.Name, Level: level, Fault: fault, At: k.Last, Text: fmt.Sprintf(format, args...)}
	}
	held := j.staleSince(r, l)
	switch {
	case r.Fault == FaultMissing:
		e := say(LevelRoot, r.Fault, "%s has no root file: %s", l.Name, cmp.Or(r.Detail, "it is missing"))
		return finding{state: HalfSynced, reason: RootMissing, stale: held, evidence: []Evidence{e}}
	case r.Failures >= j.settings.Failures:
		e := say(LevelRoot, r.Fault, "the root of %s %s in %d looks in a row: %s", l.Name, r.Fault.words(), r.Failures, cmp.Or(r.Detail, "no more is known"))
		return finding{state: Unreachable, root: r.Digest, evidence: []Evidence{e}}
	case r.Digest.IsZero():
		return finding{state: Unknown, reason: NotYet, evidence: []Evidence{say(LevelRoot, r.Fault, "the root of %s has not been seen yet", l.Name)}}
	}
	fs := []finding{j.generation(r, l, say)}
	if f := j.changes(r, l, say); f.state != "" {
		fs = append(fs, f)
	}
	if f := j.files(r, l, say); f.state != "" {
		fs = append(fs, f)
	}
	slices.SortStableFunc(fs, func(a, b finding) int { return worse(b, a) })
	sum := fs[0]
	sum.root, sum.evidence = r.Digest, nil
	for _, f := range fs {
		if f.state != InSync || len(fs) == 1 {
			sum.evidence = append(sum.evidence, f.evidence...)
		}
		if sum.stale.IsZero() && sum.state != InSync {
			sum.stale = f.stale
		}
	}
	for _, c := range r.Checks {
		sum.checked += c.Checked
		sum.bad += c.wrong(j.settings)
	}
	return sum
}

type sayer func(level Level, fault Fault, format string, args ...any) Evidence

// staleSince is when an endpoint that does not hold its root's files, or has no good root,
// became stale: when the first generation was published that it does not hold. Where it
// had the newest one already, that is when it lost it.
func (j *judging) staleSince(r KnownRoot, l Ledger) time.Time {
	held, shown := l.Find(r.Held), l.Find(r.Digest)
	next := l.becameStale(held)
	switch {
	case r.Fault == FaultMissing && next.IsZero():
		return r.Faulty
	case held < 0 && shown >= 0:
		return l.Generations[shown].Published
	case r.Held == r.Digest && held >= 0:
		if wrong := j.wrongSince(r); next.IsZero() || !wrong.IsZero() && wrong.Before(next) {
			return wrong
		}
		return next
	case next.IsZero():
		return r.Since
	}
	return next
}

// wrongSince is when the first of the files was seen wrong that are so now.
func (j *judging) wrongSince(r KnownRoot) (since time.Time) {
	for _, c := range r.Checks {
		for _, f := range c.Bad {
			if f.counts(j.settings) && (since.IsZero() || f.Since.Before(since)) {
				since = f.Since
			}
		}
		if since.IsZero() && c.wrong(j.settings) > 0 {
			since = c.At
		}
	}
	return since
}

// generation judges which root is shown.
func (j *judging) generation(r KnownRoot, l Ledger, say sayer) finding {
	at := l.Find(r.Digest)
	if at < 0 {
		return j.unknownRoot(r, l, say)
	}
	g := l.Generations[at]
	newest := l.completeAt(r.Seen.Add(-j.settings.Grace))
	name := l.generation(r.Digest)
	switch {
	case !g.ValidUntil.IsZero() && r.Seen.After(g.ValidUntil.Add(j.settings.Tolerance)):
		stale := l.becameStale(at)
		if stale.IsZero() || g.ValidUntil.Before(stale) {
			stale = g.ValidUntil
		}
		return finding{state: Expired, stale: stale, evidence: []Evidence{say(LevelRoot, FaultNone, "%s shows %s, which was valid until %s", l.Name, name, moment(g.ValidUntil))}}
	case at < newest && g.Pruned:
		return finding{state: Behind, reason: Unrecorded, stale: l.becameStale(at), evidence: []Evidence{say(LevelRoot, FaultNone, "%s shows %s, which is so old that its list of files is not kept any more", l.Name, name)}}
	case r.Held != r.Digest || len(r.Doubts) > 0 || r.Doubtful:
		e := say(LevelRoot, FaultNone, "%s shows %s since %s, and not all that it names has been looked at yet", l.Name, name, moment(r.Since))
		if len(r.Doubts) > 0 || r.Doubtful {
			e.Text = fmt.Sprintf("%s shows %s, and files that were wrong before have not been looked at again yet", l.Name, name)
		}
		return finding{state: Unknown, reason: NotYet, stale: j.staleSince(r, l), evidence: []Evidence{e}}
	case at < newest:
		e := say(LevelRoot, FaultNone, "%s shows %s; the source has published %s since %s", l.Name, name, counted(newest-at, "newer one"), moment(l.becameStale(at)))
		e.Seen, e.Expected, e.Detail = r.Digest.String(), l.Generations[newest].Root.String(), caches(r.Headers)
		return finding{state: Behind, stale: l.becameStale(at), evidence: []Evidence{e}}
	}
	return finding{state: InSync, evidence: []Evidence{say(LevelRoot, FaultNone, "%s shows %s, the newest one, with all of its files that were checked: %s", l.Name, name, checked(r))}}
}

// checked says how much was looked at.
func checked(r KnownRoot) string {
	s := ""
	for _, c := range r.Checks {
		word := map[Level]string{LevelIndexes: "index", LevelDelta: "new file", LevelSample: "sampled file", LevelSweep: "swept file"}[c.Level]
		if word == "" || c.Checked == 0 {
			continue
		}
		if s != "" {
			s += ", "
		}
		s += counted(c.Checked, word)
	}
	return cmp.Or(s, "all that differed from the one before")
}

// unknownRoot judges a root that is in no ledger.
func (j *judging) unknownRoot(r KnownRoot, l Ledger, say sayer) finding {
	name := l.generation(r.Digest)
	first := firstShown(r, r.Digest)
	r.Since = first
	stale := j.staleSince(r, l)
	newest := l.newest()
	older := func(g Generation) bool { return !r.Date.IsZero() && !g.Date.IsZero() && r.Date.Before(g.Date) }
	switch {
	case len(l.Generations) == 0:
		return finding{state: Unknown, reason: NotYet, evidence: []Evidence{say(LevelRoot, FaultNone, "%s shows %s, and nothing is known of the source yet", l.Name, name)}}
	case r.Forged != "":
		e := say(LevelRoot, FaultDigest, "%s shows %s since %s, which the source did not sign: %s", l.Name, name, moment(first), r.Forged)
		e.Seen, e.Expected, e.Detail = r.Digest.String(), newest.Root.String(), caches(r.Headers)
		return finding{state: Foreign, stale: stale, evidence: []Evidence{e}}
	case r.Signed && older(newest), older(l.Generations[0]):
		for _, g := range l.Generations {
			if older(g) {
				stale = g.Published
				break
			}
		}
		return finding{state: Behind, reason: Unrecorded, stale: stale, evidence: []Evidence{say(LevelRoot, FaultNone, "%s shows a root of %s, which the source published while nobody looked: its files are not known", l.Name, moment(r.Date))}}
	case j.now.Sub(first) <= j.settings.AheadGrace || !j.source.Reached.After(first) || r.Signed:
		return finding{state: Ahead, evidence: []Evidence{say(LevelRoot, FaultNone, "%s shows %s since %s, which the source has not shown yet", l.Name, name, moment(first))}}
	}
	e := say(LevelRoot, FaultDigest, "%s shows %s since %s, which the source never published", l.Name, name, moment(first))
	e.Seen, e.Expected, e.Detail = r.Digest.String(), newest.Root.String(), caches(r.Headers)
	return finding{state: Foreign, stale: stale, evidence: []Evidence{e}}
}

// firstShown is when the endpoint showed the root first, as far as is remembered.
func firstShown(r KnownRoot, root repo.Digest) time.Time {
	for i, shown := range r.Shown {
		if shown.Root == root && i < len(r.Changes) {
			return r.Changes[i]
		}
	}
	return r.Since
}

// changes judges the last changes of the root: of a sound site it only goes forward.
func (j *judging) changes(r KnownRoot, l Ledger, say sayer) finding {
	var back []time.Time
	var foreign []repo.Digest
	for i := range min(len(r.Shown), len(r.Changes)) {
		at, shown := r.Changes[i], r.Shown[i]
		if j.now.Sub(at) > j.settings.FlapWindow {
			continue
		}
		if l.Find(shown.Root) < 0 && shown.Root != r.Digest {
			if slices.Contains(foreign, shown.Root) { // shown, then another, then again
				u := r
				u.Digest, u.Date, u.Signed, u.Forged = shown.Root, shown.Date, shown.Signed, shown.Forged
				if f := j.unknownRoot(u, l, say); f.state == Foreign {
					return f
				}
			}
			foreign = append(foreign, shown.Root)
		}
		if i == 0 {
			continue
		}
		// What the source went back to itself is no step back, and the watcher may see
		// that a little later than the site.
		now, before := l.findAt(shown.Root, at.Add(j.settings.AheadGrace)), l.findAt(r.Shown[i-1].Root, at)
		if now >= 0 && now < before {
			back = append(back, at)
		}
	}
	switch len(back) {
	case 0:
		return finding{}
	case 1:
		f := finding{state: Incoherent, reason: Backwards, stale: back[0]}
		f.evidence = []Evidence{say(LevelRoot, FaultNone, "%s went back to an older generation at %s", l.Name, moment(back[0]))}
		return f
	}
	f := finding{state: Incoherent, reason: Flapping, stale: back[0]}
	f.evidence = []Evidence{say(LevelRoot, FaultNone, "%s went back to an older generation %d times since %s: several servers with different content answer", l.Name, len(back), moment(back[0]))}
	return f
}
