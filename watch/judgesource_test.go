package watch

import (
	"maps"
	"strings"
	"testing"
	"time"
)

// TestJudgeSource is whether sites can be judged by a source, one situation a line; "C!" is
// a generation that it was not found to hold yet.
func TestJudgeSource(t *testing.T) {
	for _, tt := range []struct {
		situation string
		ledger    string
		broken    string // a part of the reason, "" for a sound one
		complete  string // the newest generation that sites are judged by afterwards
	}{
		{"v4 C", "A B C", "", "C"},
		{"v4 C", "A B C!", "", "C"}, // found complete now
		{"v4 C?", "A B C!", "", "B"},
		{"v4 C?", "C!", "has not been found complete yet", ""},
		{"v4 C", "C!", "", "C"},
		{"v4 C? held:B delta:missing", "A B C!", "HALF_SYNCED", "B"},
		{"v4 C sample:missing", "A B C", "HALF_SYNCED", "C"},
		{"v4 C? held:B delta:missing | v6 C", "A B C!", "", "C"}, // one way to it is enough
		{"v4 C | v6 down:9", "A B C", "", "C"},
		{"v4 C down:2", "A B C", "", "C"},
		{"v4 C down:3", "A B C", "does not answer", "C"},
		{"v4 gone C", "A B C", "HALF_SYNCED", "C"},
		{"v4 B", "A B C", "BEHIND", "C"},
		{"v4 X since:5m", "A B C", "", "C"}, // it publishes just now
		{"v4 C", "", "has not been read yet", ""},
		{"v4 C", "A B C expired", "was valid until", "C"},
		{"v4 C", "B C B C", "went back and forth", "C"},
		{"v4 B", "B C B", "", "B"}, // it went back once, on purpose
	} {
		source := SourceKnown{Ledgers: []Ledger{{Name: rootName}}}
		l := &source.Ledgers[0]
		at := noon.Add(-50 * time.Minute)
		for word := range strings.FieldsSeq(tt.ledger) {
			if word == "expired" {
				l.Generations[len(l.Generations)-1].ValidUntil = noon.Add(-time.Hour)
				continue
			}
			at = at.Add(10 * time.Minute)
			l.Generations = append(l.Generations, Generation{Root: letters[word[:1]], Published: at, Complete: !strings.HasSuffix(word, "!")})
		}
		judged, v := JudgeSource(theRepository, Site{URL: "https://source.example.org"}, source, endpoints(t, tt.situation), Verdict{}, Settings{}, noon)
		if tt.broken == "" && judged.Broken != "" || !strings.Contains(judged.Broken, tt.broken) {
			t.Errorf("%s of %s: broken is %q, expected %q\n%s", tt.situation, tt.ledger, judged.Broken, tt.broken, sentences(v))
		}
		newest := ""
		if i := judged.Ledgers[0].completeAt(noon); i >= 0 {
			newest = judged.Ledgers[0].Generations[i].Root.String()
		}
		if newest != letters[tt.complete].String() {
			t.Errorf("%s of %s: sites are judged by %s, expected %s", tt.situation, tt.ledger, newest, letters[tt.complete])
		}
		checkVerdict(t, v)
	}
}

// TestJudgeSourceWithoutLooks: where nobody looks at the source's files, its ledger is
// believed.
func TestJudgeSourceWithoutLooks(t *testing.T) {
	if judged, _ := JudgeSource(theRepository, Site{}, theSource(), nil, Verdict{}, Settings{}, noon); judged.Broken != "" {
		t.Error(judged.Broken)
	}
	stamps := Repository{Name: "pub", Directories: []string{"a"}}
	if judged, _ := JudgeSource(stamps, Site{}, SourceKnown{}, nil, Verdict{}, Settings{}, noon); judged.Broken == "" {
		t.Error("no timestamp was ever planted")
	}
	if judged, _ := JudgeSource(stamps, Site{}, SourceKnown{Planted: noon}, nil, Verdict{}, Settings{}, noon); judged.Broken != "" {
		t.Error(judged.Broken)
	}
}

// TestRacySource: a source that shows its new root before its packages blames no site.
func TestRacySource(t *testing.T) {
	for seed := range uint64(5) {
		w := newWorld(t, seed, 40)
		s := w.site("https://a.example.org/debian", Endpoint{Scheme: "https"})
		w.round(s)
		w.publish(4, 0)
		late := newPackage(w, w.source.tree)
		file := w.source.tree.files[late]
		delete(w.source.tree.files, late)
		s.tree = w.source.tree.clone()
		for range 3 {
			if v := w.round(s); v.State != Unknown || v.Reason != SourceBroken || v.Was != InSync {
				t.Fatalf("seed %d: %s %s, was %s\n%s", seed, v.State, v.Reason, v.Was, sentences(v))
			}
		}
		if !strings.Contains(w.known.Broken, late) {
			t.Errorf("which file is missing is not told: %s", w.known.Broken)
		}
		w.source.tree.files[late] = file
		if v := w.round(s); v.State != HalfSynced || v.Reason != MetadataAhead {
			t.Errorf("seed %d: the source is whole, and the site is %s %s", seed, v.State, v.Reason)
		}
		s.tree.files = maps.Clone(w.source.tree.files)
		if v := w.round(s); v.State != InSync {
			t.Errorf("seed %d: %s %s", seed, v.State, v.Reason)
		}
	}
}
