package watch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"pgregory.net/rapid"
)

const sourceURL = "https://source.example.org/debian"

// candidates reads sites with their verdicts, "a IN_SYNC, b BEHIND 3h, c HALF_SYNCED
// META_AHEAD 1h whitelisted, d UNKNOWN was:IN_SYNC paused".
func candidates(t *testing.T, situation string) (all []Candidate) {
	for one := range strings.SplitSeq(situation, ",") {
		words := strings.Fields(one)
		if len(words) == 0 {
			continue
		}
		c := Candidate{Site{URL: words[0]}, Verdict{State: State(words[1]), Lag: -1, At: noon, Since: noon}}
		if c.Verdict.State == InSync || c.Verdict.State == Ahead {
			c.Verdict.Lag = 0
		}
		looked := noon
		for _, word := range words[2:] {
			name, value, _ := strings.Cut(word, ":")
			switch name {
			case "whitelisted":
				c.Site.Whitelisted = true
			case "paused":
				c.Site.Paused = true
			case "was":
				c.Verdict.Was, c.Verdict.Frozen, c.Verdict.Lag = State(value), true, 0
			case "since":
				c.Verdict.Since = ago(t, value)
			case "looked":
				looked = ago(t, value)
			case "judged":
				c.Verdict.At = ago(t, value)
			case "in":
				c.Site.Country = value
			default:
				if strings.ToUpper(word) == word {
					c.Verdict.Reason = Reason(word)
				} else {
					c.Verdict.Lag = noon.Sub(ago(t, word))
				}
			}
		}
		c.Verdict.Endpoints = []EndpointVerdict{{At: looked}}
		all = append(all, c)
	}
	return all
}

// TestListed is who is listed, in which order, one situation a line; sites in brackets are
// equally good.
func TestListed(t *testing.T) {
	for _, tt := range []struct {
		situation string
		floor     int
		list      string
	}{
		{"a IN_SYNC", 1, "a"},
		{"a BEHIND 3h, b IN_SYNC", 1, "b a"},
		{"a BEHIND 11h, b BEHIND 12h, c BEHIND 13h", 1, "[a b]"},
		{"a BEHIND UNRECORDED 3h, b IN_SYNC", 1, "b"}, // nobody knows whether it is complete
		{"a HALF_SYNCED META_AHEAD 1h, b INCOHERENT FLAPPING 1h, c FOREIGN 1h, d EXPIRED 1h, e UNREACHABLE, f UNKNOWN NOT_YET, g AHEAD, h IN_SYNC", 1, "h"},
		{"a BEHIND 99h whitelisted, b IN_SYNC", 1, "b a"},
		{"a UNREACHABLE whitelisted", 1, "a"},
		{"a IN_SYNC whitelisted, b IN_SYNC", 1, "[a b]"},
		{"a IN_SYNC paused, b IN_SYNC", 1, "b"},
		{"a IN_SYNC paused whitelisted, b IN_SYNC", 1, "b"},
		{"a IN_SYNC looked:13h, b IN_SYNC", 1, "b"}, // who knows
		{"a BEHIND 11h looked:2h, b IN_SYNC", 1, "b a"},
		{"a BEHIND 11h judged:2h, b IN_SYNC", 1, "b"}, // it goes on

		// while nothing can be told
		{"a UNKNOWN BLIND was:IN_SYNC, b UNKNOWN BLIND was:HALF_SYNCED", 1, "a"},
		{"a UNKNOWN SOURCE_BROKEN was:IN_SYNC since:99h", 1, "a"},
		{"a UNKNOWN NOT_YET was:IN_SYNC since:1h", 1, "a"},
		{"a UNKNOWN NOT_YET was:IN_SYNC since:13h, b IN_SYNC", 1, "b"}, // for too long
		{"a UNKNOWN BLIND was:BEHIND 3h, b UNKNOWN BLIND was:BEHIND 13h", 1, "a"},

		// never empty
		{"", 1, "source"},
		{"a UNREACHABLE, b BEHIND 99h", 1, "source"},
		{"a FOREIGN 1h, b HALF_SYNCED CORRUPT 1h, c EXPIRED 1h, d HALF_SYNCED MIXED 1h", 3, "source"},
		{"a HALF_SYNCED META_AHEAD 13h", 1, "source"},
		{"a HALF_SYNCED META_AHEAD 1h", 1, "a"},
		{"a IN_SYNC, b HALF_SYNCED META_AHEAD 1h", 2, "a b"},
		{"a IN_SYNC, b HALF_SYNCED META_AHEAD 1h", 3, "a b source"},
		{"a UNKNOWN NOT_YET, b HALF_SYNCED INCOMPLETE 1h, c AHEAD, d INCOHERENT ENDPOINT_DOWN 0s", 4, "d c b a"},
		{"a UNKNOWN NOT_YET, b HALF_SYNCED INCOMPLETE 1h, c AHEAD, d INCOHERENT ENDPOINT_DOWN 0s", 2, "d c"},
		{"a HALF_SYNCED INCOMPLETE 3h, b HALF_SYNCED INCOMPLETE 2h", 1, "b"},
	} {
		all := candidates(t, tt.situation)
		list := Listed(all, Policy{Floor: tt.floor, Source: sourceURL}, Client{Seed: 7}, noon)
		if got := ranks(list); got != tt.list {
			t.Errorf("%s, at least %d: listed are %s, expected %s\n%+v", tt.situation, tt.floor, got, tt.list, list.Excluded)
		}
		for _, e := range list.Excluded {
			if e.Why == "" {
				t.Errorf("%s is excluded without a reason", e.URL)
			}
		}
	}
	// Where there is no source to fall back to, stale is better than none, and foreign is not.
	for situation, want := range map[string]string{
		"a UNREACHABLE, b BEHIND 99h, c BEHIND 55h": "c",
		"a UNREACHABLE, b FOREIGN 99h":              "a",
		"a FOREIGN 1h, b HALF_SYNCED CORRUPT 99h":   "",
	} {
		if got := ranks(Listed(candidates(t, situation), Policy{}, Client{}, noon)); got != want {
			t.Errorf("%s, without a source: listed are %q, expected %q", situation, got, want)
		}
	}
}

