package watch

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// The situations of these tests are written down in words. The source published the
// generations A, B and C ten, five and two hours ago; it is noon. What is known of an
// endpoint is
//
//	v4 C                   over IPv4 the root is C, and all that it names was looked at
//	C?                     the root is C, and not all was looked at yet
//	delta:missing          a file of that level is wrong, so: missing, size, digest, mixed
//	                       (the content of B), 403, 500 (no answer), 500x3 (three times)
//	part:arm64             of that part nothing is there
//	held:A                 A was held completely
//	was:B@1h               the root was B before, until an hour ago
//	looked:30m             the last look was 30 minutes ago, else it was now
//	down:3                 three looks in a row got no answer
//	gone                   there is no root
//	doubt                  a file was wrong under the root before
//	signed, dated:7h       the root, which is in no ledger, is signed by the source, and of
//	                       that age
var letters = map[string]repo.Digest{"A": digest(1), "B": digest(2), "C": digest(3), "X": digest(-1)}

var noon = start

func ago(t *testing.T, s string) time.Time {
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return noon.Add(-d)
}

// theSource is the source with its generations.
func theSource() SourceKnown {
	l := Ledger{Name: rootName}
	for i, hours := range []time.Duration{10, 5, 2} {
		at := noon.Add(-hours * time.Hour)
		l.Generations = append(l.Generations, Generation{Root: digest(i + 1), Published: at, Date: at, Complete: true})
	}
	return SourceKnown{Ledgers: []Ledger{l}, Reached: noon}
}

var theRepository = Repository{Name: "debian", Roots: []Root{{Name: rootName, Type: "deb"}}}

// endpoints reads a situation, an endpoint between two bars.
func endpoints(t *testing.T, situation string) (all []Known) {
	for one := range strings.SplitSeq(situation, "|") {
		all = append(all, readEndpoint(t, strings.Fields(one)))
	}
	return all
}

func readEndpoint(t *testing.T, words []string) Known {
	t.Helper()
	family, err := strconv.Atoi(strings.TrimPrefix(words[0], "v"))
	if err != nil {
		t.Fatal(words)
	}
	k := Known{Endpoint: Endpoint{Scheme: "https", Family: family}, Last: noon, Answered: noon}
	r := KnownRoot{Name: rootName, Since: ago(t, "90m"), Seen: noon, Faulty: time.Time{}}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, ":")
		switch name {
		case "A", "B", "C", "X":
			r.Digest, r.Held = letters[name], letters[name]
		case "A?", "B?", "C?", "X?":
			r.Digest, r.Held = letters[name[:1]], repo.Digest{}
		case "held":
			r.Held = letters[value]
		case "was":
			root, at, _ := strings.Cut(value, "@")
			r.Shown = append(r.Shown, Shown{Root: letters[root]})
			r.Changes = append(r.Changes, ago(t, at).Add(-time.Minute))
			r.Since, r.Before = ago(t, at), letters[root]
		case "since":
			r.Since = ago(t, value)
		case "looked":
			k.Last, k.Answered, r.Seen = ago(t, value), ago(t, value), ago(t, value)
			r.Since = earlier(r.Since, r.Seen)
		case "down":
			k.Failures, _ = strconv.Atoi(value)
			k.Fault, k.Detail = FaultUnreachable, "no route to host"
			k.Answered = ago(t, "10m")
		case "never":
			k.Answered, k.Roots, r.Digest = time.Time{}, nil, repo.Digest{}
		case "refused":
			r.Failures, _ = strconv.Atoi(value)
			r.Fault = FaultForbidden
		case "gone":
			r.Fault, r.Failures, r.Faulty = FaultMissing, 1, ago(t, "30m")
		case "doubt":
			r.Doubts = append(r.Doubts, FileSeen{Path: "pool/d.deb", Fault: FaultMissing, Since: ago(t, "20m")})
		case "signed":
			r.Signed = true
		case "forged":
			r.Forged = "signed by key 0123"
		case "dated":
			r.Date = ago(t, value)
		case "part":
			i := len(r.Checks) - 1
			whole := Part{Architecture: value}
			r.Checks[i].Parts = []PartSeen{{Part{Architecture: "amd64"}, 50, 0}, {whole, 50, 50}}
			r.Checks[i].Bad[0].Part = whole
		default:
			r.Checks = append(r.Checks, wrongCheck(t, r, Level(name), value))
		}
	}
	if len(r.Shown) > 0 {
		r.Shown, r.Changes = append(r.Shown, Shown{Root: r.Digest}), append(r.Changes, r.Since)
	}
	k.Roots = []KnownRoot{r}
	return k
}

