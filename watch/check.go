package watch

import (
	"slices"
	"time"
)

// same reports whether it is the same file.
func (f FileSeen) same(g FileSeen) bool { return f.Path == g.Path }

// counts reports whether the file counts as wrong: one that got no answer does when that
// was so several times.
func (f FileSeen) counts(s Settings) bool { return f.Fault.Says() || f.Looks >= s.Failures }

// again is the file when it was looked at once more. No answer takes nothing away.
func (f FileSeen) again(now FileSeen) FileSeen {
	if f.Fault.Says() && !now.Fault.Says() {
		f.At = now.At
		now = f
	}
	now.Since, now.Looks = f.Since, f.Looks+1
	return now
}

// bounded returns the check with counts that agree, and its lists bounded: what a probe or
// a database gives need not be in order.
func (c Check) bounded(at time.Time) Check {
	if c.At.IsZero() {
		c.At = at
	}
	var bad []FileSeen
	says := 0
	for _, f := range c.Bad {
		if f.Fault == FaultNone || f.Path == "" || slices.ContainsFunc(bad, f.same) {
			continue
		}
		if len(bad) == maxBad {
			break
		}
		f.At, f.Since, f.Looks = c.At, c.At, 1
		if f.Fault.Says() {
			says++
		}
		bad = append(bad, f)
	}
	c.Bad = bad
	c.BadCount = max(c.BadCount, len(bad))
	c.Unanswered = min(max(c.Unanswered, len(bad)-says), c.BadCount-says)
	c.Skip = max(0, c.Skip)
	c.Checked = max(c.Checked, c.BadCount)
	c.Of = max(c.Of, c.Skip+c.Checked)
	return c
}

// unlisted is how many files are wrong that are not listed.
func (c Check) unlisted() int { return c.BadCount - c.Unanswered - c.says() }

func (c Check) says() (n int) {
	for _, f := range c.Bad {
		if f.Fault.Says() {
			n++
		}
	}
	return n
}

// complete reports whether every file of the level was looked at: wrong ones are listed
// or at least counted.
func (c Check) complete() bool {
	return c.Checked >= c.Of && c.Unanswered == len(c.Bad)-c.says() && c.Detail == ""
}

// wrong is how many files count as wrong.
func (c Check) wrong(s Settings) int {
	n := c.unlisted()
	for _, f := range c.Bad {
		if f.counts(s) {
			n++
		}
	}
	return n
}

// without returns the check without the wrong files that the function picks.
func (c Check) without(gone func(FileSeen) bool) Check {
	if !slices.ContainsFunc(c.Bad, gone) {
		return c
	}
	var rest []FileSeen
	for _, f := range c.Bad {
		switch {
		case !gone(f):
			rest = append(rest, f)
		case f.Fault.Says():
			c.BadCount--
		default:
			c.BadCount--
			c.Unanswered--
		}
	}
	c.Bad = rest
	return c
}

// with returns the check with one more wrong file that is known from before. Where the
// list is full it is only counted, and forgotten if it got no answer.
func (c Check) with(f FileSeen) Check {
	full := len(c.Bad) >= maxBad
	switch {
	case full && !f.Fault.Says():
		return c
	case !full:
		c.Bad = append(slices.Clip(c.Bad), f)
	}
	if !f.Fault.Says() {
		c.Unanswered++
	}
	c.BadCount++
	return c
}

// replace returns the check with the file as it was seen now.
func (c Check) replace(now FileSeen) (Check, bool) {
	i := slices.IndexFunc(c.Bad, now.same)
	if i < 0 {
		return c, false
	}
	c.Bad = slices.Clone(c.Bad)
	before := c.Bad[i]
	c.Bad[i] = before.again(now)
	if c.Bad[i].Fault.Says() && !before.Fault.Says() {
		c.Unanswered--
	}
	return c, true
}

// find returns the check of the level, and false where there is none.
func (r KnownRoot) find(l Level) (Check, bool) {
	i := slices.IndexFunc(r.Checks, func(c Check) bool { return c.Level == l })
	if i < 0 {
		return Check{Level: l}, false
	}
	return r.Checks[i], true
}

// put returns the root with the check in the place of the one of its level.
func (r KnownRoot) put(c Check) KnownRoot {
	r.Checks = slices.Clone(r.Checks)
	for i := range r.Checks {
		if r.Checks[i].Level == c.Level {
			r.Checks[i] = c
			return r
		}
	}
	r.Checks = append(r.Checks, c)
	return r
}

// forget takes files off all lists.
func (r KnownRoot) forget(gone func(FileSeen) bool) KnownRoot {
	r.Checks = slices.Clone(r.Checks)
	for i, c := range r.Checks {
		r.Checks[i] = c.without(gone)
	}
	r.Doubts = slices.DeleteFunc(slices.Clone(r.Doubts), gone)
	return r
}

// check merges a check into what is known of the root that it is of.
func (r KnownRoot) check(c Check, s Settings) KnownRoot {
	if len(c.Right) > 0 {
		right := make(map[string]bool, len(c.Right))
		for _, p := range c.Right {
			right[p] = true
		}
		r = r.forget(func(f FileSeen) bool { return right[f.Path] })
		c.Right = nil
	}
	switch c.Level {
	case LevelAgain:
		return r.checkAgain(c, s)
	case LevelSweep:
		return r.checkSweep(c)
	case LevelSample, LevelBytes:
		return r.checkSample(c)
	}
	return r.checkAll(c)
}

