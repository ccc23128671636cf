package watch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// String names the endpoint for people, "https over IPv6".
func (e Endpoint) String() string {
	s := e.Scheme
	switch {
	case e.Addr.IsValid():
		s += " at " + e.Addr.String()
	case e.Family != 0:
		s += fmt.Sprintf(" over IPv%d", e.Family)
	}
	return s
}

// compare orders endpoints, so that no verdict depends on the order they come in.
func (e Endpoint) compare(f Endpoint) int {
	if c := strings.Compare(e.Scheme, f.Scheme); c != 0 {
		return c
	}
	if c := e.Family - f.Family; c != 0 {
		return c
	}
	return e.Addr.Compare(f.Addr)
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// generation names a root for people.
func (l Ledger) generation(root repo.Digest) string {
	short := root.Hex()
	short = short[:min(len(short), 12)]
	if i := l.Find(root); i >= 0 {
		return fmt.Sprintf("generation %s of %s", short, moment(l.Generations[i].Published))
	}
	return "root " + short
}

var faultWords = map[Fault]string{
	FaultMissing:     "is missing",
	FaultSize:        "has the wrong size",
	FaultDigest:      "has wrong content",
	FaultForbidden:   "may not be read",
	FaultRedirect:    "is redirected to where clients must not follow",
	FaultUnreachable: "got no answer",
	FaultEndless:     "came too slowly, or did not end",
}

func (f Fault) words() string {
	if w, ok := faultWords[f]; ok {
		return w
	}
	return "is not as it ought to be"
}

// sentence says what is wrong with the file.
func (f FileSeen) sentence(l Ledger) string {
	s := f.Path + " " + f.Fault.words()
	if f.Looks > 1 {
		s += " since " + moment(f.Since)
	}
	switch {
	case f.Expected != "" && f.Seen != "":
		s += fmt.Sprintf(": expected %s, seen %s", f.Expected, f.Seen)
	case f.Expected != "":
		s += ": expected " + f.Expected
	case f.Seen != "":
		s += ": seen " + f.Seen
	}
	if !f.Matches.IsZero() {
		s += "; it is that of " + l.generation(f.Matches)
	}
	return s
}

// caches are the headers in one line, in order.
func caches(headers map[string]string) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		lines = append(lines, name+": "+headers[name])
	}
	return strings.Join(lines, "; ")
}

func counted(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if strings.HasSuffix(one, "x") {
		return fmt.Sprintf("%d %ses", n, one)
	}
	return fmt.Sprintf("%d %ss", n, one)
}
