package watch

import (
	"strings"
	"testing"
	"time"
)

// stampsOf reads what directories show, "a 5m, b lost 20h, c never, a copying 5m,
// a back 5m": a timestamp of five minutes before noon and so on.
func stampsOf(t *testing.T, situation string) (stamps []KnownStamp) {
	for one := range strings.SplitSeq(situation, ",") {
		words := strings.Fields(one)
		if len(words) < 2 {
			continue
		}
		k := KnownStamp{Directory: words[0], At: noon, Changed: 3}
		for _, word := range words[1:] {
			switch word {
			case "lost":
				k.Fault, k.Detail = FaultMissing, "404 Not Found"
			case "never":
				k.Fault = FaultMissing
				stamps = append(stamps, k)
				continue
			case "copying":
				k.Begin, k.End = 8, 7
			case "read-apart":
				k.Begin, k.End = 7, 8
			case "back":
				k.Back = ago(t, "10m")
			default:
				k.Stamp = ago(t, word)
				stamps = append(stamps, k)
			}
		}
	}
	return stamps
}

// TestStamps is what timestamps are called, one situation a line. The source shows one of
// a minute before noon in each of the directories a, b and c, and twelve hours are allowed.
func TestStamps(t *testing.T) {
	type S = Site
	for _, tt := range []struct {
		situation string
		site      Site
		newest    bool
		state     State
		reason    Reason
		stamp     string // by which it is judged
	}{
		{"a 1m", S{}, false, InSync, "", "1m"},
		{"a 5m, b 5m", S{}, false, InSync, "", "5m"},
		{"a 11h, b 5m", S{}, false, InSync, "", "11h"},
		{"a 13h", S{}, false, Behind, StampStale, "13h"},
		{"a 13h, b 5m", S{}, false, Behind, StampStale, "13h"}, // the newest hides nothing
		{"a 13h, b 5m", S{}, true, InSync, "", "5m"},           // the old rule
		{"a 13h, b 14h", S{}, true, Behind, StampStale, "13h"},
		{"a lost 13h, b 5m", S{}, false, Behind, StampStale, "13h"},
		{"a lost 5m, b 5m", S{}, false, InSync, "", "5m"}, // not for long yet
		{"a never, b 5m", S{}, false, InSync, "", "5m"},   // what it never served it need not hold
		{"a never, b 5m", S{Directories: []string{"a", "b"}}, false, Behind, StampStale, "5m"},
		{"a 5m", S{Directories: []string{"a", "b"}}, false, Behind, StampStale, "5m"},
		{"a never", S{}, false, Unknown, NotYet, ""},
		{"", S{}, false, Unknown, NotYet, ""},
		{"d 99h, a 5m", S{}, false, InSync, "", "5m"}, // a directory that is not watched
		{"a -3m", S{}, false, InSync, "", "-3m"},      // clocks differ
		{"a -30m", S{}, false, Foreign, StampFuture, "-30m"},
		{"a -30m, b 13h", S{}, false, Foreign, StampFuture, "13h"},
		{"a copying 5m", S{}, false, HalfSynced, Copying, "5m"},
		{"a read-apart 5m", S{}, false, InSync, "", "5m"},
		{"a back 5m", S{}, false, Incoherent, Backwards, "5m"},
		{"a 5m", S{SlowStart: 3}, false, InSync, "", "5m"},
		{"a 5m", S{SlowStart: 4}, false, Unknown, NotYet, ""},
	} {
		r := Repository{Name: "pub", Directories: []string{"a", "b", "c"}, NewestStamp: tt.newest}
		minute := ago(t, "1m")
		source := SourceKnown{Stamps: map[string]time.Time{"a": minute, "b": minute, "c": minute}, Planted: minute}
		known := []Known{{Endpoint: Endpoint{Scheme: "http"}, Last: noon, Answered: noon, Stamps: stampsOf(t, tt.situation)}}
		v := Judge(r, tt.site, source, known, Verdict{}, Blindness{}, Settings{}, noon)
		stamp := time.Time{}
		if tt.stamp != "" {
			stamp = ago(t, tt.stamp)
		}
		if v.State != tt.state || v.Reason != tt.reason || !v.Stamp.Equal(stamp) {
			t.Errorf("%s (%+v): %s %s by %s, expected %s %s by %s\n%s", tt.situation, tt.site, v.State, v.Reason, v.Stamp, tt.state, tt.reason, stamp, sentences(v))
		}
		if v.State == Behind && !strings.Contains(tt.situation, "never") && tt.site.Directories == nil && v.Lag != noon.Sub(stamp) {
			t.Errorf("%s: lag %s", tt.situation, v.Lag)
		}
		checkVerdict(t, v)
	}
}

