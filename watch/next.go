package watch

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Budget is how much looking one endpoint has to bear. What is zero has its default.
type Budget struct {
	// Period is between looks at the root and the timestamps. Default 90 seconds; a site
	// may have its own.
	Period time.Duration
	// Indexes, Sample and Sweep are how often indexes, a random sample and all files are
	// looked at where nothing changes. Default 1 hour, 1 day, 1 week.
	Indexes, Sample, Sweep time.Duration
	// Samples are the files of a sample: 299 find with 95 % probability that 1 % are
	// missing. Ranges are those of which bytes are compared. Default 299 and 3.
	Samples, Ranges int
	// First is how many files the first sample of a repository has at a site, so that much
	// that is new at once can be judged soon; the whole sample follows within SampleRest.
	// Default: Samples.
	First int
	// Files bounds each task of one look, but for files that were wrong. Default 500.
	Files int
	// Bytes bounds a day's looks, but for those at roots. Default 64 MiB; a quarter of it is
	// kept for new generations.
	Bytes int64
	// Backoff is the longest time between looks at what does not answer. Default 1 hour.
	Backoff time.Duration
}

func (b Budget) filled(site Site) Budget {
	b.Period = cmp.Or(max(0, site.Period), max(0, b.Period), 90*time.Second)
	b.Indexes = cmp.Or(b.Indexes, time.Hour)
	b.Sample = cmp.Or(b.Sample, 24*time.Hour)
	b.Sweep = cmp.Or(b.Sweep, 7*24*time.Hour)
	b.Samples = cmp.Or(max(0, b.Samples), 299)
	b.First = min(cmp.Or(max(0, b.First), b.Samples), b.Samples)
	b.Ranges = cmp.Or(max(0, b.Ranges), 3)
	b.Files = cmp.Or(max(0, b.Files), 500)
	b.Bytes = cmp.Or(max(0, b.Bytes), 64<<20)
	b.Backoff = max(cmp.Or(b.Backoff, time.Hour), b.Period)
	return b
}

// SampleRest is how long after a small first sample the whole one is looked at, at the
// latest.
const SampleRest = 2 * time.Hour

// What one file costs, both ways: a HEAD request and its answer on a connection that is
// kept, and a range of 4 KiB from the site.
const (
	bytesPerHead  = 700
	bytesPerRange = 5000
)

// Wait is how long after a look at an endpoint the next one begins: the period, longer and
// longer after failures, four times as long where the day's budget is spent, and not in
// step with others.
func Wait(k Known, site Site, b Budget, random *rand.Rand) time.Duration {
	b = b.filled(site)
	wait := b.Period
	for f := k.Failures; f > 2 && wait < b.Backoff; f-- {
		wait *= 2
	}
	if k.Failures > 0 {
		wait = min(wait, b.Backoff)
		return wait + time.Duration(random.Float64()*float64(wait)/2)
	}
	if k.Spent > b.Bytes {
		wait *= 4
	}
	return wait + time.Duration((random.Float64()-0.5)*float64(wait)/5)
}

// First is what a look at an endpoint begins with: the roots, conditionally but for one in
// twenty, since caches tell "not modified" of what they hold, and the timestamps.
func First(k Known, site Site, r Repository, random *rand.Rand) (tasks []Task) {
	if site.Paused {
		return nil
	}
	for _, root := range r.Roots {
		t := Task{Root: root.Name, Level: LevelRoot}
		for _, known := range k.Roots {
			if known.Name == root.Name && random.IntN(20) > 0 {
				t.Generation = known.Digest
			}
		}
		tasks = append(tasks, t)
	}
	if len(r.Directories) > 0 {
		tasks = append(tasks, Task{Level: LevelStamp})
	}
	return tasks
}

// Next is what the same look goes on with, when what came first was learnt ([Learn]): the
// indexes and the delta of a root that is new, what was wrong before, what is due by time.
// It gives nothing for an endpoint that did not answer.
//
// Tasks are in the order of their importance. Only what decides about a new generation may
// spend the last quarter of the day's budget.
func Next(k Known, site Site, source SourceKnown, r Repository, b Budget, now time.Time, random *rand.Rand) []Task {
	if site.Paused || k.Failures > 0 {
		return nil
	}
	b = b.filled(site)
	n := &next{budget: b, left: b.Bytes - k.Spent, now: now, random: random}
	if now.Sub(k.SpentSince) >= 24*time.Hour {
		n.left = b.Bytes
	}
	for _, root := range r.Roots {
		for _, known := range k.Roots {
			if known.Name == root.Name && known.Failures == 0 {
				n.root(known, source.ledger(root.Name))
			}
		}
	}
	return n.tasks
}

// next gathers tasks within a budget.
type next struct {
	budget Budget
	left   int64 // bytes
	now    time.Time
	random *rand.Rand
	tasks  []Task
}

// add adds a task of at most so many files, fewer where the budget does not suffice.
func (n *next) add(t Task, files int, each, kept int64) bool {
	affordable := (n.left - kept) / each
	t.Limit = int(min(int64(files), affordable))
	if t.Limit <= 0 {
		return false
	}
	n.left -= int64(t.Limit) * each
	n.tasks = append(n.tasks, t)
	return true
}

