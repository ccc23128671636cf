package watch

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Judge gives the verdict on a site and a watched repository, from all that is known of
// the site's endpoints. The source is judged before it ([JudgeSource]): where it is
// broken, or where the watcher is blind, the verdict is that of before, frozen.
//
// The verdict is about the last look at each endpoint: what the source published behind
// that look makes no site stale. It does not depend on the order of the endpoints. The
// repository's own verdict of before gives the moment since when the state lasts, and what
// is shown while nothing can be told.
func Judge(r Repository, site Site, source SourceKnown, known []Known, before Verdict, blind Blindness, s Settings, now time.Time) Verdict {
	j := &judging{repository: r, site: site, source: source, settings: s.filled(), now: now}
	switch {
	case site.Paused:
		return j.freeze(before, Paused, "the site is paused by its configuration")
	case source.Broken != "":
		return j.freeze(before, SourceBroken, "the source itself is not to be judged by: "+source.Broken)
	case blind.All != "":
		return j.freeze(before, Blind, "the watcher cannot tell: "+blind.All)
	}
	known = slices.Clone(known)
	slices.SortStableFunc(known, func(a, b Known) int { return a.Endpoint.compare(b.Endpoint) })
	var unseen []Evidence
	seen := known[:0]
	for _, k := range known {
		if why := blind.To(k.Endpoint); why != "" && k.Failures > 0 {
			unseen = append(unseen, Evidence{Endpoint: k.Endpoint, At: k.Last, Text: "left out of the verdict: " + why})
			continue
		}
		seen = append(seen, k)
	}
	if len(seen) == 0 && len(unseen) > 0 {
		return j.freeze(before, Blind, "the watcher cannot tell: "+blind.To(known[0].Endpoint))
	}
	v := j.verdict(seen)
	v.Evidence = append(v.Evidence, unseen...)
	return j.since(v, before)
}

// verdict puts together what is found at the endpoints.
func (j *judging) verdict(known []Known) Verdict {
	v := Verdict{Site: j.site.URL, Repository: j.repository.Name, At: j.now, Lag: -1, Complete: -1, Endpoints: []EndpointVerdict{}, Evidence: []Evidence{}}
	if len(known) == 0 {
		v.State, v.Reason = Unknown, NotYet
		return v
	}
	rows := make([][]finding, len(known)) // endpoints by repositories, and timestamps last
	for i := range known {
		rows[i] = j.endpoint(&known[i])
		f := worst(rows[i])
		e := EndpointVerdict{Endpoint: known[i].Endpoint, State: f.state, Reason: f.reason, At: known[i].Last}
		for c, root := range j.repository.Roots {
			f := rows[i][c]
			e.Roots = append(e.Roots, RootVerdict{root.Name, f.state, f.reason, f.root, seconds(f.lag(j.now))})
		}
		if len(e.Roots) > 0 {
			e.Root = e.Roots[0].Root
		}
		v.Endpoints = append(v.Endpoints, e)
	}
	var columns []finding
	checked, bad := 0, 0
	for c := range rows[0] {
		var column []finding
		for i := range rows {
			f := rows[i][c]
			column = append(column, f)
			v.Evidence = append(v.Evidence, f.evidence...)
			checked += f.checked
			bad += f.bad
			if !f.stamp.IsZero() && (v.Stamp.IsZero() || f.stamp.Before(v.Stamp)) {
				v.Stamp = f.stamp
			}
		}
		sum, up := over(column)
		sum.evidence = nil
		if c < len(j.repository.Roots) {
			name := j.repository.Roots[c].Name
			if d := j.disagreement(name, known, column); d.state != "" {
				v.Evidence = append(v.Evidence, d.evidence...)
				sum = worst([]finding{sum, d})
			}
			sum.root = oldest(j.source.ledger(name), up)
			v.Roots = append(v.Roots, RootVerdict{name, sum.state, sum.reason, sum.root, seconds(longest(up, j.now))})
		}
		columns = append(columns, sum)
		v.Lag = max(v.Lag, longest(up, j.now))
	}
	sum := worst(columns)
	v.State, v.Reason = sum.state, sum.reason
	if len(v.Roots) > 0 {
		v.Generation = v.Roots[0].Root
	}
	if v.State == Unknown || v.State == Unreachable {
		v.Lag = -1
	}
	if checked > 0 {
		v.Complete = 1 - float64(min(bad, checked))/float64(checked)
	}
	return v
}

func seconds(lag time.Duration) int64 {
	if lag < 0 {
		return -1
	}
	return int64(lag / time.Second)
}

