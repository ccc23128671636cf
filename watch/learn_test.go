package watch

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// diary folds observations of one root into what is known, one a minute.
type diary struct {
	t     *testing.T
	at    time.Time
	known Known
}

func (d *diary) see(seen RootSeen) KnownRoot {
	d.t.Helper()
	d.at = d.at.Add(time.Minute)
	seen.Name = rootName
	before := d.known
	text := mustJSON(d.t, before)
	d.known = Learn(before, Observation{At: d.at, Roots: []RootSeen{seen}}, Settings{})
	if mustJSON(d.t, before) != text {
		d.t.Errorf("what was known is changed: %s", text)
	}
	return d.root()
}

func (d *diary) root() KnownRoot {
	if len(d.known.Roots) == 0 {
		return KnownRoot{}
	}
	return d.known.Roots[0]
}

// found is a check of so many files on a level, of which those of the paths are missing.
func found(level Level, root string, checked, of int, missing ...string) Check {
	c := Check{Level: level, Root: letters[root], Checked: checked, Of: of, BadCount: len(missing)}
	for _, p := range missing {
		c.Bad = append(c.Bad, FileSeen{Path: p, Fault: FaultMissing})
	}
	return c
}

func shows(root string, checks ...Check) RootSeen {
	return RootSeen{Digest: letters[root], Checks: checks}
}

func checks(c ...Check) RootSeen { return RootSeen{Checks: c} }

// bad lists what is known to be wrong, doubts with a question mark.
func (r KnownRoot) bad() (paths []string) {
	for _, c := range r.Checks {
		for _, f := range c.Bad {
			paths = append(paths, f.Path)
		}
	}
	for _, f := range r.Doubts {
		paths = append(paths, f.Path+"?")
	}
	return paths
}

func TestLearnRoots(t *testing.T) {
	d := &diary{t: t, at: noon}
	r := d.see(shows("A"))
	if r.Digest != letters["A"] || !r.Since.Equal(d.at) || !r.Seen.Equal(d.at) || !r.Before.IsZero() {
		t.Fatalf("the first root: %+v", r)
	}
	since := r.Since
	if r = d.see(RootSeen{NotModified: true}); r.Digest != letters["A"] || !r.Since.Equal(since) || !r.Seen.Equal(d.at) {
		t.Errorf("not modified: %+v", r)
	}
	if r = d.see(RootSeen{Fault: FaultUnreachable, Detail: "500"}); r.Digest != letters["A"] || r.Failures != 0 || d.known.Failures != 1 {
		t.Errorf("one root without an answer is an endpoint without one: %+v", d.known)
	}
	if r = d.see(RootSeen{Fault: FaultMissing}); r.Digest != letters["A"] || r.Fault != FaultMissing || d.known.Failures != 0 {
		t.Errorf("no root is an answer: %+v", d.known)
	}
	if r = d.see(shows("B")); r.Digest != letters["B"] || r.Before != letters["A"] || r.Fault != FaultNone || !r.Since.Equal(d.at) || len(r.Shown) != 2 {
		t.Errorf("the next root: %+v", r)
	}
	d.known = Learn(d.known, Observation{At: d.at.Add(-time.Hour), Roots: []RootSeen{{Name: rootName, Digest: letters["A"]}}}, Settings{})
	if d.root().Digest != letters["B"] {
		t.Error("an observation that is older than the last one counts")
	}
	d.known = Learn(d.known, Observation{At: d.at, Fault: FaultUnreachable}, Settings{})
	d.see(checks(found(LevelIndexes, "B", 5, 5)))
	if d.known.Failures != 1 {
		t.Error("a look at files alone tells whether the root answers")
	}
	took := Learn(d.known, Observation{At: d.at, Took: 10 * time.Second, Roots: []RootSeen{{Name: rootName, Digest: letters["C"]}}}, Settings{}).Roots[0]
	if !took.Since.Equal(d.at.Add(10*time.Second)) || !took.Seen.Equal(d.at) {
		t.Errorf("a root that was read within ten seconds is there since %s, and was seen at %s", took.Since, took.Seen)
	}
	for range 100 {
		d.see(shows("A"))
		r = d.see(shows("B"))
	}
	if len(r.Shown) != maxShown || len(r.Changes) != maxShown || r.Shown[maxShown-1].Root != letters["B"] {
		t.Errorf("%d roots are remembered, expected %d", len(r.Shown), maxShown)
	}
}

