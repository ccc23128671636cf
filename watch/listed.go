package watch

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"
)

// Policy says who may stand in a list of mirrors. What is zero has its default.
type Policy struct {
	// MaxLag is how stale a site may be. Default 12 hours.
	MaxLag time.Duration
	// Floor is how many sites a list has at least. Default 1.
	Floor int
	// Source is the address of the source, which fills the floor at last; "" for none.
	Source string
}

// Client is who asks for a list.
type Client struct {
	// Seed makes the order of sites that are equally good: the same for the same client,
	// spread over clients by weight.
	Seed uint64
	// Of equally good sites those come first that name a network which the client is in,
	// the smallest one before others, then those of its autonomous system, then those of
	// its country. Network is the smallest network with the client that any site names,
	// the zero Prefix for none; ASN is 0 and Country "" where they are unknown.
	Network netip.Prefix
	ASN     uint32
	Country string
}

// Candidate is a site with the verdict on it.
type Candidate struct {
	Site    Site
	Verdict Verdict
}

// Entry is a site that stands in a list.
type Entry struct {
	URL    string `json:"url"`
	Weight int    `json:"weight"`
	// Rank is how good it is: the lower the better, equal ones are as good as each other.
	Rank int `json:"rank"`
	// Why says why it is listed.
	Why string `json:"why"`
}

// Exclusion is a site that does not stand in a list.
type Exclusion struct {
	URL   string `json:"url"`
	State State  `json:"state"`
	Why   string `json:"why"`
}

// List is a list of mirrors, in order, and who is not in it.
type List struct {
	Entries  []Entry     `json:"entries"`
	Excluded []Exclusion `json:"excluded"`
}

// The ranks of a list.
const (
	rankInSync = iota
	rankBehind
	rankWhitelisted
	rankFloor  // and above, in the order of floorRank
	rankSource = 100
	rankStale  = 101
)

// Listed decides who stands in a list of mirrors for a client, and in which order.
//
// A site is listed while it is in sync, and while it is complete and no more than MaxLag
// behind; a whitelisted one always, unless it is paused. Where the verdict is frozen, the
// state and the lag of before count. A site whose last look is older than MaxLag does not
// count as good.
//
// Where that gives fewer than Floor, the best of the rest fill it up, none of them staler
// than MaxLag: first sites of which one endpoint does not answer, then those that are ahead
// of the source, then those that lack files without harming who has the root, then those
// that are not known well yet; then the source itself. Where no source is given, and nothing
// else is left, sites that are too stale come last. A site with foreign, expired or wrong
// content is in no list.
//
// Sites come back in when they are in sync again, which takes a root, its indexes and the
// delta to what was held before.
func Listed(candidates []Candidate, p Policy, c Client, now time.Time) List {
	p.MaxLag = cmp.Or(p.MaxLag, 12*time.Hour)
	p.Floor = max(1, p.Floor)
	list := List{Entries: []Entry{}, Excluded: []Exclusion{}}
	var rest []ranked
	for _, one := range candidates {
		r := p.rank(one, now)
		if r.rank < rankFloor {
			list.Entries = append(list.Entries, r.entry())
			continue
		}
		rest = append(rest, r)
	}
	slices.SortFunc(rest, func(a, b ranked) int {
		unsaid := func(r ranked) int { return max(0, -int(r.lag>>63)) } // what is known comes first
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(unsaid(a), unsaid(b)), cmp.Compare(a.lag, b.lag), c.compare(a.Candidate, b.Candidate))
	})
	for _, r := range rest {
		if len(list.Entries) < p.Floor && r.rank < rankSource {
			r.why += "; listed to fill the list"
			list.Entries = append(list.Entries, r.entry())
			continue
		}
		list.Excluded = append(list.Excluded, Exclusion{r.Site.URL, r.Verdict.State, r.why})
	}
	if len(list.Entries) < p.Floor && p.Source != "" {
		list.Entries = append(list.Entries, Entry{URL: p.Source, Weight: defaultWeight, Rank: rankSource, Why: "the source itself: too few sites are fit"})
	}
	for i := 0; len(list.Entries) == 0 && i < len(rest); i++ {
		if r := rest[i]; r.rank == rankStale {
			list.Entries = append(list.Entries, r.entry())
			list.Excluded = slices.DeleteFunc(list.Excluded, func(e Exclusion) bool { return e.URL == r.Site.URL })
		}
	}
	byURL := make(map[string]Candidate, len(candidates))
	for _, one := range candidates {
		byURL[one.Site.URL] = one
	}
	slices.SortStableFunc(list.Entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), c.compare(byURL[a.URL], byURL[b.URL]))
	})
	slices.SortFunc(list.Excluded, func(a, b Exclusion) int { return cmp.Compare(a.URL, b.URL) })
	return list
}

// ranked is a candidate with its place.
type ranked struct {
	Candidate
	rank int
	lag  time.Duration
	why  string
}

const defaultWeight = 100

func (r ranked) entry() Entry {
	return Entry{r.Site.URL, weight(r.Site), r.rank, r.why}
}

func weight(s Site) int { return cmp.Or(max(0, s.Weight), defaultWeight) }

