package watch

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 3)) }

// script turns bytes into observations: what a probe, or a database, may give.
type script []byte

func (s *script) next() byte {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return b
}

func pick[T any](s *script, from ...T) T { return from[int(s.next())%len(from)] }

func (s *script) observation(at time.Time) Observation {
	o := Observation{At: at, Took: time.Duration(s.next()) * time.Second, Bytes: int64(s.next()) << 14}
	o.Endpoint = Endpoint{Scheme: "https"}
	if s.next()%8 == 0 {
		o.Fault = pick(s, FaultUnreachable, FaultEndless, FaultRedirect, "odd")
		return o
	}
	for range s.next() % 3 {
		seen := RootSeen{Name: pick(s, rootName, rootName, "other")}
		seen.Digest = pick(s, letters["A"], letters["B"], letters["C"], letters["X"], letters["none"])
		seen.NotModified, seen.Moved, seen.Signed = s.next()%4 == 0, s.next()%8 == 0, s.next()%4 == 0
		seen.Forged = pick(s, "", "", "", "signed by another key")
		if s.next()%4 == 0 {
			seen.Date = noon.Add(-time.Duration(s.next()) * time.Hour)
		}
		if s.next()%6 == 0 {
			seen.Fault = pick(s, FaultMissing, FaultUnreachable, FaultForbidden, FaultSize)
		}
		for range s.next() % 4 {
			seen.Checks = append(seen.Checks, s.check())
		}
		o.Roots = append(o.Roots, seen)
	}
	for range s.next() % 3 {
		stamp := StampSeen{Directory: pick(s, "a", "b"), Begin: int64(s.next()), End: int64(s.next())}
		if s.next()%3 > 0 {
			stamp.Stamp = noon.Add(time.Duration(int8(s.next())) * time.Hour)
		} else {
			stamp.Fault = pick(s, FaultMissing, FaultUnreachable, FaultNone)
		}
		o.Stamps = append(o.Stamps, stamp)
	}
	return o
}

func (s *script) check() Check {
	c := Check{
		Level:   pick(s, LevelIndexes, LevelDelta, LevelRemoved, LevelSample, LevelSweep, LevelBytes, LevelAgain, "odd"),
		Root:    pick(s, letters["A"], letters["B"], letters["C"], letters["X"]),
		Against: pick(s, letters["none"], letters["A"], letters["C"]),
		Checked: int(int8(s.next())), Skip: int(int8(s.next())), Of: int(int8(s.next())), Seed: uint64(s.next() % 2),
		BadCount: int(int8(s.next())), Unanswered: int(int8(s.next())),
		After: pick(s, "", "", "m"), Last: pick(s, "", "m"),
	}
	if s.next()%4 == 0 {
		c.Detail = "the budget is spent"
	}
	for range s.next() % 8 {
		c.Bad = append(c.Bad, FileSeen{Path: pick(s, "a", "b", "c", "d", ""), Fault: pick(s, FaultMissing, FaultSize, FaultUnreachable, FaultNone, FaultDigest, FaultEndless)})
	}
	for range s.next() % 3 {
		c.Right = append(c.Right, pick(s, "a", "b", "c", "z"))
		c.Parts = append(c.Parts, PartSeen{Part{Architecture: "amd64"}, int(s.next()), int(s.next())})
	}
	return c
}

// FuzzJudge: whatever was observed, what is known of it is sound, the verdict is one that can
// be, nothing given is changed, and what to look at next is within the budget.
func FuzzJudge(f *testing.F) {
	f.Add([]byte{})
	for seed := range uint64(20) {
		random := newRandom(seed)
		b := make([]byte, 600)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := script(b)
		r := theRepository
		r.Directories = pick(&s, nil, []string{"a", "b"})
		r.NewestStamp = s.next()%4 == 0
		source := theSource()
		source.Ledgers[0].Generations[0].Pruned = s.next()%3 == 0
		site := Site{URL: "https://a.example.org", SlowStart: int(s.next() % 3)}
		var ks [2]Known
		var v Verdict
		at := noon.Add(-3 * time.Hour)
		for len(s) > 0 {
			at = at.Add(time.Duration(int8(s.next())) * time.Minute)
			i := s.next() % 2
			before := ks[i]
			text := mustJSON(t, before)
			ks[i] = Learn(before, s.observation(at), Settings{})
			if text != mustJSON(t, before) {
				t.Fatal("Learn changed what it was given")
			}
			checkKnown(t, ks[i])
			known := []Known{ks[0], ks[1]}
			known[1].Endpoint.Family = 6
			text = mustJSON(t, known)
			now := later(ks[0].Last, ks[1].Last)
			last := v
			v = Judge(r, site, source, known, last, Blindness{}, Settings{}, later(now, last.At))
			checkVerdict(t, v)
			slices.Reverse(known)
			if back := Judge(r, site, source, known, last, Blindness{}, Settings{}, later(now, last.At)); mustJSON(t, back) != mustJSON(t, v) {
				t.Fatal("the verdict depends on the order of endpoints")
			}
			slices.Reverse(known)
			checkSourceVerdict(t, r, source, known, now)
			budget := Budget{Bytes: int64(s.next()) << 12}
			var spent int64
			for _, task := range Next(ks[i], site, source, r, budget, now, newRandom(1)) {
				each := int64(bytesPerHead)
				if task.Level == LevelBytes {
					each = bytesPerRange
				}
				if spent += int64(task.Limit) * each; task.Limit <= 0 || task.Generation.IsZero() {
					t.Fatalf("%+v", task)
				}
			}
			if full := budget.filled(site); spent > full.Bytes {
				t.Fatalf("%d bytes of %d", spent, full.Bytes)
			}
			if w := Wait(ks[i], site, budget, newRandom(1)); w < time.Minute || w > 2*time.Hour {
				t.Fatalf("the next look is in %s", w)
			}
			if text != mustJSON(t, known) {
				t.Fatal("judging changed what it was given")
			}
			list := Listed([]Candidate{{site, v}}, Policy{Source: "https://source.example.org"}, Client{}, v.At)
			if len(list.Entries) == 0 {
				t.Fatal("an empty list")
			}
		}
	})
}

func checkSourceVerdict(t *testing.T, r Repository, source SourceKnown, known []Known, now time.Time) {
	text := mustJSON(t, source.Ledgers)
	judged, v := JudgeSource(r, Site{}, source, known, Verdict{}, Settings{}, now)
	checkVerdict(t, v)
	if text != mustJSON(t, source.Ledgers) {
		t.Fatal("judging the source changed what it was given")
	}
	if len(judged.Ledgers) != len(source.Ledgers) {
		t.Fatal("the source lost a ledger")
	}
}

func mustJSON(t rapid.TB, x any) string {
	t.Helper()
	text, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