// wrongCheck is a check of 100 files that found one wrong.
func wrongCheck(t *testing.T, r KnownRoot, level Level, what string) Check {
	f := FileSeen{Path: "pool/f.deb", At: noon, Since: ago(t, "20m"), Looks: 1}
	switch what {
	case "missing":
		f.Fault = FaultMissing
	case "size":
		f.Fault = FaultSize
	case "digest":
		f.Fault = FaultDigest
	case "mixed":
		f.Fault, f.Matches = FaultDigest, letters["B"]
	case "403":
		f.Fault = FaultForbidden
	case "500":
		f.Fault = FaultUnreachable
	case "500x3":
		f.Fault, f.Looks = FaultUnreachable, 3
	default:
		t.Fatalf("%s:%s", level, what)
	}
	c := Check{Level: level, Root: r.Digest, At: noon, Checked: 100, Of: 100, BadCount: 1, Bad: []FileSeen{f}}
	if !f.Fault.Says() {
		c.Unanswered = 1
	}
	return c
}

// TestJudge is what each situation is called, one a line.
func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		situation string
		state     State
		reason    Reason
		lag       string // "" where it cannot be told
	}{
		// which root
		{"v4 C", InSync, "", "0s"},
		{"v4 C | v6 C", InSync, "", "0s"},
		{"v4 B", Behind, "", "2h"},
		{"v4 A", Behind, "", "5h"},
		{"v4 A | v6 A", Behind, "", "5h"},
		{"v4 B looked:3h", InSync, "", "0s"}, // C came behind that look
		{"v4 A looked:3h", Behind, "", "5h"},
		{"v4 X since:5m", Ahead, "", "0s"},
		{"v4 X? since:5m forged", Foreign, "", "5m"},
		{"v4 X? since:5m forged dated:99h", Foreign, "", "5m"},
		{"v4 C forged", InSync, "", "0s"}, // the source has it: what its keys say then is its own affair
		{"v4 X since:30m held:C", Foreign, "", "30m"},
		{"v4 X since:30m held:B", Foreign, "", "2h"},
		{"v4 X? since:30m", Foreign, "", "30m"},
		{"v4 X? since:30m signed dated:1h", Ahead, "", "0s"},
		{"v4 X? since:30m signed dated:3h", Behind, Unrecorded, "2h"},
		{"v4 X? since:30m signed dated:7h", Behind, Unrecorded, "5h"},
		{"v4 X? since:30m dated:7h", Foreign, "", "30m"}, // between what was recorded, and of nobody
		{"v4 X? since:30m dated:99h", Behind, Unrecorded, "10h"},
		{"v4 gone C", HalfSynced, RootMissing, "30m"},
		{"v4 gone B", HalfSynced, RootMissing, "2h"},

		// which files
		{"v4 C?", Unknown, NotYet, ""},
		{"v4 C held:B", Unknown, NotYet, ""},
		{"v4 B?", Unknown, NotYet, ""},
		{"v4 C doubt", Unknown, NotYet, ""},
		{"v4 C? held:B delta:missing", HalfSynced, MetadataAhead, "2h"},
		{"v4 C? held:A delta:missing", HalfSynced, MetadataAhead, "5h"},
		{"v4 C? delta:missing", HalfSynced, MetadataAhead, "2h"},
		{"v4 C? held:B delta:403", HalfSynced, MetadataAhead, "2h"},
		{"v4 C? held:B delta:500", Unknown, NotYet, ""},
		{"v4 C? held:B delta:500x3", HalfSynced, MetadataAhead, "2h"},
		{"v4 C indexes:500", InSync, "", "0s"}, // one answer that is lost takes nothing away
		{"v4 C? held:B indexes:missing", HalfSynced, MetadataAhead, "2h"},
		{"v4 C? held:B indexes:mixed", HalfSynced, Mixed, "2h"},
		{"v4 C? held:B indexes:mixed delta:missing", HalfSynced, Mixed, "2h"},
		{"v4 C? held:B delta:size", HalfSynced, Corrupt, "2h"},
		{"v4 C indexes:digest", HalfSynced, Corrupt, "20m"},
		{"v4 C bytes:digest", HalfSynced, Corrupt, "20m"},
		{"v4 C sample:missing", HalfSynced, Incomplete, "20m"},
		{"v4 C sweep:missing", HalfSynced, Incomplete, "20m"},
		{"v4 C again:missing", HalfSynced, Incomplete, "20m"},
		{"v4 C indexes:missing", HalfSynced, Incomplete, "20m"},
		{"v4 B removed:missing", HalfSynced, MetadataBehind, "2h"},
		{"v4 B sample:missing", HalfSynced, MetadataBehind, "2h"},
		{"v4 B? held:C since:30m delta:missing", HalfSynced, MetadataAhead, "30m"}, // it had all until then
		{"v4 A? held:B since:30m delta:missing", HalfSynced, MetadataAhead, "2h"},
		{"v4 B? held:A delta:missing", HalfSynced, MetadataAhead, "5h"},
		{"v4 B? held:A delta:missing removed:missing", HalfSynced, MetadataBehind, "5h"},
		{"v4 C? held:B delta:missing part:arm64", HalfSynced, TreePartial, "2h"},
		{"v4 C sweep:missing part:arm64", HalfSynced, TreePartial, "20m"},

		// how it changed
		{"v4 C was:B@1h", InSync, "", "0s"},
		{"v4 B was:C@30m", Incoherent, Backwards, "30m"},
		{"v4 B was:C@2h", Behind, "", "2h"}, // long enough ago
		{"v4 B was:C@30m removed:missing", HalfSynced, MetadataBehind, "2h"},
		{"v4 C was:C@40m was:B@30m", Incoherent, Backwards, "31m"},
		{"v4 C was:C@50m was:B@40m was:C@30m was:B@20m", Incoherent, Flapping, "41m"},
		{"v4 C was:X@50m", InSync, "", "0s"}, // it was put right
		{"v4 C was:X@50m was:C@40m was:X@30m", Foreign, "", "51m"},

		// which endpoints
		{"v4 C | v6 B", Incoherent, Disagreement, "2h"},
		{"v4 C since:0s | v6 B looked:1m", Behind, "", "2h"},   // it may have changed between the looks
		{"v4 C since:0s | v6 B", Behind, "", "2h"},             // or within them
		{"v4 C since:10m | v6 B looked:20m", Behind, "", "2h"}, // v6 was not looked at since
		{"v4 C | v6 down:3", Incoherent, EndpointDown, "0s"},
		{"v4 C | v6 C down:2", InSync, "", "0s"},
		{"v4 B | v6 down:3", Incoherent, EndpointDown, "2h"},
		{"v4 down:3 | v6 down:3", Unreachable, "", ""},
		{"v4 C refused:2", InSync, "", "0s"},
		{"v4 C refused:3", Unreachable, "", ""},
		{"v4 never down:1", Unknown, NotYet, ""},
		{"v4 never down:3", Unreachable, "", ""},
		{"v4 C | v6 never down:1", Unknown, NotYet, ""},
		{"v4 C | v6 sample:missing C", HalfSynced, Incomplete, "20m"},
		{"v4 X since:30m | v6 down:3", Foreign, "", "30m"},
	} {
		known := endpoints(t, tt.situation)
		v := Judge(theRepository, Site{URL: "https://a.example.org"}, theSource(), known, Verdict{}, Blindness{}, Settings{}, noon)
		lag := time.Duration(-1)
		if tt.lag != "" {
			lag = noon.Sub(ago(t, tt.lag))
		}
		if v.State != tt.state || v.Reason != tt.reason || v.Lag != lag {
			t.Errorf("%s: %s %s, lag %s; expected %s %s, lag %s\n%s", tt.situation, v.State, v.Reason, v.Lag, tt.state, tt.reason, lag, sentences(v))
		}
		checkVerdict(t, v)
		slices.Reverse(known)
		back := Judge(theRepository, Site{URL: "https://a.example.org"}, theSource(), known, Verdict{}, Blindness{}, Settings{}, noon)
		if mustJSON(t, back) != mustJSON(t, v) {
			t.Errorf("%s: the verdict depends on the order of endpoints: %+v", tt.situation, back)
		}
	}
}