// rank finds the place of a site.
func (p Policy) rank(one Candidate, now time.Time) ranked {
	v := one.Verdict
	state, frozen := v.State, ""
	if v.Frozen && v.Was != "" {
		state, frozen = v.Was, " (before; now nothing can be told: "+string(v.Reason)+")"
	}
	lag := v.Lag
	if lag > 0 { // it has grown since
		lag += max(0, now.Sub(v.At))
	}
	looked := v.At
	for _, e := range v.Endpoints {
		looked = earlier(looked, e.At)
	}
	if v.Reason == NotYet && v.Frozen {
		looked = v.Since // it may not be what it was any more
	}
	r := ranked{Candidate: one, lag: lag}
	unseen := (!v.Frozen || v.Reason == NotYet) && now.Sub(looked) > p.MaxLag
	switch {
	case one.Site.Paused:
		r.rank, r.why = math.MaxInt, "paused by its configuration"
	case state == InSync && lag <= p.MaxLag && !unseen:
		r.rank, r.why = rankInSync, "in sync"+frozen
	case state == Behind && v.Reason != Unrecorded && lag >= 0 && lag <= p.MaxLag && !unseen:
		r.rank, r.why = rankBehind, fmt.Sprintf("complete, %s behind%s", lag.Round(time.Second), frozen)
	case one.Site.Whitelisted:
		r.rank, r.why = rankWhitelisted, fmt.Sprintf("whitelisted, although it is %s", state)
	case unseen:
		r.rank, r.why = rankStale, fmt.Sprintf("not looked at since %s", moment(looked))
	case lag > p.MaxLag:
		r.rank, r.why = rankStale, fmt.Sprintf("%s, and stale for %s, where %s is allowed%s", state, lag.Round(time.Second), p.MaxLag, frozen)
	default:
		r.rank, r.why = floorRank(state, v.Reason, lag), string(state)
		if v.Reason != "" {
			r.why += ", " + string(v.Reason)
		}
		if text := v.cause(); text != "" {
			r.why += ": " + text
		}
	}
	if slices.Contains([]State{Foreign, Expired}, state) || v.Reason == Corrupt {
		if r.rank == rankStale {
			r.rank = math.MaxInt // not even where nothing else is left
		}
	}
	return r
}

// floorRank is the place of a site that is not good but may fill a list up.
func floorRank(state State, reason Reason, lag time.Duration) int {
	switch {
	case state == Incoherent && reason == EndpointDown && lag >= 0:
		return rankFloor
	case state == Ahead:
		return rankFloor + 1
	case state == HalfSynced && lag >= 0 && slices.Contains([]Reason{TreePartial, Incomplete, Copying, MetadataAhead}, reason):
		return rankFloor + 2
	case state == Unknown:
		return rankFloor + 3
	case state == Foreign || state == Expired || reason == Corrupt:
		return math.MaxInt
	}
	return rankStale
}

// cause is the first sentence that says something wrong.
func (v Verdict) cause() string {
	for _, e := range v.Evidence {
		if e.Fault != FaultNone || v.State != InSync {
			return e.Text
		}
	}
	return ""
}

// near is how near a site is to the client: the greater the nearer.
func (c Client) near(s Site) int {
	nearest := -1
	for _, n := range s.Networks {
		if c.Network.IsValid() && n.Bits() <= c.Network.Bits() && n.Contains(c.Network.Addr()) {
			nearest = max(nearest, n.Bits())
		}
	}
	switch {
	case nearest >= 0:
		return 3 + nearest
	case c.ASN != 0 && s.ASN == c.ASN:
		return 2
	case c.Country != "" && s.Country == c.Country:
		return 1
	}
	return 0
}

// compare orders sites that are equally good: near ones first, then by chance, by weight, and the same for the same client. Each site draws -ln(u)/weight, u from
// its URL and the seed; the least is first, so that a site comes first as often as its share
// of all weights (Efraimidis and Spirakis, 2006).
func (c Client) compare(a, b Candidate) int {
	return cmp.Or(cmp.Compare(c.near(b.Site), c.near(a.Site)), cmp.Compare(c.draw(a.Site), c.draw(b.Site)), cmp.Compare(a.Site.URL, b.Site.URL))
}

func (c Client) draw(s Site) float64 {
	// FNV-1a over the seed and the URL, with the finish of MurmurHash3, so that similar
	// URLs are far apart.
	h := uint64(14695981039346656037)
	for i := range 8 {
		h = (h ^ c.Seed>>(8*i)&0xff) * 1099511628211
	}
	for i := range len(s.URL) {
		h = (h ^ uint64(s.URL[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	u := (float64(h>>11) + 0.5) / (1 << 53)
	return -math.Log(u) / float64(weight(s))
}

// Of narrows a verdict to one repository of the watched one, for lists of that alone.
func (v Verdict) Of(root string) Verdict {
	for _, r := range v.Roots {
		if r.Name != root || v.Frozen {
			continue
		}
		v.State, v.Reason, v.Generation = r.State, r.Reason, r.Root
		if v.Lag = time.Duration(r.LagSeconds) * time.Second; r.LagSeconds < 0 {
			v.Lag = -1
		}
		v.Evidence = slices.DeleteFunc(slices.Clone(v.Evidence), func(e Evidence) bool { return e.Root != "" && e.Root != root })
		break
	}
	return v
}