// endpoint judges what one endpoint shows: each repository, and the timestamps where there
// are any.
func (j *judging) endpoint(k *Known) []finding {
	var all finding
	e := Evidence{Endpoint: k.Endpoint, At: k.Last, Fault: k.Fault, Detail: k.Detail}
	switch {
	case k.Failures >= j.settings.Failures:
		e.Text = fmt.Sprintf("%s got no answer in %d looks in a row: %s", k.Endpoint, k.Failures, cmp.Or(k.Detail, "no more is known"))
		if !k.Answered.IsZero() {
			e.Text += "; the last answer came at " + moment(k.Answered)
		}
		all = finding{state: Unreachable, evidence: []Evidence{e}}
	case k.Answered.IsZero():
		e.Text = fmt.Sprintf("%s has not answered yet", k.Endpoint)
		all = finding{state: Unknown, reason: NotYet, evidence: []Evidence{e}}
	}
	var fs []finding
	for _, root := range j.repository.Roots {
		f := all
		if f.state == "" {
			i := slices.IndexFunc(k.Roots, func(r KnownRoot) bool { return r.Name == root.Name })
			r := KnownRoot{Name: root.Name}
			if i >= 0 {
				r = k.Roots[i]
			}
			f = j.root(k, r, j.source.ledger(root.Name))
		}
		fs = append(fs, f)
		all.evidence = nil // said once
	}
	if len(j.repository.Directories) > 0 || len(fs) == 0 {
		f := all
		if f.state == "" {
			f = j.stamps(k)
			if len(fs) > 0 && f.state == Unknown && f.stamp.IsZero() && j.site.SlowStart == 0 {
				f = finding{state: InSync} // it serves none, and the generations tell enough
			}
		}
		fs = append(fs, f)
	}
	return fs
}

// disagreement reports endpoints that showed different roots at one time, each in more
// than one look: where they were looked at on both sides of a publication they agree.
func (j *judging) disagreement(name string, known []Known, column []finding) finding {
	type showing struct {
		endpoint    Endpoint
		root        repo.Digest
		first, last time.Time
	}
	var all []showing
	for i, k := range known {
		for _, r := range k.Roots {
			if r.Name == name && column[i].state != Unreachable && r.Fault == FaultNone && !r.Digest.IsZero() && r.Seen.After(r.Since) {
				all = append(all, showing{k.Endpoint, r.Digest, r.Since, r.Seen})
			}
		}
	}
	l := j.source.ledger(name)
	for i, a := range all {
		for _, b := range all[:i] {
			from, to := later(a.first, b.first), earlier(a.last, b.last)
			if a.root == b.root || from.After(to) {
				continue
			}
			text := fmt.Sprintf("%s shows %s of %s, and %s shows %s, both at %s", b.endpoint, l.generation(b.root), name, a.endpoint, l.generation(a.root), moment(to))
			e := Evidence{Endpoint: a.endpoint, Root: name, Level: LevelRoot, Expected: b.root.String(), Seen: a.root.String(), At: to, Text: text}
			return finding{state: Incoherent, reason: Disagreement, stale: from, evidence: []Evidence{e}}
		}
	}
	return finding{}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// oldest is the oldest root that the endpoints serve; one that is in no ledger counts as
// the oldest.
func oldest(l Ledger, fs []finding) (root repo.Digest) {
	at := 0
	for _, f := range fs {
		if i := l.Find(f.root); !f.root.IsZero() && (root.IsZero() || i < at) {
			root, at = f.root, i
		}
	}
	return root
}

// since sets since when the state lasts, and what it was where it cannot be told now.
func (j *judging) since(v, before Verdict) Verdict {
	was, wasSince := before.State, before.Since
	if before.Frozen {
		was, wasSince = before.Was, before.WasSince
	}
	v.Since = j.now
	switch {
	case v.State == before.State && v.State != Unknown, v.State == Unknown && before.State == Unknown && v.Reason == before.Reason:
		v.Since = before.Since
	case v.State == was && v.State != Unknown:
		v.Since = wasSince
	}
	if v.State == Unknown && was != "" && was != Unknown {
		v.Frozen, v.Was, v.WasSince = true, was, wasSince
		v.Lag = j.grown(before)
	}
	return v
}

// grown is the lag of before as it is now if nothing has changed.
func (j *judging) grown(before Verdict) time.Duration {
	if before.Lag <= 0 {
		return before.Lag
	}
	return before.Lag + max(0, j.now.Sub(before.At))
}

// freeze is the verdict while nothing can be told.
func (j *judging) freeze(before Verdict, reason Reason, text string) Verdict {
	v := before
	v.Site, v.Repository = j.site.URL, j.repository.Name
	v.State, v.Reason, v.At, v.Lag = Unknown, reason, j.now, -1
	v.Frozen, v.Was, v.WasSince = false, "", time.Time{}
	v.Evidence = []Evidence{{At: j.now, Text: text}}
	rest := before.Evidence
	if before.State == Unknown && before.Reason != NotYet && len(rest) > 0 {
		rest = rest[1:] // why it was frozen before
	}
	v.Evidence = append(v.Evidence, rest...)
	if before.State == "" {
		v.Complete, v.Endpoints = -1, []EndpointVerdict{}
	}
	return j.since(v, before)
}