// checkAgain takes what files are now that were wrong before. A doubt becomes a wrong file
// when it is seen wrong under the root of now, or was not answered for several times.
func (r KnownRoot) checkAgain(c Check, s Settings) KnownRoot {
	mine, _ := r.find(LevelAgain)
	mine.Root, mine.At = c.Root, c.At
	r = r.put(mine)
	for _, now := range c.Bad {
		listed := false
		for i := range r.Checks {
			var found bool
			r.Checks[i], found = r.Checks[i].replace(now)
			listed = listed || found
		}
		if i := slices.IndexFunc(r.Doubts, now.same); i >= 0 {
			now.Since, now.Looks = r.Doubts[i].Since, r.Doubts[i].Looks+1
			r.Doubts = slices.Clone(r.Doubts)
			if !listed && !now.counts(s) {
				r.Doubts[i].Looks = now.Looks
				continue
			}
			r.Doubts = slices.Delete(r.Doubts, i, i+1)
		}
		if !listed {
			mine, _ = r.find(LevelAgain)
			r = r.put(mine.with(now))
		}
	}
	mine, _ = r.find(LevelAgain)
	mine.Checked = mine.BadCount
	mine.Of = mine.Checked
	return r.put(mine)
}

// checkSample adds a sample: files that an earlier one found wrong stay so until they are
// looked at again.
func (r KnownRoot) checkSample(c Check) KnownRoot {
	old, known := r.find(c.Level)
	c.Skip = 0
	if c.Level == LevelSample && c.Checked > 0 {
		r.Sampled = c.At
	}
	if known {
		unlisted := old.unlisted()
		c = c.carry(old)
		c.BadCount += unlisted
	}
	c.Began = c.At
	return r.put(c)
}

// checkAll takes a check of all files of a level, or the next part of it.
func (r KnownRoot) checkAll(c Check) KnownRoot {
	old, known := r.find(c.Level)
	whole := known && old.Against == c.Against
	c.Began = c.At
	switch {
	case c.Skip > 0 && (!whole || old.Checked != c.Skip || old.Seed != c.Seed):
		return r // a part without those before it
	case c.Skip > 0:
		c.Began, c.Skip = old.Began, 0
		c.Parts = addParts(old.Parts, c.Parts)
		c.Checked += old.Checked
		c.Of = max(c.Of, c.Checked)
		c.BadCount += old.unlisted()
		c = c.carry(old)
	case known:
		c = c.carry(old)
	}
	if whole && c.complete() {
		c = c.without(func(f FileSeen) bool { return f.At.Before(c.Began) })
	}
	return r.put(c)
}

// checkSweep takes a part of a sweep. When it came to the end, files that were wrong
// before it began are right, but for those of which only the content was wrong.
func (r KnownRoot) checkSweep(c Check) KnownRoot {
	old, known := r.find(LevelSweep)
	if c.After != r.Sweep.After && c.After != "" {
		return r // a part without those before it
	}
	unlisted := 0
	if c.Last == "" && c.Detail != "" {
		return r // nothing was looked at
	}
	if c.After == "" {
		r.Sweep = Sweep{Began: c.At}
	} else if known {
		unlisted = old.unlisted()
		c.Checked += old.Checked
	}
	r.Sweep.Checked += c.Checked
	r.Sweep.After = c.Last
	c = c.carry(old)
	c.BadCount += unlisted
	c.Began, c.Skip = r.Sweep.Began, 0
	c.Of = max(c.Of, c.Checked)
	r = r.put(c)
	if c.Last != "" {
		return r
	}
	began := r.Sweep.Began
	r.Sweep, r.Swept, r.Doubtful = Sweep{}, c.At, false
	r = r.forget(func(f FileSeen) bool {
		return f.At.Before(began) && f.Fault != FaultDigest && !slices.ContainsFunc(c.Bad, f.same)
	})
	for i, other := range r.Checks {
		if l := other.Level; l == LevelSample || l == LevelBytes {
			r.Checks[i].BadCount -= other.unlisted()
		}
	}
	return r
}

// carry takes over the wrong files of an earlier check of the level.
func (c Check) carry(old Check) Check {
	c.Bad = slices.Clone(c.Bad)
	for _, f := range old.Bad {
		i := slices.IndexFunc(c.Bad, f.same)
		if i < 0 {
			c = c.with(f)
			continue
		}
		now := c.Bad[i]
		c.Bad[i] = f.again(now)
		if c.Bad[i].Fault.Says() && !now.Fault.Says() {
			c.Unanswered--
		}
	}
	return c
}

func addParts(a, b []PartSeen) []PartSeen {
	sum := slices.Clone(a)
	for _, p := range b {
		i := slices.IndexFunc(sum, func(q PartSeen) bool { return q.Part == p.Part })
		if i < 0 {
			sum = append(sum, p)
			continue
		}
		sum[i].Checked += p.Checked
		sum[i].Missing += p.Missing
	}
	return sum
}
