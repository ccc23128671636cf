package watch

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// defaultMaxAge is how old a timestamp may be where a repository does not say it.
const defaultMaxAge = 12 * time.Hour

// stamps judges the timestamps that one endpoint shows, each against that of the same
// directory at the source. The local clock counts only where the source's is not known.
//
// Every directory counts that the site ever served, or that it has to hold: one that stands
// still, or was lost, is not hidden by others that go on.
func (j *judging) stamps(k *Known) finding {
	var fs []finding
	served, changed := 0, 0
	for _, directory := range j.repository.Directories {
		i := slices.IndexFunc(k.Stamps, func(t KnownStamp) bool { return t.Directory == directory })
		t := KnownStamp{Directory: directory}
		if i >= 0 {
			t = k.Stamps[i]
			changed = max(changed, t.Changed)
		}
		switch {
		case !t.Stamp.IsZero():
			served++
			fs = append(fs, j.stamp(k, t))
		case slices.Contains(j.site.Directories, directory):
			e := j.sayStamp(k, t, "%s has never shown a timestamp: %s", directory, cmp.Or(t.Detail, "it was not there"))
			fs = append(fs, finding{state: Behind, reason: StampStale, evidence: []Evidence{e}})
		}
	}
	switch {
	case served == 0 && len(fs) == 0:
		e := j.sayStamp(k, KnownStamp{}, "no timestamp has been seen yet")
		return finding{state: Unknown, reason: NotYet, evidence: []Evidence{e}}
	case changed < j.site.SlowStart:
		e := j.sayStamp(k, KnownStamp{}, "the timestamp has changed %d of the %d times that are asked for before the site counts", changed, j.site.SlowStart)
		return finding{state: Unknown, reason: NotYet, evidence: []Evidence{e}}
	}
	if j.repository.NewestStamp && served > 0 {
		newest := slices.MaxFunc(fs, func(a, b finding) int { return a.stamp.Compare(b.stamp) })
		return newest
	}
	sum := worst(fs)
	sum.evidence = nil
	for _, f := range fs {
		if f.state != InSync || sum.state == InSync {
			sum.evidence = append(sum.evidence, f.evidence...)
		}
		if f.stamp.Before(sum.stamp) && !f.stamp.IsZero() || sum.stamp.IsZero() {
			sum.stamp = f.stamp
		}
		if !f.stale.IsZero() && (sum.stale.IsZero() || f.stale.Before(sum.stale)) {
			sum.stale = f.stale
		}
	}
	sum.evidence = slices.Clip(sum.evidence[:min(len(sum.evidence), maxEvidence)])
	return sum
}

func (j *judging) sayStamp(k *Known, t KnownStamp, format string, args ...any) Evidence {
	e := Evidence{Endpoint: k.Endpoint, Level: LevelStamp, Path: t.Directory, Fault: t.Fault, Detail: t.Detail, At: k.Last, Text: fmt.Sprintf(format, args...)}
	if !t.Stamp.IsZero() {
		e.Seen = moment(t.Stamp)
	}
	return e
}

// stamp judges one directory.
func (j *judging) stamp(k *Known, t KnownStamp) finding {
	source, known := j.source.Stamps[t.Directory]
	if !known {
		source = j.source.Planted
	}
	if source.IsZero() {
		source = j.now
	}
	newest := source
	if k.Answered.Before(newest) { // what was planted since the last look says nothing
		newest = k.Answered
	}
	age := max(0, newest.Sub(t.Stamp))
	f := finding{state: InSync, stamp: t.Stamp}
	switch oldest := cmp.Or(j.repository.MaxAge, defaultMaxAge); {
	case t.Stamp.After(source.Add(j.settings.Tolerance)) && t.Stamp.After(j.now.Add(j.settings.Tolerance)):
		f.state, f.reason = Foreign, StampFuture
		f.evidence = []Evidence{j.sayStamp(k, t, "the timestamp in %s is of the future: %s", t.Directory, moment(t.Stamp))}
	case t.Begin > 0 && t.End > 0 && t.Begin > t.End:
		f.state, f.reason, f.stale = HalfSynced, Copying, t.Stamp
		f.evidence = []Evidence{j.sayStamp(k, t, "%s is being copied: it begins with number %d and ends with number %d", t.Directory, t.Begin, t.End)}
	case !t.Back.IsZero() && j.now.Sub(t.Back) <= j.settings.FlapWindow:
		f.state, f.reason, f.stale = Incoherent, Backwards, t.Back
		f.evidence = []Evidence{j.sayStamp(k, t, "the timestamp in %s went back at %s", t.Directory, moment(t.Back))}
	case age > oldest:
		f.state, f.reason, f.stale = Behind, StampStale, t.Stamp
		text := "the timestamp in %s is of %s, %s older than that of the source"
		if t.Fault != FaultNone {
			text = "the timestamp in %s is lost; the last one was of %s, %s older than that of the source"
		}
		f.evidence = []Evidence{j.sayStamp(k, t, text, t.Directory, moment(t.Stamp), age.Round(time.Second))}
		f.evidence[0].Expected = moment(source)
	default:
		f.evidence = []Evidence{j.sayStamp(k, t, "the timestamp in %s is of %s, %s older than that of the source", t.Directory, moment(t.Stamp), age.Round(time.Second))}
	}
	return f
}