// TestLearnChecks follows what is wrong at a site, look by look.
func TestLearnChecks(t *testing.T) {
	again := func(root string, bad []string, right ...string) RootSeen {
		c := found(LevelAgain, root, len(bad)+len(right), len(bad)+len(right), bad...)
		c.Right = right
		return checks(c)
	}
	unanswered := func(c Check) RootSeen {
		for i := range c.Bad {
			c.Bad[i].Fault = FaultUnreachable
		}
		return checks(c)
	}
	type step struct {
		what string
		seen RootSeen
		bad  []string
		held string
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"indexes and a sample prove the first root, indexes and a delta the next", []step{
			{"the root alone", shows("A"), nil, ""},
			{"indexes", checks(found(LevelIndexes, "A", 5, 5)), nil, ""},
			{"a sample", checks(found(LevelSample, "A", 9, 100)), nil, "A"},
			{"the next root", shows("B"), nil, "A"},
			{"a delta of it", checks(found(LevelDelta, "B", 9, 9)), nil, "A"},
			{"a sample is not enough, nor is a delta", checks(found(LevelSample, "B", 9, 100)), nil, "A"},
			{"indexes", checks(found(LevelIndexes, "B", 5, 5)), nil, "B"},
		}},
		{"a sample alone proves nothing new of who held something before", []step{
			{"the first root", shows("A", found(LevelIndexes, "A", 5, 5), found(LevelSample, "A", 9, 100)), nil, "A"},
			{"the next", shows("B", found(LevelIndexes, "B", 5, 5), found(LevelSample, "B", 9, 100)), nil, "A"},
			{"a part of the delta", checks(found(LevelDelta, "B", 4, 9)), nil, "A"},
			{"a sweep", checks(found(LevelSweep, "B", 105, 105)), nil, "B"},
		}},
		{"checks of another root say nothing", []step{
			{"root and checks", shows("B", found(LevelIndexes, "A", 5, 5, "i"), found(LevelDelta, "A", 5, 5)), nil, ""},
			{"a root that moved", RootSeen{Moved: true, Checks: []Check{found(LevelIndexes, "B", 5, 5, "i")}}, nil, ""},
		}},
		{"a check in parts", []step{
			{"the first part", shows("B", found(LevelIndexes, "B", 5, 5), found(LevelDelta, "B", 4, 10, "x")), []string{"x"}, ""},
			{"the last part is not next", checks(Check{Level: LevelDelta, Root: letters["B"], Skip: 8, Checked: 2, Of: 10}), []string{"x"}, ""},
			{"the next part", checks(Check{Level: LevelDelta, Root: letters["B"], Skip: 4, Checked: 6, Of: 10}), []string{"x"}, ""},
			{"x again", again("B", nil, "x"), nil, "B"},
		}},
		{"a sweep in parts, over a new root", []step{
			{"the first part", shows("A", found(LevelIndexes, "A", 5, 5), Check{Level: LevelSweep, Root: letters["A"], Checked: 5, Of: 10, Last: "m", BadCount: 1, Bad: []FileSeen{{Path: "c", Fault: FaultMissing}}}), []string{"c"}, ""},
			{"a new root", shows("B"), []string{"c?"}, ""},
			{"the last part", checks(Check{Level: LevelSweep, Root: letters["B"], After: "m", Checked: 5, Of: 10}), []string{"c?"}, ""},
			{"a whole sweep", checks(Check{Level: LevelSweep, Root: letters["B"], Checked: 10, Of: 10}), nil, ""},
			{"indexes", checks(found(LevelIndexes, "B", 5, 5)), nil, "B"},
		}},
		{"a sample adds, and only the file itself heals", []step{
			{"a sample", shows("A", found(LevelIndexes, "A", 5, 5), found(LevelSample, "A", 9, 100, "x")), []string{"x"}, ""},
			{"another sample", checks(found(LevelSample, "A", 9, 100, "y")), []string{"y", "x"}, ""},
			{"a sound sample", checks(found(LevelSample, "A", 9, 100)), []string{"y", "x"}, ""},
			{"again", again("A", []string{"y"}, "x"), []string{"y"}, ""},
			{"again", again("A", nil, "y"), nil, "A"},
		}},
		{"a sweep looks at sizes: wrong bytes stay wrong", []step{
			{"bytes", shows("A", Check{Level: LevelBytes, Root: letters["A"], Checked: 3, Of: 100, BadCount: 2, Bad: []FileSeen{{Path: "x", Fault: FaultDigest}, {Path: "y", Fault: FaultMissing}}}), []string{"x", "y"}, ""},
			{"a sweep", checks(found(LevelSweep, "A", 105, 105)), []string{"x"}, ""},
			{"again", again("A", nil, "x"), nil, ""},
		}},
		{"what lacks under one root is doubtful under the next", []step{
			{"sound", shows("A", found(LevelIndexes, "A", 5, 5), found(LevelSample, "A", 9, 100)), nil, "A"},
			{"a sample", checks(found(LevelSample, "A", 9, 100, "x", "y")), []string{"x", "y"}, "A"},
			{"the next root", shows("B", found(LevelIndexes, "B", 5, 5), found(LevelDelta, "B", 5, 5)), []string{"x?", "y?"}, "A"},
			{"y is wrong there too, x is not named any more", again("B", []string{"y"}, "x"), []string{"y"}, "A"},
			{"it heals", again("B", nil, "y"), nil, "B"},
		}},
		{"what a delta names anyway is no doubt", []step{
			{"sound", shows("A", found(LevelIndexes, "A", 5, 5), found(LevelSample, "A", 9, 100)), nil, "A"},
			{"new and half there", shows("B", found(LevelIndexes, "B", 5, 5, "i"), found(LevelDelta, "B", 9, 9, "x")), []string{"i", "x"}, "A"},
			{"the next root", shows("C"), nil, "A"},
		}},
		{"what lacks of a first root is doubtful", []step{
			{"half there", shows("A", found(LevelIndexes, "A", 5, 5), found(LevelDelta, "A", 9, 9, "x")), []string{"x"}, ""},
			{"the next root", shows("B", found(LevelIndexes, "B", 5, 5), found(LevelDelta, "B", 9, 9)), []string{"x?"}, ""},
		}},
		{"no answer takes nothing away", []step{
			{"new and half there", shows("B", found(LevelIndexes, "B", 5, 5), found(LevelDelta, "B", 9, 9, "x")), []string{"x"}, ""},
			{"no answer", unanswered(found(LevelDelta, "B", 9, 9, "x", "y")), []string{"x", "y"}, ""},
			{"again, no answer for y", unanswered(found(LevelAgain, "B", 2, 2, "x", "y")), []string{"x", "y"}, ""},
			{"both are there", again("B", nil, "x", "y"), nil, "B"},
		}},
		{"a level that is looked at again replaces what it said", []step{
			{"half there", shows("B", found(LevelIndexes, "B", 5, 5, "i"), found(LevelDelta, "B", 9, 9, "x")), []string{"i", "x"}, ""},
			{"indexes", checks(found(LevelIndexes, "B", 5, 5)), []string{"x"}, ""},
			{"the delta", checks(found(LevelDelta, "B", 9, 9)), nil, "B"},
		}},
		{"a check for which the ledger has no files is none", []step{
			{"root", shows("B", found(LevelIndexes, "B", 5, 5), Check{Level: LevelDelta, Root: letters["B"], Detail: "the ledger does not have its files"}), nil, ""},
			{"sweep", checks(Check{Level: LevelSweep, Root: letters["B"], Detail: "the ledger does not have its files"}), nil, ""},
		}},
	} {
		d := &diary{t: t, at: noon}
		for _, s := range tt.steps {
			r := d.see(s.seen)
			if !slices.Equal(r.bad(), s.bad) || r.Held != letters[s.held] {
				t.Errorf("%s: %s: wrong are %v and held is %s; expected %v and %s", tt.name, s.what, r.bad(), r.Held, s.bad, letters[s.held])
			}
			checkKnown(t, d.known)
		}
	}
}

