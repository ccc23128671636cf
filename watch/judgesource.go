package watch

import (
	"fmt"
	"slices"
	"time"
)

// JudgeSource judges the source by the same test as sites, before any of them. It returns
// what is known of the source with Broken, Reached and the Complete of its newest
// generations filled in, and the verdict on it as a site.
//
// A new generation counts from when the source was found to hold it: until then sites are
// judged by the one before. A source that was found to lack files, that has expired, flaps
// or does not answer is broken, and nobody is judged by it. It is enough that one endpoint
// of it is sound. Where nobody looks at the source's files (known is empty), what the
// ledger says of its generations is believed.
func JudgeSource(r Repository, site Site, source SourceKnown, known []Known, before Verdict, s Settings, now time.Time) (SourceKnown, Verdict) {
	s = s.filled()
	source.Broken = ""
	source.Ledgers = slices.Clone(source.Ledgers)
	for i, l := range source.Ledgers {
		source.Ledgers[i].Generations = slices.Clone(l.Generations)
	}
	for _, k := range known {
		source.Reached = later(source.Reached, k.Answered)
		for _, root := range k.Roots {
			source.complete(root)
		}
	}
	v := Judge(r, site, source, known, before, Blindness{}, s, now)
	for _, root := range r.Roots {
		if source.Broken == "" {
			source.Broken = brokenLedger(source.ledger(root.Name), s, now)
		}
	}
	if len(known) > 0 && source.Broken == "" {
		source.Broken = brokenSource(v, source)
	}
	if len(r.Roots) == 0 && source.Broken == "" && len(source.Stamps) == 0 && source.Planted.IsZero() {
		source.Broken = "no timestamp of it is known yet"
	}
	return source, v
}

// complete marks the generation that the source was found to hold.
func (s *SourceKnown) complete(r KnownRoot) {
	for _, l := range s.Ledgers {
		if i := l.Find(r.Held); l.Name == r.Name && i >= 0 {
			l.Generations[i].Complete = true
		}
	}
}

// brokenLedger tells what is wrong with what the source published, "" for nothing.
func brokenLedger(l Ledger, s Settings, now time.Time) string {
	newest := l.newest()
	returns := 0
	for i, g := range l.Generations {
		if now.Sub(g.Published) > s.FlapWindow {
			continue
		}
		if slices.ContainsFunc(l.Generations[:i], func(h Generation) bool { return h.Root == g.Root }) {
			returns++
		}
	}
	switch {
	case len(l.Generations) == 0:
		return l.Name + " has not been read yet"
	case !newest.ValidUntil.IsZero() && now.After(newest.ValidUntil.Add(s.Tolerance)):
		return fmt.Sprintf("%s was valid until %s", l.Name, moment(newest.ValidUntil))
	case returns > 1:
		return fmt.Sprintf("%s went back and forth %d times within %s", l.Name, returns, s.FlapWindow)
	case l.completeAt(now) < 0:
		return l.Name + " has not been found complete yet"
	}
	return ""
}

// brokenSource tells what was found wrong at all endpoints of the source, "" for nothing.
func brokenSource(v Verdict, source SourceKnown) string {
	if v.State == Unreachable {
		return "it does not answer" + firstText(v, "")
	}
	for i, root := range v.Roots {
		sound := func(e EndpointVerdict) bool {
			s := e.Roots[i].State
			return s == InSync || s == Ahead || s == Unknown
		}
		if !slices.ContainsFunc(v.Endpoints, sound) {
			return fmt.Sprintf("%s is %s%s", root.Name, root.State, firstText(v, root.Name))
		}
	}
	return ""
}

// firstText is the first sentence that the verdict gives on a repository.
func firstText(v Verdict, root string) string {
	for _, e := range v.Evidence {
		if root == "" || e.Root == root {
			return " (" + e.Text + ")"
		}
	}
	return ""
}