// TestGrace: shortly after a publication the generation before still counts as in sync,
// where the settings say so.
func TestGrace(t *testing.T) {
	for grace, want := range map[time.Duration]State{0: Behind, time.Hour: Behind, 3 * time.Hour: InSync} {
		v := Judge(theRepository, Site{}, theSource(), endpoints(t, "v4 B"), Verdict{}, Blindness{}, Settings{Grace: grace}, noon)
		if v.State != want {
			t.Errorf("two hours after the publication, with a grace of %s, the site is %s, expected %s", grace, v.State, want)
		}
	}
}

// TestExpired: a root that is not valid any more is worse than an old one.
func TestExpired(t *testing.T) {
	source := theSource()
	source.Ledgers[0].Generations[1].ValidUntil = ago(t, "1h")
	v := Judge(theRepository, Site{}, source, endpoints(t, "v4 B"), Verdict{}, Blindness{}, Settings{}, noon)
	if v.State != Expired || v.Lag != 2*time.Hour {
		t.Errorf("%s, lag %s", v.State, v.Lag)
	}
	v = Judge(theRepository, Site{}, source, endpoints(t, "v4 B looked:61m"), Verdict{}, Blindness{}, Settings{}, noon)
	if v.State != Behind {
		t.Errorf("it expired behind the last look, and is %s", v.State)
	}
}

