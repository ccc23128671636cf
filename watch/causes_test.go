package watch

import (
	"strings"
	"testing"
)

func TestCauses(t *testing.T) {
	for word, v := range map[string]Verdict{
		"":                 {State: InSync, Evidence: []Evidence{{Fault: FaultForbidden}}},
		"has not run":      {State: Behind},
		"a cache":          {State: Behind, Evidence: []Evidence{{Level: LevelRoot, Detail: "Age: 3600; Date: today"}}},
		"packages first":   {State: HalfSynced, Reason: MetadataAhead},
		"delete-after":     {State: HalfSynced, Reason: MetadataBehind},
		"disk was full":    {State: HalfSynced, Reason: Corrupt, Evidence: []Evidence{{Fault: FaultSize, Expected: "1000 bytes", Seen: "10 bytes"}}},
		"not renewed":      {State: Unreachable, Evidence: []Evidence{{Text: "https got no answer: the certificate expired on Monday"}}},
		"https://":         {State: Unreachable, Evidence: []Evidence{{Detail: "redirect refused: from https to http on a.example.org"}}},
		"an architecture":  {State: HalfSynced, Reason: TreePartial},
		"portal":           {State: HalfSynced, Reason: Incomplete, Evidence: []Evidence{{Fault: FaultMissing, Detail: "200 OK with a page of HTML in the place of the file"}}},
		"modes":            {State: HalfSynced, Reason: Incomplete, Evidence: []Evidence{{Fault: FaultForbidden}}},
		"somebody else's":  {State: Foreign},
		"no server answer": {State: Unreachable, Reason: EndpointDown},
	} {
		causes := v.Causes()
		switch {
		case word == "" && len(causes) > 0:
			t.Errorf("a site in sync has %q", causes)
		case word != "" && (len(causes) == 0 || !strings.Contains(causes[0], word)):
			t.Errorf("%s, %s: %q, expected first what says %q", v.State, v.Reason, causes, word)
		}
	}
}