// TestStampsAgainstTheSource: a site is not behind where the source itself has no newer
// timestamp, whatever the clock says, and not for what was planted behind the last look.
func TestStampsAgainstTheSource(t *testing.T) {
	r := Repository{Name: "pub", Directories: []string{"a"}}
	known := []Known{{Last: noon, Answered: noon, Stamps: stampsOf(t, "a 20h")}}
	for _, tt := range []struct {
		name   string
		source SourceKnown
		now    time.Time
		state  State
	}{
		{"planting stopped", SourceKnown{Stamps: map[string]time.Time{"a": ago(t, "20h")}}, noon, InSync},
		{"planting stopped, known by when it was planted", SourceKnown{Planted: ago(t, "20h")}, noon, InSync},
		{"planting goes on", SourceKnown{Stamps: map[string]time.Time{"a": noon}}, noon, Behind},
		{"nothing is known of the source", SourceKnown{}, noon, Behind},
		{"planted again, and not looked at since", SourceKnown{Stamps: map[string]time.Time{"a": noon.Add(5 * time.Hour)}}, noon.Add(5 * time.Hour), Behind},
	} {
		if v := Judge(r, Site{}, tt.source, known, Verdict{}, Blindness{}, Settings{}, tt.now); v.State != tt.state {
			t.Errorf("%s: %s, expected %s", tt.name, v.State, tt.state)
		}
	}
	fresh := []Known{{Last: noon, Answered: noon, Stamps: stampsOf(t, "a 1h")}}
	source := SourceKnown{Stamps: map[string]time.Time{"a": noon.Add(13 * time.Hour)}}
	if v := Judge(r, Site{}, source, fresh, Verdict{}, Blindness{}, Settings{}, noon.Add(13*time.Hour)); v.State != InSync {
		t.Errorf("what was planted behind the last look makes the site %s", v.State)
	}
}

// TestLearnStamps: a look that finds no timestamp at all is one without an answer, be it
// that the server says 404 or 500, and a page of HTML is no timestamp.
func TestLearnStamps(t *testing.T) {
	var k Known
	at := noon
	look := func(seen ...StampSeen) {
		at = at.Add(time.Minute)
		k = Learn(k, Observation{At: at, Stamps: seen}, Settings{})
	}
	look(StampSeen{Directory: "a", Stamp: noon}, StampSeen{Directory: "b", Fault: FaultMissing})
	if k.Failures != 0 || len(k.Stamps) != 2 || !k.Stamps[0].Stamp.Equal(noon) || k.Stamps[0].Changed != 0 || k.Stamps[1].Fault != FaultMissing {
		t.Fatalf("%+v", k)
	}
	for i := range 2 {
		look(StampSeen{Directory: "a", Fault: []Fault{FaultMissing, FaultUnreachable}[i]}, StampSeen{Directory: "b", Fault: FaultMissing})
		if k.Failures != i+1 || !k.Stamps[0].Stamp.Equal(noon) {
			t.Fatalf("%+v", k)
		}
	}
	look(StampSeen{Directory: "a", Stamp: noon.Add(time.Minute)}, StampSeen{Directory: "b"})
	if k.Failures != 0 || k.Stamps[0].Changed != 1 || !k.Stamps[0].Back.IsZero() || k.Stamps[1].Fault != FaultMissing {
		t.Fatalf("%+v", k)
	}
	look(StampSeen{Directory: "a", Stamp: noon.Add(-time.Minute)})
	if !k.Stamps[0].Back.IsZero() {
		t.Errorf("two minutes are within what clocks may differ: %+v", k.Stamps[0])
	}
	look(StampSeen{Directory: "a", Stamp: noon.Add(-time.Hour)})
	if !k.Stamps[0].Back.Equal(at) || k.Stamps[0].Changed != 3 {
		t.Errorf("it went back: %+v", k.Stamps[0])
	}
}

// TestCachedStamps: sites of a tree that is judged by timestamps, in a world of its own.
func TestCachedStamps(t *testing.T) {
	for _, tt := range []struct {
		name   string
		stamp  func(w *world) func(time.Time) time.Time
		state  State
		reason Reason
		looks  int
	}{
		{"sound", func(*world) func(time.Time) time.Time { return nil }, InSync, "", 1},
		{"a cache keeps it", func(w *world) func(time.Time) time.Time {
			kept := w.now
			return func(time.Time) time.Time { return kept }
		}, Behind, StampStale, 50},
		{"of the future", func(*world) func(time.Time) time.Time {
			return func(t time.Time) time.Time { return t.Add(24 * time.Hour) }
		}, Foreign, StampFuture, 1},
		{"a page of HTML", func(*world) func(time.Time) time.Time {
			return func(time.Time) time.Time { return time.Time{} }
		}, Unreachable, "", 3},
		{"two servers, one of them old", func(w *world) func(time.Time) time.Time {
			return func(t time.Time) time.Time { return t.Add(-time.Duration(w.random.IntN(2)) * 30 * time.Minute) }
		}, Incoherent, Backwards, 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(5) {
				w := newWorld(t, seed, 4)
				w.repository = Repository{Name: "pub", Directories: []string{"pub"}, Stamp: ".timestamp", MaxAge: time.Hour}
				s := w.site("https://a.example.org/pub", Endpoint{Scheme: "https"})
				plant := func() {
					w.known.Planted = w.now
					w.known.Stamps = map[string]time.Time{"pub": w.now}
					s.tree.stamp = w.now
				}
				for range 5 {
					plant()
					w.pass(time.Minute)
					w.lookAt(s)
				}
				if s.verdict.State != InSync {
					t.Fatalf("%s %s", s.verdict.State, s.verdict.Reason)
				}
				s.endpoints[0].stamp = tt.stamp(w)
				for range tt.looks {
					plant()
					w.pass(90 * time.Second)
					if v := w.lookAt(s); v.State == tt.state && v.Reason == tt.reason {
						break
					}
				}
				if v := s.verdict; v.State != tt.state || v.Reason != tt.reason {
					t.Errorf("seed %d: %s %s, expected %s %s\n%s", seed, v.State, v.Reason, tt.state, tt.reason, sentences(v))
				}
			}
		})
	}
}
