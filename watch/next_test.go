package watch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// tasksOf writes tasks as words, with where they go on and how many files they take.
func tasksOf(tasks []Task) string {
	var words []string
	for _, t := range tasks {
		word := string(t.Level)
		for name, root := range letters {
			if root == t.Against && name != "none" {
				word += ":" + name
			}
		}
		if t.Skip > 0 {
			word += fmt.Sprintf("+%d", t.Skip)
		}
		if t.After != "" {
			word += "+" + t.After
		}
		if len(t.Paths) > 0 {
			word += "(" + strings.Join(t.Paths, " ") + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// TestNext is what is looked at next, one situation a line. The words are those of
// TestJudge; besides, a level with a time is a sound check of then, of all files or, with
// 3/9, of the first three of nine.
func TestNext(t *testing.T) {
	const sound = "indexes@10m sampled@1h swept@1h"
	for _, tt := range []struct{ situation, tasks string }{
		{"v4 C " + sound, ""},
		{"v4 C indexes@61m sampled@1h swept@1h", "indexes"},
		{"v4 C indexes@10m sampled@25h swept@1h", "sample bytes"},
		{"v4 C indexes@10m sampled@1h swept@169h", "sweep"},
		{"v4 C indexes@10m sampled@1h", "sweep"}, // on admission
		{"v4 C indexes@10m sampled@1h swept@169h sweeping@m", "sweep+m"},
		{"v4 C indexes@10m sampled@1h swept@1h sweeping@m", "sweep+m"},
		{"v4 C", "indexes sample bytes"}, // the sweep comes when nothing else is to be done

		// a new root
		{"v4 C? held:B sampled@1h swept@1h", "indexes delta:B"},
		{"v4 C? held:A sampled@1h swept@1h", "indexes delta:A"},
		{"v4 C? sampled@1h swept@1h", "indexes delta:B"},
		{"v4 A? swept@1h", "indexes removed:C sample bytes"}, // there is none before it
		{"v4 A? indexes@1m removed:C@1m sampled@1h swept@1h", "sample bytes"},
		{"v4 C? held:B indexes@1m delta:B@1m,3/9 sampled@1h swept@1h", "delta:B+3"},
		{"v4 C? held:B indexes@1m,2/5 delta:B@1m sampled@1h swept@1h", "indexes+2"},
		{"v4 C? held:A indexes@1m delta:B@1m sampled@1h swept@1h", "delta:A"}, // to another one than asked for now

		// an old one
		{"v4 B " + sound, "removed:C"},
		{"v4 B removed:C@1m " + sound, ""},
		{"v4 B removed:A@1m " + sound, "removed:C"},

		// what was wrong, and what nobody can look at
		{"v4 C? held:B indexes@1m delta:missing sampled@1h swept@1h", "delta:B again(pool/f.deb)"},
		{"v4 C sample:missing " + sound, "again(pool/f.deb)"},
		{"v4 C doubt " + sound, "again(pool/d.deb)"},
		{"v4 C doubtful " + sound, "sweep"},
		{"v4 X " + sound, ""},
		{"v4 C down:1", ""},
		{"v4 gone C", ""},
		{"v4 never", ""},
	} {
		var words []string
		k := Known{}
		for word := range strings.FieldsSeq(tt.situation) {
			if !strings.Contains(word, "@") && word != "doubtful" {
				words = append(words, word)
			}
		}
		k = readEndpoint(t, words)
		for word := range strings.FieldsSeq(tt.situation) {
			name, at, is := strings.Cut(word, "@")
			if word == "doubtful" {
				k.Roots[0].Doubtful = true
			}
			if !is || len(k.Roots) == 0 {
				continue
			}
			r := &k.Roots[0]
			at, part, parted := strings.Cut(at, ",")
			switch name {
			case "swept":
				r.Swept = ago(t, at)
			case "sampled":
				r.Sampled = ago(t, at)
			case "sweeping":
				r.Sweep = Sweep{Began: ago(t, "1h"), After: at, Checked: 5}
			default:
				level, against, _ := strings.Cut(name, ":")
				c := Check{Level: Level(level), Root: r.Digest, Against: letters[against], At: ago(t, at), Checked: 9, Of: 9}
				if parted {
					fmt.Sscanf(part, "%d/%d", &c.Checked, &c.Of)
				}
				r.Checks = append(r.Checks, c)
			}
		}
		for i := range k.Roots {
			for j, c := range k.Roots[i].Checks {
				for f := range c.Bad {
					k.Roots[i].Checks[j].Bad[f].At = ago(t, "2m")
				}
			}
		}
		if got := tasksOf(Next(k, Site{}, theSource(), theRepository, Budget{}, noon, newRandom(1))); got != tt.tasks {
			t.Errorf("%s: %q, expected %q", tt.situation, got, tt.tasks)
		}
		if tasks := Next(k, Site{Paused: true}, theSource(), theRepository, Budget{}, noon, newRandom(1)); len(tasks) > 0 {
			t.Errorf("%s, paused: %+v", tt.situation, tasks)
		}
	}
}

// TestNextPruned: what the ledger has no files for is not looked at, and no delta is taken
// to it.
func TestNextPruned(t *testing.T) {
	source := theSource()
	source.Ledgers[0].Generations[0].Pruned = true
	for situation, want := range map[string]string{
		"v4 A":         "",
		"v4 B? held:A": "indexes removed:C sample bytes",
		"v4 C? held:A": "indexes delta:B sample bytes",
	} {
		if got := tasksOf(Next(readEndpoint(t, strings.Fields(situation)), Site{}, source, theRepository, Budget{}, noon, newRandom(1))); got != want {
			t.Errorf("%s: %q, expected %q", situation, got, want)
		}
	}
	// Where there is nothing to take a delta to, a sweep proves the root.
	k := readEndpoint(t, []string{"v4", "B?", "held:A"})
	r := &k.Roots[0]
	r.Sampled, r.Swept = noon, noon
	r.Checks = []Check{{Level: LevelIndexes, Root: r.Digest, At: noon, Checked: 5, Of: 5}, {Level: LevelRemoved, Root: r.Digest, Against: letters["C"], At: noon}}
	if got := tasksOf(Next(k, Site{}, source, theRepository, Budget{}, noon, newRandom(1))); got != "sweep" {
		t.Error(got)
	}
}

// TestNextAgain: what is wrong for long is looked at more and more seldom.
func TestNextAgain(t *testing.T) {
	for _, tt := range []struct {
		wrong, looked string
		due           bool
	}{
		{"20m", "1m", true},
		{"20m", "10s", false}, // in this look
		{"9h", "30m", false},
		{"9h", "61m", true},
		{"2h", "30m", true},
		{"2h", "10m", false},
	} {
		k := readEndpoint(t, strings.Fields("v4 C sample:missing"))
		r := &k.Roots[0]
		f := &r.Checks[0].Bad[0]
		f.Since, f.At = ago(t, tt.wrong), ago(t, tt.looked)
		tasks := Next(k, Site{}, theSource(), theRepository, Budget{}, noon, newRandom(1))
		if due := slices.ContainsFunc(tasks, func(t Task) bool { return t.Level == LevelAgain }); due != tt.due {
			t.Errorf("wrong for %s and looked at %s ago: again is %v, expected %v", tt.wrong, tt.looked, due, tt.due)
		}
	}
}

// TestNextBudget: a new generation may spend what is left of a day, the rest leaves it a
// quarter, and the next day begins anew.
func TestNextBudget(t *testing.T) {
	const budget = 1000 * bytesPerHead
	for _, tt := range []struct {
		situation string
		spent     int64
		since     string
		tasks     string
		limit     int // of the first
	}{
		{"v4 C", 0, "1h", "indexes sample", 500},
		{"v4 C? held:B", 0, "1h", "indexes delta:B", 500},
		{"v4 C? held:B", budget - 300*bytesPerHead, "1h", "indexes", 300},
		{"v4 C? held:B", budget, "1h", "", 0},
		{"v4 C? held:B", 2 * budget, "1h", "", 0},
		{"v4 C? held:B", 2 * budget, "25h", "indexes delta:B", 500},
	} {
		k := readEndpoint(t, strings.Fields(tt.situation))
		k.Spent, k.SpentSince = tt.spent, ago(t, tt.since)
		tasks := Next(k, Site{}, theSource(), theRepository, Budget{Bytes: budget}, noon, newRandom(1))
		if got := tasksOf(tasks); got != tt.tasks || len(tasks) > 0 && tasks[0].Limit != tt.limit {
			t.Errorf("%s, spent %d: %q with %+v", tt.situation, tt.spent, got, tasks)
		}
	}
}

// TestFirst: roots are asked for conditionally, and now and then not.
func TestFirst(t *testing.T) {
	k := readEndpoint(t, strings.Fields("v4 C"))
	r := theRepository
	r.Directories = []string{"pub"}
	random := newRandom(1)
	conditional := 0
	for range 1000 {
		tasks := First(k, Site{}, r, random)
		if tasksOf(tasks) != "root stamp" {
			t.Fatal(tasks)
		}
		if tasks[0].Generation == letters["C"] {
			conditional++
		}
	}
	if conditional < 900 || conditional > 990 {
		t.Errorf("%d of 1000 are conditional", conditional)
	}
	if tasks := First(k, Site{Paused: true}, r, random); len(tasks) > 0 {
		t.Error("a site that is paused is looked at")
	}
}

// TestWait: sites are not looked at in step, and the more seldom the longer they do not
// answer.
func TestWait(t *testing.T) {
	random := newRandom(1)
	for _, tt := range []struct {
		failures int
		spent    int64
		site     Site
		least    time.Duration
		most     time.Duration
	}{
		{0, 0, Site{}, 81 * time.Second, 99 * time.Second},
		{0, 0, Site{Period: 10 * time.Minute}, 9 * time.Minute, 11 * time.Minute},
		{0, 65 << 20, Site{}, 324 * time.Second, 396 * time.Second},
		{1, 0, Site{}, 90 * time.Second, 135 * time.Second},
		{2, 0, Site{}, 90 * time.Second, 135 * time.Second},
		{3, 0, Site{}, 180 * time.Second, 270 * time.Second},
		{5, 0, Site{}, 720 * time.Second, 1080 * time.Second},
		{1000, 0, Site{}, time.Hour, 90 * time.Minute},
		{1000, 0, Site{Period: 24 * time.Hour}, 24 * time.Hour, 36 * time.Hour},
	} {
		seen := map[time.Duration]bool{}
		for range 100 {
			w := Wait(Known{Failures: tt.failures, Spent: tt.spent}, tt.site, Budget{}, random)
			if w < tt.least || w > tt.most {
				t.Errorf("%d failures, %d bytes, period %s: %s, expected %s to %s", tt.failures, tt.spent, tt.site.Period, w, tt.least, tt.most)
			}
			seen[w] = true
		}
		if len(seen) < 90 {
			t.Errorf("%d failures: in step", tt.failures)
		}
	}
}

// TestFirstSample: in a large fleet the first sample is small, and a whole one follows
// within two hours.
func TestFirstSample(t *testing.T) {
	random := newRandom(1)
	budget := Budget{First: 10}
	k := Known{Roots: []KnownRoot{{Name: "debian/stable", Digest: digest(1), Since: noon}}}
	source := SourceKnown{Ledgers: []Ledger{{Name: "debian/stable", Generations: []Generation{{Root: digest(1), Published: noon, Complete: true}}}}}
	r := Repository{Roots: []Root{{Name: "debian/stable"}}}
	sample := func(now time.Time) int {
		for _, task := range Next(k, Site{}, source, r, budget, now, random) {
			if task.Level == LevelSample {
				return task.Limit
			}
		}
		return 0
	}
	if n := sample(noon); n != 10 {
		t.Fatalf("the first sample has %d files, expected 10", n)
	}
	k.Roots[0].Held, k.Roots[0].Sampled = digest(1), noon
	k.Roots[0].Checks = []Check{{Level: LevelSample, Root: digest(1), At: noon, Checked: 10, Of: 5000}}
	if n := sample(noon.Add(SampleRest)); n != 299 {
		t.Errorf("after two hours the sample has %d files, expected 299", n)
	}
	early := 0
	for range 1000 {
		if sample(noon.Add(90*time.Second)) > 0 {
			early++
		}
	}
	if early < 1 || early > 50 {
		t.Errorf("%d of 1,000 sites get the whole sample in the next look; expected about 13", early)
	}
	k.Roots[0].Checks[0].Checked = 299
	if n := sample(noon.Add(3 * time.Hour)); n != 0 {
		t.Errorf("a whole sample is followed by %d files on the same day", n)
	}
}