// TestAhead: a root is foreign only when the source was read since it was seen.
func TestAhead(t *testing.T) {
	source := theSource()
	source.Reached = ago(t, "40m")
	v := Judge(theRepository, Site{}, source, endpoints(t, "v4 X since:30m"), Verdict{}, Blindness{}, Settings{}, noon)
	if v.State != Ahead {
		t.Errorf("nobody has read the source since, and the site is %s", v.State)
	}
}

// TestSourceWentBack: a source that publishes an old root again takes its sites along, and
// they may be seen there before it.
func TestSourceWentBack(t *testing.T) {
	source := theSource()
	l := &source.Ledgers[0]
	l.Generations = append(l.Generations, Generation{Root: letters["B"], Published: ago(t, "20m"), Complete: true})
	for situation, want := range map[string]State{"v4 B was:C@10m": InSync, "v4 B was:C@25m": InSync, "v4 B was:C@50m": Incoherent, "v4 C was:B@1h": Behind} {
		v := Judge(theRepository, Site{}, source, endpoints(t, situation), Verdict{}, Blindness{}, Settings{}, noon)
		if v.State != want {
			t.Errorf("%s: %s %s, expected %s", situation, v.State, v.Reason, want)
		}
	}
}

// TestFrozen: while nothing can be told, the state of before stays visible, and lasts on
// when it can be told again.
func TestFrozen(t *testing.T) {
	source := theSource()
	site := Site{URL: "https://a.example.org"}
	before := Judge(theRepository, site, source, endpoints(t, "v4 B"), Verdict{}, Blindness{}, Settings{}, noon.Add(-time.Hour))
	broken := source
	broken.Broken = "it lacks files"
	for _, tt := range []struct {
		name    string
		source  SourceKnown
		known   string
		site    Site
		blind   Blindness
		reason  Reason
		lag     time.Duration
		visible bool
	}{
		{"the source is broken", broken, "v4 C", site, Blindness{}, SourceBroken, 2 * time.Hour, true},
		{"the watcher is blind", source, "v4 down:9", site, Blindness{All: "everything fails"}, Blind, 2 * time.Hour, true},
		{"the watcher has no IPv4", source, "v4 down:9", site, Blindness{IPv4: "no site answers"}, Blind, 2 * time.Hour, true},
		{"the site is paused", source, "v4 C", Site{URL: site.URL, Paused: true}, Blindness{}, Paused, 2 * time.Hour, true},
		{"a new root was not looked at yet", source, "v4 C?", site, Blindness{}, NotYet, 2 * time.Hour, false},
	} {
		v := Judge(theRepository, tt.site, tt.source, endpoints(t, tt.known), before, tt.blind, Settings{}, noon)
		if v.State != Unknown || v.Reason != tt.reason || !v.Frozen || v.Was != Behind || !v.WasSince.Equal(before.Since) || v.Lag != tt.lag {
			t.Errorf("%s: %+v", tt.name, v)
		}
		if tt.visible && (v.Generation != before.Generation || v.Complete != before.Complete || len(v.Evidence) != len(before.Evidence)+1) {
			t.Errorf("%s: what was known is not visible: %+v", tt.name, v)
		}
		checkVerdict(t, v)
		again := Judge(theRepository, tt.site, tt.source, endpoints(t, tt.known), v, tt.blind, Settings{}, noon.Add(time.Hour))
		if !again.Frozen || again.Was != Behind || !again.Since.Equal(v.Since) || again.Lag != 3*time.Hour || len(again.Evidence) != len(v.Evidence) {
			t.Errorf("%s, an hour later: %+v", tt.name, again)
		}
		after := Judge(theRepository, site, source, endpoints(t, "v4 B"), again, Blindness{}, Settings{}, noon.Add(2*time.Hour))
		if after.State != Behind || !after.Since.Equal(before.Since) || after.Frozen || after.Was != "" {
			t.Errorf("%s, and then not any more: %+v", tt.name, after)
		}
	}
	v := Judge(theRepository, site, broken, nil, Verdict{}, Blindness{}, Settings{}, noon)
	if v.State != Unknown || v.Frozen || v.Lag != -1 || v.Complete != -1 {
		t.Errorf("with nothing before: %+v", v)
	}
}

