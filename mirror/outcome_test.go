package mirror_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
)

var begun = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func succeeded(name string, at time.Time) mirror.Outcome {
	return mirror.Outcome{
		Mirror: name, Begun: at, Took: 1500 * time.Millisecond,
		Report: &mirror.Report{Mirror: name, Changed: true, Generation: "g1", Dir: "/srv/" + name, Time: at, Packages: 3, TotalBytes: 300, Bytes: 100, Incomplete: 1},
	}
}

func TestMetricsKeepWhatOtherRunsWrote(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mirrorkeeper.prom")
	for _, o := range []mirror.Outcome{
		succeeded("a", begun),
		succeeded("b", begun),
		{Mirror: "a", Begun: begun.Add(time.Hour), Took: time.Second, Err: errors.New("no network")},
	} {
		if err := mirror.WriteMetrics(file, []mirror.Outcome{o}); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`# TYPE mirrorkeeper_sync_success gauge`,
		`mirrorkeeper_sync_success{mirror="a"} 0`,
		`mirrorkeeper_sync_success{mirror="b"} 1`,
		`mirrorkeeper_sync_last_run_timestamp_seconds{mirror="a"} 1767229201`,
		`mirrorkeeper_sync_last_success_timestamp_seconds{mirror="a"} 1767225601.5`,
		`mirrorkeeper_mirror_packages{mirror="a"} 3`,
		`mirrorkeeper_mirror_incomplete{mirror="b"} 1`,
		`mirrorkeeper_sync_fetched_bytes{mirror="b"} 100`,
	} {
		if !strings.Contains(string(content), line+"\n") {
			t.Errorf("no line %q in\n%s", line, content)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o644 {
		t.Error("the collector has to be able to read it:", info.Mode(), err)
	}
}

func TestRunCommandTellsTheOutcome(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "out")
	command := []string{"sh", "-c", `echo "$MIRRORKEEPER_MIRROR $MIRRORKEEPER_STATUS $MIRRORKEEPER_GENERATION $MIRRORKEEPER_INCOMPLETE $MIRRORKEEPER_ERROR" >>"$0"`, file}
	for _, o := range []mirror.Outcome{succeeded("a", begun), {Mirror: "a", Err: errors.New("no network")}} {
		if err := mirror.RunCommand(context.Background(), command, o); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(file)
	if want := "a published g1 1 \na failed   no network\n"; string(content) != want || err != nil {
		t.Errorf("got %q, expected %q: %v", content, want, err)
	}
	err = mirror.RunCommand(context.Background(), []string{"sh", "-c", "echo no disk; exit 3"}, succeeded("a", begun))
	if err == nil || !strings.Contains(err.Error(), "exit status 3: no disk") {
		t.Error(err)
	}
}
