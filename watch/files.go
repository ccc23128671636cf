package watch

import "slices"

// files judges the files that were found wrong under the root.
func (j *judging) files(r KnownRoot, l Ledger, say sayer) finding {
	f := finding{stale: j.staleSince(r, l)}
	more := 0
	for _, c := range r.Checks {
		more += c.unlisted()
		if c.unlisted() > 0 {
			f = f.orWorse(j.why(r, c, FileSeen{Fault: FaultMissing}, l))
		}
		for _, b := range c.Bad {
			if !b.counts(j.settings) {
				continue
			}
			f = f.orWorse(j.why(r, c, b, l))
			if len(f.evidence) == maxEvidence {
				more++
				continue
			}
			e := say(c.Level, b.Fault, "%s", b.sentence(l))
			e.Path, e.Expected, e.Seen, e.At, e.Detail = b.Path, b.Expected, b.Seen, b.At, b.Detail
			f.evidence = append(f.evidence, e)
		}
	}
	if more > 0 && f.state != "" {
		f.evidence = append(f.evidence, say("", FaultNone, "%s of %s wrong, too", counted(more, "more file"), l.Name))
	}
	return f
}

func (f finding) orWorse(reason Reason) finding {
	if f.state == "" || slices.Index(reasons, reason) > slices.Index(reasons, f.reason) {
		f.state, f.reason = HalfSynced, reason
	}
	return f
}

// why tells what a wrong file says of the site.
func (j *judging) why(r KnownRoot, c Check, b FileSeen, l Ledger) Reason {
	old := !l.becameStale(l.Find(r.Digest)).IsZero()
	switch {
	case !b.Matches.IsZero() && b.Matches != r.Digest:
		return Mixed
	case b.Fault == FaultSize || b.Fault == FaultDigest:
		return Corrupt
	case c.partAbsent(b.Part):
		return TreePartial
	case old && (c.Level == LevelRemoved || r.Held == r.Digest):
		return MetadataBehind
	case (c.Level == LevelIndexes || c.Level == LevelDelta) && r.Held != r.Digest:
		return MetadataAhead
	}
	return Incomplete
}

// partAbsent reports whether nothing of a part is there while others are.
func (c Check) partAbsent(p Part) bool {
	absent, there := false, false
	for _, seen := range c.Parts {
		if seen.Missing < seen.Checked {
			there = true
		} else if seen.Part == p && seen.Checked > 0 {
			absent = true
		}
	}
	return absent && there
}
