package plant

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Mark is what the files of begin and end hold: when was planted, and which planting
// it was. The time comes first, so that tools for stamps can read it too.
type Mark struct {
	Epoch    int64 // seconds since 1970
	Sequence int64
}

// maxMark bounds a file of a mark, in bytes.
const maxMark = 100

// markForm has no more digits than fit into an int64 when one is added.
var markForm = regexp.MustCompile(`^([0-9]{1,17}) ([0-9]{1,17})\n?$`)

// ParseMark reads the content of a file of begin or end.
func ParseMark(content []byte) (Mark, error) {
	m := markForm.FindSubmatch(content[:min(len(content), maxMark)])
	if m == nil || len(content) > maxMark {
		return Mark{}, fmt.Errorf("it is no mark of a planting (expected TIME SEQUENCE, seen %.40q)", content)
	}
	epoch, _ := strconv.ParseInt(string(m[1]), 10, 64)
	sequence, _ := strconv.ParseInt(string(m[2]), 10, 64)
	return Mark{epoch, sequence}, nil
}

// Time is when was planted.
func (m Mark) Time() time.Time { return time.Unix(m.Epoch, 0).UTC() }

func (m Mark) content() []byte { return fmt.Appendf(nil, "%d %d\n", m.Epoch, m.Sequence) }

// Syncing reports whether a mirror with these marks in a directory is in the middle of
// copying it, or broke off there. Where it is not, all of the directory is at least as
// new as the begin mark.
func Syncing(begin, end Mark) bool { return end.Sequence < begin.Sequence }

// nextSequence continues the numbers that were found; 0 is for none.
func nextSequence(found []int64, now time.Time) int64 {
	if last := slices.Max(found); last > 0 {
		return last + 1
	}
	return now.Unix()
}
