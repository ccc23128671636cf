package mirror

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Outcome is how one run over a mirror ended: with a report, or with an error.
type Outcome struct {
	Mirror string
	Begun  time.Time
	Took   time.Duration
	Report *Report
	Err    error
}

// Status is "published", "unchanged" or "failed".
func (o Outcome) Status() string {
	switch {
	case o.Err != nil:
		return "failed"
	case o.Report.Changed:
		return "published"
	}
	return "unchanged"
}

// RunCommand runs a command after a sync. The outcome is in its environment, as
// MIRRORKEEPER_MIRROR, _STATUS (see [Outcome.Status]), _GENERATION, _DIR,
// _INCOMPLETE and _ERROR.
func RunCommand(ctx context.Context, command []string, o Outcome) error {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Env = append(os.Environ(), "MIRRORKEEPER_MIRROR="+o.Mirror, "MIRRORKEEPER_STATUS="+o.Status())
	if o.Report != nil {
		c.Env = append(c.Env, "MIRRORKEEPER_GENERATION="+o.Report.Generation, "MIRRORKEEPER_DIR="+o.Report.Dir,
			"MIRRORKEEPER_INCOMPLETE="+strconv.Itoa(o.Report.Incomplete))
	}
	if o.Err != nil {
		c.Env = append(c.Env, "MIRRORKEEPER_ERROR="+o.Err.Error())
	}
	output, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("run-after of %s: %s: %w: %s", o.Mirror, command[0], err, bytes.TrimSpace(output))
	}
	return nil
}

// metric is one metric of the text file.
type metric struct {
	name, help string
	value      func(o Outcome) (float64, bool)
}

// metrics follow Prometheus' conventions: base units, timestamps and not ages.
var metrics = []metric{
	{"mirrorkeeper_sync_last_run_timestamp_seconds", "When the last run over the mirror ended.", func(o Outcome) (float64, bool) {
		return seconds(o.Begun.Add(o.Took)), true
	}},
	{"mirrorkeeper_sync_last_success_timestamp_seconds", "When the last run that did not fail ended.", func(o Outcome) (float64, bool) {
		return seconds(o.Begun.Add(o.Took)), o.Err == nil
	}},
	{"mirrorkeeper_sync_success", "1 when the last run did not fail, else 0.", func(o Outcome) (float64, bool) {
		if o.Err != nil {
			return 0, true
		}
		return 1, true
	}},
	{"mirrorkeeper_sync_duration_seconds", "How long the last run took.", func(o Outcome) (float64, bool) {
		return o.Took.Seconds(), true
	}},
	{"mirrorkeeper_sync_fetched_bytes", "Bytes of the package files that the last run added.", func(o Outcome) (float64, bool) {
		return ofReport(o, func(r *Report) float64 { return float64(r.Bytes) })
	}},
	{"mirrorkeeper_mirror_generation_timestamp_seconds", "When the published generation was made.", func(o Outcome) (float64, bool) {
		return ofReport(o, func(r *Report) float64 { return seconds(r.Time) })
	}},
	{"mirrorkeeper_mirror_packages", "Package files that the mirror holds.", func(o Outcome) (float64, bool) {
		return ofReport(o, func(r *Report) float64 { return float64(r.Packages) })
	}},
	{"mirrorkeeper_mirror_bytes", "Bytes of the package files that the mirror holds.", func(o Outcome) (float64, bool) {
		return ofReport(o, func(r *Report) float64 { return float64(r.TotalBytes) })
	}},
	{"mirrorkeeper_mirror_incomplete", "Unresolved and skipped items of the published generation.", func(o Outcome) (float64, bool) {
		return ofReport(o, func(r *Report) float64 { return float64(r.Incomplete) })
	}},
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func ofReport(o Outcome, value func(*Report) float64) (float64, bool) {
	if o.Report == nil {
		return 0, false
	}
	return value(o.Report), true
}

// WriteMetrics writes the outcomes to a file for the textfile collector of
// Prometheus' node exporter, at once. What the file says of other mirrors, and what
// a failed run cannot tell, stays.
func WriteMetrics(file string, outcomes []Outcome) error {
	old, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	lines := readMetrics(old)
	for _, o := range outcomes {
		for _, m := range metrics {
			if v, ok := m.value(o); ok {
				lines[m.name+label(o.Mirror)] = strconv.FormatFloat(v, 'f', -1, 64)
			}
		}
	}
	keys := make([]string, 0, len(lines))
	for k := range lines {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var b bytes.Buffer
	for _, m := range metrics {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", m.name, m.help, m.name)
		for _, k := range keys {
			if strings.HasPrefix(k, m.name+"{") {
				fmt.Fprintf(&b, "%s %s\n", k, lines[k])
			}
		}
	}
	return replaceFile(file, b.Bytes())
}

func label(mirror string) string { return fmt.Sprintf("{mirror=%q}", mirror) }

func readMetrics(text []byte) map[string]string {
	lines := map[string]string{}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		if i := strings.LastIndexByte(s.Text(), ' '); i > 0 && s.Text()[0] != '#' {
			lines[s.Text()[:i]] = s.Text()[i+1:]
		}
	}
	return lines
}

// replaceFile writes a file at once: a collector never reads half of it.
func replaceFile(file string, content []byte) error {
	t, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(t.Name())
	_, err = t.Write(content)
	if err == nil {
		err = t.Chmod(0o644)
	}
	if e := t.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(t.Name(), file)
	}
	return err
}