// TestBlindToFamily: an endpoint that the watcher cannot see makes no verdict.
func TestBlindToFamily(t *testing.T) {
	blind := Blindness{IPv6: "no site has ever answered over IPv6"}
	v := Judge(theRepository, Site{}, theSource(), endpoints(t, "v4 C | v6 never down:9"), Verdict{}, blind, Settings{}, noon)
	if v.State != InSync || !strings.Contains(sentences(v), blind.IPv6) {
		t.Errorf("%s\n%s", v.State, sentences(v))
	}
}

// TestSeveralRoots: a site has to hold all repositories of a watched one.
func TestSeveralRoots(t *testing.T) {
	r := theRepository
	r.Roots = append(slices.Clone(r.Roots), Root{Name: "debian/bookworm-updates"})
	source := theSource()
	source.Ledgers = append(source.Ledgers, Ledger{Name: "debian/bookworm-updates", Generations: source.Ledgers[0].Generations[:2]})
	known := endpoints(t, "v4 C")
	updates := known[0].Roots[0]
	updates.Name, updates.Digest, updates.Held = "debian/bookworm-updates", letters["A"], letters["A"]
	known[0].Roots = append(known[0].Roots, updates)
	v := Judge(r, Site{}, source, known, Verdict{}, Blindness{}, Settings{}, noon)
	if v.State != Behind || v.Lag != 5*time.Hour || v.Generation != letters["C"] {
		t.Errorf("%+v", v)
	}
	if v.Roots[0].State != InSync || v.Roots[1].State != Behind || v.Roots[1].LagSeconds != 5*3600 {
		t.Errorf("%+v", v.Roots)
	}
	if of := v.Of("debian/bookworm"); of.State != InSync || of.Lag != 0 || of.Generation != letters["C"] {
		t.Errorf("of bookworm alone: %+v", of)
	}
	if of := v.Of("debian/bookworm-updates"); of.State != Behind || of.Lag != 5*time.Hour || of.Generation != letters["A"] {
		t.Errorf("of bookworm-updates alone: %+v", of)
	}
}

// TestEvidence: the sentences of a verdict name the file, what was expected and seen, and
// they do not grow without bounds.
func TestEvidence(t *testing.T) {
	known := endpoints(t, "v4 C? held:B delta:missing")
	c := &known[0].Roots[0].Checks[0]
	c.Bad = nil
	for i := range 20 {
		c.Bad = append(c.Bad, FileSeen{Path: "pool/h" + strconv.Itoa(i) + ".deb", Fault: FaultSize, Expected: "1234 bytes", Seen: "17 bytes", Detail: "200 OK; Age: 300", At: noon, Since: ago(t, "20m"), Looks: 2})
	}
	c.BadCount = 60
	v := Judge(theRepository, Site{}, theSource(), known, Verdict{}, Blindness{}, Settings{}, noon)
	want := Evidence{
		Endpoint: known[0].Endpoint, Root: rootName, Level: LevelDelta, Path: "pool/h0.deb", Fault: FaultSize,
		Expected: "1234 bytes", Seen: "17 bytes", At: noon, Detail: "200 OK; Age: 300",
		Text: "pool/h0.deb has the wrong size since 2026-11-30 11:40:00 UTC: expected 1234 bytes, seen 17 bytes",
	}
	i := slices.IndexFunc(v.Evidence, func(e Evidence) bool { return e.Path == "pool/h0.deb" })
	if i < 0 || v.Evidence[i] != want {
		t.Errorf("%+v", v.Evidence)
	}
	if len(v.Evidence) > maxEvidence+3 || !strings.Contains(sentences(v), "50 more files of "+rootName) {
		t.Error(sentences(v))
	}
	if v.Complete != 0.4 {
		t.Errorf("60 of 100 files are wrong, and %v are right", v.Complete)
	}
}