// ranks writes a list, equally good ones in brackets by name.
func ranks(list List) string {
	var words []string
	for i := 0; i < len(list.Entries); {
		var same []string
		rank := list.Entries[i].Rank
		for ; i < len(list.Entries) && list.Entries[i].Rank == rank; i++ {
			same = append(same, strings.Replace(list.Entries[i].URL, sourceURL, "source", 1))
		}
		slices.Sort(same)
		if word := strings.Join(same, " "); len(same) > 1 {
			words = append(words, "["+word+"]")
		} else {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// TestListedOrder: a client always sees the same order, whatever the order of the sites,
// and over all clients a site comes first as often as its weight says.
func TestListedOrder(t *testing.T) {
	all := candidates(t, "https://a.example.org IN_SYNC in:DE, https://b.example.org IN_SYNC in:FR, https://c.example.org IN_SYNC in:DE, https://d.example.org IN_SYNC")
	all[0].Site.Weight = 700 // of 1000
	first := map[string]int{}
	const clients = 4000
	for seed := range uint64(clients) {
		list := Listed(all, Policy{}, Client{Seed: seed}, noon)
		slices.Reverse(all)
		again := Listed(all, Policy{}, Client{Seed: seed}, noon)
		slices.Reverse(all)
		if !slices.Equal(list.Entries, again.Entries) {
			t.Fatalf("seed %d: %+v and %+v", seed, list.Entries, again.Entries)
		}
		first[list.Entries[0].URL]++
		near := Listed(all, Policy{}, Client{Seed: seed, Country: "DE"}, noon)
		if u := near.Entries[2].URL; u != all[1].Site.URL && u != all[3].Site.URL {
			t.Fatalf("sites of the client's country are not first: %+v", near.Entries)
		}
	}
	if n := first[all[0].Site.URL]; n < clients*65/100 || n > clients*75/100 {
		t.Errorf("a site with 70 %% of all weight came first %d times of %d", n, clients)
	}
	for _, c := range all[1:] {
		if n := first[c.Site.URL]; n < clients*7/100 || n > clients*13/100 {
			t.Errorf("a site with 10 %% of all weight came first %d times of %d", n, clients)
		}
	}
}

// TestListedProperties: no list is empty, no site in it is staler than allowed unless it is
// whitelisted, and every site is either in it or excluded with a reason.
func TestListedProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []Candidate
		for i := range rapid.IntRange(0, 8).Draw(t, "sites") {
			v := Verdict{
				State:  rapid.SampledFrom(severities).Draw(t, "state"),
				Reason: rapid.SampledFrom(reasons).Draw(t, "reason"),
				Lag:    time.Duration(rapid.IntRange(-1, 30).Draw(t, "lag")) * time.Hour,
				At:     noon, Since: noon.Add(-time.Duration(rapid.IntRange(0, 30).Draw(t, "since")) * time.Hour),
			}
			if v.Lag < 0 {
				v.Lag = -1
			}
			if v.State == Unknown && rapid.Bool().Draw(t, "frozen") {
				v.Frozen, v.Was = true, rapid.SampledFrom(severities).Draw(t, "was")
			}
			s := Site{URL: fmt.Sprintf("https://%d.example.org", i), Whitelisted: rapid.IntRange(0, 5).Draw(t, "whitelisted") == 0, Weight: rapid.IntRange(0, 9).Draw(t, "weight")}
			all = append(all, Candidate{s, v})
		}
		p := Policy{MaxLag: time.Duration(rapid.IntRange(1, 20).Draw(t, "most")) * time.Hour, Floor: rapid.IntRange(0, 6).Draw(t, "floor"), Source: sourceURL}
		list := Listed(all, p, Client{Seed: rapid.Uint64().Draw(t, "seed")}, noon)
		if len(list.Entries) == 0 {
			t.Fatal("an empty list")
		}
		if len(list.Entries) < p.Floor && list.Entries[len(list.Entries)-1].URL != sourceURL {
			t.Fatalf("fewer than %d, and no source: %+v", p.Floor, list)
		}
		for _, c := range all {
			listed := slices.ContainsFunc(list.Entries, func(e Entry) bool { return e.URL == c.Site.URL })
			excluded := slices.ContainsFunc(list.Excluded, func(e Exclusion) bool { return e.URL == c.Site.URL && e.Why != "" })
			state := c.Verdict.State
			if c.Verdict.Frozen {
				state = c.Verdict.Was
			}
			switch {
			case listed == excluded:
				t.Fatalf("%s is both or neither: %+v", c.Site.URL, list)
			case c.Site.Whitelisted && !listed:
				t.Fatalf("%s is whitelisted", c.Site.URL)
			case listed && !c.Site.Whitelisted && (c.Verdict.Lag > p.MaxLag || state == Foreign || state == Expired || state == Unreachable):
				t.Fatalf("%s is listed with %+v", c.Site.URL, c.Verdict)
			}
		}
	})
}

