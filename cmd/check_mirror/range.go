package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// threshold is a range of the Monitoring Plugins guidelines ("threshold and ranges"):
// "10" alerts below 0 and above 10, "10:" below 10, "~:10" above 10, "10:20" outside of
// both, "@10:20" inside, its ends included.
type threshold struct {
	text        string
	start, end  float64
	insideAlert bool
}

func parseThreshold(text string) (t threshold, err error) {
	t = threshold{text: text, end: math.Inf(1)}
	rest, inside := strings.CutPrefix(text, "@")
	t.insideAlert = inside
	start, end, both := strings.Cut(rest, ":")
	if !both {
		start, end = "0", rest
	}
	if start == "~" {
		t.start = math.Inf(-1)
	} else if start != "" || !both {
		if t.start, err = number(start); err != nil {
			return t, fmt.Errorf("range %q: %w", text, err)
		}
	}
	if end != "" || !both {
		if t.end, err = number(end); err != nil {
			return t, fmt.Errorf("range %q: %w", text, err)
		}
	}
	if t.start > t.end {
		return t, fmt.Errorf("range %q: it ends before it begins", text)
	}
	return t, nil
}

func number(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("%q is no number (expected such as 24, 10:20, ~:10 or @5:6)", text)
	}
	return f, nil
}

// alerts reports whether the value is one to warn of. The zero threshold warns of none.
func (t threshold) alerts(value float64) bool {
	if t.text == "" {
		return false
	}
	inside := value >= t.start && value <= t.end
	return inside == t.insideAlert
}

// seconds is the range of hours in seconds, for performance data.
func (t threshold) seconds() string {
	if t.text == "" {
		return ""
	}
	var b strings.Builder
	if t.insideAlert {
		b.WriteByte('@')
	}
	switch {
	case math.IsInf(t.start, -1):
		b.WriteString("~:")
	case t.start != 0 || math.IsInf(t.end, 1):
		b.WriteString(inSeconds(t.start) + ":")
	}
	if !math.IsInf(t.end, 1) {
		b.WriteString(inSeconds(t.end))
	}
	return b.String()
}

func inSeconds(hours float64) string { return strconv.FormatFloat(hours*3600, 'f', -1, 64) }
