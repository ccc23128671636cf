package watch

import (
	"strings"
	"testing"
	"time"
)

// TestBlindnessOf: sites are written as "4" and "6" for endpoints that answer, "4-" for
// ones that fail since now, "4x" for ones that fail since yesterday, "4?" for ones that
// never answered.
func TestBlindnessOf(t *testing.T) {
	for _, tt := range []struct {
		sites     string // the first one is the source
		all, four bool
		six       bool
	}{
		{"4 4 4 4", false, false, false},
		{"4- 4- 4- 4-", true, true, false},
		{"4- 4- 4- 4", true, true, false},
		{"4 4- 4- 4", false, false, false},
		{"4- 4 4 4", false, false, false}, // the source alone
		{"4 4x 4x 4x 4x", false, false, false},
		{"4- 4- 4- 4x 4x", true, true, false},
		{"4- 4-", false, false, false}, // too few to tell
		{"46- 46- 46-", false, false, true},
		{"46- 46- 46", false, false, false},
		{"4-6- 4-6- 4-6-", true, true, true},
		{"46? 4 46?", false, false, true}, // no IPv6 here
		{"46? 46 46?", false, false, false},
		{"4? 4? 4?", false, false, false}, // nothing was ever seen: not blind, but new
		{"", false, false, false},
	} {
		var sites [][]Known
		for word := range strings.FieldsSeq(tt.sites) {
			var site []Known
			for i, c := range word {
				switch c {
				case '-':
					site[len(site)-1].Failures, site[len(site)-1].Answered = 1, noon.Add(-90*time.Second)
				case 'x':
					site[len(site)-1].Failures, site[len(site)-1].Answered = 99, noon.Add(-24*time.Hour)
				case '?':
					site[len(site)-1].Failures, site[len(site)-1].Answered = 5, time.Time{}
				default:
					site = append(site, Known{Endpoint: Endpoint{Scheme: "https", Family: int(word[i] - '0')}, Last: noon, Answered: noon})
				}
			}
			sites = append(sites, site)
		}
		var source []Known
		if len(sites) > 0 {
			source, sites = sites[0], sites[1:]
		}
		b := BlindnessOf(source, sites, Settings{})
		if (b.All != "") != tt.all || (b.IPv4 != "") != tt.four || (b.IPv6 != "") != tt.six {
			t.Errorf("%s: %+v", tt.sites, b)
		}
	}
}
