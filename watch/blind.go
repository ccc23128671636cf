package watch

import (
	"fmt"
	"time"
)

// Blindness is what the watcher cannot see from where it stands: why, "" where it sees.
type Blindness struct {
	All, IPv4, IPv6 string
}

// To says why the watcher cannot see an endpoint, "" if it can.
func (b Blindness) To(e Endpoint) string {
	family := e.Family
	if e.Addr.IsValid() {
		family = 4
		if e.Addr.Is6() && !e.Addr.Is4In6() {
			family = 6
		}
	}
	switch {
	case b.All != "":
		return b.All
	case family == 4:
		return b.IPv4
	case family == 6:
		return b.IPv6
	}
	return ""
}

// blindWindow is how long before the last answer of all an endpoint has to have answered
// to count among those that fail at once.
const blindWindow = time.Hour

// BlindnessOf tells whether the fault is the watcher's own: whether most sites that answered
// lately, the source among them, fail at once, or all of one address family. Each site is
// given by its endpoints, whatever repository they were looked at for.
//
// "Lately" is counted from the last answer of any site: a watcher that was cut off stays
// blind until something answers again. A family in which nothing ever answered, while others
// do, is one that the watcher does not have.
func BlindnessOf(source []Known, sites [][]Known, s Settings) Blindness {
	s = s.filled()
	all := append([][]Known{source}, sites...)
	var b Blindness
	if n, of := failing(all, -1); of >= 3 && float64(n) >= s.BlindShare*float64(of) {
		b.All = fmt.Sprintf("%d of the %d sites that answered lately fail at once", n, of)
	}
	b.IPv4 = blindTo(all, 4, s)
	b.IPv6 = blindTo(all, 6, s)
	return b
}

// blindTo says why the watcher cannot see a family.
func blindTo(sites [][]Known, family int, s Settings) string {
	n, of := failing(sites, family)
	if of >= 3 && float64(n) >= s.BlindShare*float64(of) {
		return fmt.Sprintf("%d of the %d sites that answered lately over IPv%d fail at once", n, of, family)
	}
	looked, answered, others := 0, 0, 0
	for _, site := range sites {
		for _, k := range site {
			switch {
			case !k.of(family):
				if !k.Answered.IsZero() {
					others++
				}
			case !k.Answered.IsZero():
				answered++
			case k.Failures > 0:
				looked++
			}
		}
	}
	if looked > 0 && answered == 0 && others > 0 {
		return fmt.Sprintf("no site has ever answered over IPv%d", family)
	}
	return ""
}

// of reports whether the endpoint is of the address family; -1 is any.
func (k Known) of(family int) bool {
	return family < 0 || (Blindness{IPv4: "4", IPv6: "6"}).To(k.Endpoint) == fmt.Sprint(family)
}

// failing counts the sites that answered lately in the family, and those of them of which
// every endpoint failed in its last look.
func failing(sites [][]Known, family int) (n, of int) {
	var last time.Time
	for _, site := range sites {
		for _, k := range site {
			if k.of(family) {
				last = later(last, k.Answered)
			}
		}
	}
	for _, site := range sites {
		lately, fails := false, true
		for _, k := range site {
			if !k.of(family) || k.Last.IsZero() {
				continue
			}
			lately = lately || !k.Answered.IsZero() && last.Sub(k.Answered) <= blindWindow
			fails = fails && k.Failures > 0
		}
		if lately {
			of++
			if fails {
				n++
			}
		}
	}
	return n, of
}