// TestLearnUnlisted: where more is wrong than is listed, only a look at all of it heals.
func TestLearnUnlisted(t *testing.T) {
	d := &diary{t: t, at: noon}
	many := found(LevelSample, "A", 50, 100, "x", "y")
	many.BadCount = 40
	d.see(shows("A", found(LevelIndexes, "A", 5, 5), many))
	again := Check{Level: LevelAgain, Root: letters["A"], Right: []string{"x", "y"}}
	r := d.see(checks(again))
	if c, _ := r.find(LevelSample); c.BadCount != 38 || !r.Held.IsZero() {
		t.Fatalf("%+v", r)
	}
	if r = d.see(shows("B", found(LevelIndexes, "B", 5, 5), found(LevelDelta, "B", 5, 5))); !r.Doubtful || !r.Held.IsZero() {
		t.Fatalf("nobody knows whether the others are there now: %+v", r)
	}
	if r = d.see(checks(found(LevelSweep, "B", 100, 100))); r.Doubtful || r.Held != letters["B"] {
		t.Fatalf("all were looked at: %+v", r)
	}
}

// TestLearnUnansweredMany: a server that stops answering in the midst of a look is not
// wrong for that.
func TestLearnUnansweredMany(t *testing.T) {
	d := &diary{t: t, at: noon}
	d.see(shows("A", found(LevelIndexes, "A", 5, 5), found(LevelSample, "A", 50, 100)))
	c := Check{Level: LevelDelta, Root: letters["B"], Checked: 300, Of: 300, BadCount: 250, Unanswered: 250}
	for i := range 20 {
		c.Bad = append(c.Bad, FileSeen{Path: string(rune('a' + i)), Fault: FaultUnreachable})
	}
	d.see(shows("B", found(LevelIndexes, "B", 5, 5), c))
	v := Judge(theRepository, Site{}, theSource(), []Known{d.known}, Verdict{}, Blindness{}, Settings{}, d.at)
	if v.State != Unknown || v.Reason != NotYet {
		t.Errorf("%s %s\n%s", v.State, v.Reason, sentences(v))
	}
	tasks := Next(d.known, Site{}, theSource(), theRepository, Budget{}, d.at.Add(time.Minute), newRandom(1))
	if !slices.ContainsFunc(tasks, func(t Task) bool { return t.Level == LevelDelta && t.Skip == 0 }) {
		t.Errorf("the delta is not looked at again: %+v", tasks)
	}
}

// checkKnown holds what is true of all that is known.
func checkKnown(t rapid.TB, k Known) {
	t.Helper()
	for _, r := range k.Roots {
		if len(r.Shown) != len(r.Changes) || len(r.Shown) > maxShown || len(r.Doubts) > maxBad || r.Seen.Before(r.Since) && r.Since.Sub(r.Seen) > time.Hour {
			t.Errorf("%+v", r)
		}
		levels := map[Level]bool{}
		for _, c := range r.Checks {
			if levels[c.Level] {
				t.Errorf("two checks of level %s", c.Level)
			}
			levels[c.Level] = true
			if c.Root != r.Digest && c.Level != LevelAgain {
				t.Errorf("a check of another root: %+v", c)
			}
			listed := len(c.Bad) - c.says()
			if c.BadCount < len(c.Bad) || c.unlisted() < 0 || c.Unanswered < listed || c.Checked > c.Of || c.Skip != 0 {
				t.Errorf("counts that cannot be: %+v", c)
			}
			for _, f := range c.Bad {
				if f.Fault == FaultNone || f.Looks < 1 || f.Since.After(f.At) {
					t.Errorf("%+v", f)
				}
			}
		}
	}
}