func (n *next) root(r KnownRoot, l Ledger) {
	at := l.Find(r.Digest)
	if at < 0 || l.Generations[at].Pruned {
		return // nothing is known that could be looked at
	}
	before := len(n.tasks)
	n.all(r, LevelIndexes, repo.Digest{}, n.budget.Indexes)
	base := deltaBase(r, l, at)
	sample, sampled := r.find(LevelSample)
	unproven := r.Held != r.Digest && base.IsZero() // with nothing to take a delta to
	if r.Held != r.Digest && !unproven {
		n.all(r, LevelDelta, base, 0)
	}
	if newest := l.newest().Root; newest != r.Digest {
		n.all(r, LevelRemoved, newest, n.budget.Indexes) // what is old may be deleted at any time
	}
	n.again(r)
	kept := n.budget.Bytes / 4
	files := 0
	switch {
	case r.Sampled.IsZero(), unproven && r.Held.IsZero() && !sampled:
		files = n.budget.First
	case n.now.Sub(r.Sampled) >= n.budget.Sample, sampled && sample.Checked < min(n.budget.Samples, sample.Of) && n.restIsDue(r):
		files = n.budget.Samples
	}
	if files > 0 {
		seed := n.random.Uint64()
		if n.add(Task{Root: r.Name, Level: LevelSample, Generation: r.Digest, Seed: seed}, files, bytesPerHead, kept) {
			n.add(Task{Root: r.Name, Level: LevelBytes, Generation: r.Digest, Seed: seed}, n.budget.Ranges, bytesPerRange, kept)
		}
	}
	if len(n.tasks) == before && (unproven && !r.Held.IsZero() || n.sweepIsDue(r)) { // when nothing else is to be done
		n.add(Task{Root: r.Name, Level: LevelSweep, Generation: r.Digest, After: r.Sweep.After}, n.budget.Files, bytesPerHead, kept)
	}
}

// restIsDue reports whether a sample that was small for the sake of others is to be followed
// by a whole one: at some time within [SampleRest], and not for all repositories at once.
func (n *next) restIsDue(r KnownRoot) bool {
	age := n.now.Sub(r.Sampled)
	return age >= SampleRest || n.random.Float64() < float64(n.budget.Period)/float64(SampleRest-age)
}

// deltaBase is the generation that the files of the one at the position are compared with:
// the one held last, or else the one before; the zero digest where neither's are kept.
func deltaBase(r KnownRoot, l Ledger, at int) repo.Digest {
	if i := l.Find(r.Held); i >= 0 && !l.Generations[i].Pruned {
		return r.Held
	}
	if at > 0 && !l.Generations[at-1].Pruned {
		return l.Generations[at-1].Root
	}
	return repo.Digest{}
}

// all is a level that looks at all of its files: for the first time, where it was not
// complete from where it stopped, and where more was wrong than is listed, or after some
// time, once more.
func (n *next) all(r KnownRoot, level Level, against repo.Digest, every time.Duration) {
	t := Task{Root: r.Name, Level: level, Generation: r.Digest, Against: against}
	c, known := r.find(level)
	switch {
	case !known || c.Against != against:
	case c.Checked < c.Of:
		t.Skip = c.Checked
	case !c.complete(), c.BadCount > 0 && len(c.Bad) == 0:
	case every > 0 && n.now.Sub(c.At) >= every:
	default:
		return
	}
	n.add(t, n.budget.Files, bytesPerHead, 0)
}

// again looks again at what was wrong, the more seldom the longer it has been so.
func (n *next) again(r KnownRoot) {
	var paths []string
	due := func(f FileSeen) bool {
		gap := n.budget.Period / 2 // what was looked at in this look is not looked at again
		if age := f.At.Sub(f.Since); age > time.Hour {
			gap = max(gap, min(age/4, n.budget.Indexes))
		}
		return n.now.Sub(f.At) >= gap && !slices.Contains(paths, f.Path)
	}
	for _, f := range r.Doubts {
		if !slices.Contains(paths, f.Path) {
			paths = append(paths, f.Path)
		}
	}
	for _, c := range r.Checks {
		for _, f := range c.Bad {
			if due(f) {
				paths = append(paths, f.Path)
			}
		}
	}
	if len(paths) > 0 { // few enough: lists are bounded
		n.add(Task{Root: r.Name, Level: LevelAgain, Generation: r.Digest, Paths: paths}, len(paths), bytesPerHead, 0)
	}
}

// sweepIsDue reports whether all files are to be looked at: when the site is new, each
// week, when a sample found something wrong, and where a sweep is under way.
func (n *next) sweepIsDue(r KnownRoot) bool {
	for _, c := range r.Checks {
		found := c.unlisted() > 0 && len(c.Bad) == 0
		for _, f := range c.Bad {
			found = found || f.Fault.Says() && f.Since.After(r.Swept)
		}
		if found && (c.Level == LevelSample || c.Level == LevelBytes || c.Level == LevelSweep) {
			return true
		}
	}
	return r.Doubtful || !r.Sweep.Began.IsZero() || n.now.Sub(r.Swept) >= n.budget.Sweep
}
