package progress

import (
	"fmt"
	"strings"
	"time"
)

// size writes bytes with a decimal unit and two or three digits: "1.5 MB".
func size(bytes int64) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	v, unit := float64(bytes)/1000, 0
	for v >= 999.5 && unit < len(units)-1 {
		v, unit = v/1000, unit+1
	}
	if v < 9.95 {
		return fmt.Sprintf("%.1f %s", v, units[unit])
	}
	return fmt.Sprintf("%.0f %s", v, units[unit])
}

var units = [...]string{"kB", "MB", "GB", "TB", "PB", "EB"}

// duration writes whole seconds, and tenths below ten of them: "1m5s", "0.3s".
func duration(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// amount writes "done of total", or only what is done while the total is unknown.
func amount(done, total string, known bool) string {
	if !known || done == total {
		return done
	}
	return done + " of " + total
}

// filesText is "3 of 10 files", "1 file".
func (s State) filesText() string {
	text := amount(fmt.Sprint(s.DoneFiles), fmt.Sprint(s.Files), s.Files > 0)
	if text == "1" {
		return "1 file"
	}
	return text + " files"
}

func (s State) bytesText() string {
	return amount(size(s.DoneBytes), size(s.Bytes), s.Bytes > 0)
}

// title is "source stage", or the one of them that is there.
func (s State) title() string { return strings.TrimSpace(s.Source + " " + s.Stage) }