func ledgerOf(words string) (l Ledger) {
	l.Name = rootName
	for i, word := range strings.Fields(words) {
		l.Generations = append(l.Generations, Generation{
			Root: letters[word[:1]], Published: noon.Add(time.Duration(i) * time.Hour),
			Complete: !strings.Contains(word, "!"), Expired: strings.Contains(word, "x"),
		})
	}
	return l
}

// TestAdvertised: "!" is a generation that the source was not found to hold, "x" one that an
// administrator expired.
func TestAdvertised(t *testing.T) {
	for _, tt := range []struct{ ledger, before, want string }{
		{"", "", ""},
		{"A", "", "A"},
		{"A B C", "A", "C"},
		{"A B C!", "A", "B"},
		{"A! B! C!", "", ""},
		{"A B C!", "C", "C"}, // it was advertised, and is no more than suspect
		{"A B Cx", "C", "B"},
		{"A Bx Cx", "C", "A"},
		{"Ax Bx Cx", "C", ""},
		{"A! Bx", "B", ""},
		{"A B A", "B", "A"}, // the source went back, which is forward
		{"A B C", "X", "C"},
	} {
		if got := Advertised(ledgerOf(tt.ledger), letters[tt.before]); got != letters[tt.want] {
			t.Errorf("%s after %s: %s, expected %s", tt.ledger, tt.before, got, letters[tt.want])
		}
	}
}

func TestAlternates(t *testing.T) {
	serving := func(words string) (all []Verdict) {
		for word := range strings.FieldsSeq(words) {
			r := RootVerdict{Name: rootName, State: Behind, Root: letters[word[:1]]}
			switch word[1:] {
			case "?":
				r.State, r.Reason = HalfSynced, Incomplete
			case "u":
				r.Reason = Unrecorded
			}
			all = append(all, Verdict{Roots: []RootVerdict{r}})
		}
		return all
	}
	for _, tt := range []struct {
		ledger, advertised, served string
		enough                     int
		want                       string
	}{
		{"A B C", "C", "C C B B A", 2, "B"},
		{"A B C", "C", "C C B B A", 1, "B A"},
		{"A B C", "C", "C C B B? A", 2, ""},
		{"A B C", "C", "C Bu A", 1, "A"},
		{"A Bx C", "C", "B B A", 1, "A"},
		{"A B C", "B", "C C A", 1, "A"}, // a newer one is never an alternate
		{"A B C", "", "C B A", 1, ""},
		{"A B A C", "C", "A B", 1, "A B"},
		{"A B C", "C", "", 0, ""},
	} {
		var want []repo.Digest
		for word := range strings.FieldsSeq(tt.want) {
			want = append(want, letters[word])
		}
		if got := Alternates(ledgerOf(tt.ledger), letters[tt.advertised], serving(tt.served), tt.enough); !slices.Equal(got, want) {
			t.Errorf("%s, advertised %s, served %s: %v, expected %v", tt.ledger, tt.advertised, tt.served, got, want)
		}
	}
}

// TestAdvertisedNeverGoesBack, whatever the source publishes and holds.
func TestAdvertisedNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Ledger{Name: rootName}
		var advertised repo.Digest
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			was := l.Find(advertised)
			expired := false
			n := len(l.Generations)
			switch step := rapid.IntRange(0, 9).Draw(t, "step"); {
			case step < 4 || n == 0:
				l.Generations = append(l.Generations, Generation{Root: digest(rapid.IntRange(0, 20).Draw(t, "root"))})
			case step < 9:
				i := rapid.IntRange(0, n-1).Draw(t, "which")
				l.Generations[i].Complete = !l.Generations[i].Complete
			default:
				i := rapid.IntRange(0, n-1).Draw(t, "which")
				l.Generations[i].Expired = true
				expired = was >= 0 && l.Generations[was].Expired
			}
			next := Advertised(l, advertised)
			if at := l.Find(next); at < was && !expired && !l.Generations[was].Expired {
				t.Fatalf("from generation %d back to %d", was, at)
			}
			advertised = next
		}
	})
}
