package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRun(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	r, err := run([]string{"sh", "-c", `i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; echo said; exit 3`}, log)
	if err != nil {
		t.Fatal(err)
	}
	if r.exit != 3 || r.cpu <= 0 || r.wall <= 0 || r.memory < 1 {
		t.Errorf("measured %+v", r)
	}
	if said, _ := os.ReadFile(log); string(said) != "said\n" {
		t.Errorf("log %q", said)
	}
	if _, err := run([]string{"/nonexistent"}, log); err == nil {
		t.Error("a command that does not exist was run")
	}
}

// The processor time of children counts, that of grandchildren too.
func TestRunCountsAllProcesses(t *testing.T) {
	busy := `i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done`
	r, err := run([]string{"sh", "-c", "sh -c 'sh -c \"$0\"; true' '" + busy + "'; true"}, filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	if r.exit != 0 || r.cpu < 5*time.Millisecond {
		t.Errorf("measured %+v", r)
	}
}

func TestRowsAreReadBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.tsv")
	var want []row
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z0-9 ,-]{1,20}`)
		r := row{
			format: word.Draw(t, "format"), link: word.Draw(t, "link"), round: word.Draw(t, "round"), peer: word.Draw(t, "peer"), job: word.Draw(t, "job"),
			exit:   rapid.IntRange(0, 255).Draw(t, "exit"),
			wall:   time.Duration(rapid.IntRange(0, 1e7).Draw(t, "wall")) * time.Millisecond,
			cpu:    time.Duration(rapid.IntRange(0, 1e7).Draw(t, "cpu")) * time.Millisecond,
			memory: rapid.IntRange(0, 1e6).Draw(t, "memory"),
			load:   float64(rapid.IntRange(0, 1000).Draw(t, "load")) / 10,
		}
		if err := r.addTo(file); err != nil {
			t.Fatal(err)
		}
		want = append(want, r)
	})
	got, _, err := readRows(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Error(diff)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{4, 2}, 3}, {[]float64{9, 1, 2}, 2}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
}

func TestTables(t *testing.T) {
	of := func(link, peer, job string, exit int, wall, cpu float64, memory int) row {
		s := func(x float64) time.Duration { return time.Duration(x * float64(time.Second)) }
		return row{format: deb, link: link, round: "1", peer: peer, job: job, exit: exit, wall: s(wall), cpu: s(cpu), memory: memory}
	}
	got := tables([]row{
		of("30ms away", "mirrorkeeper", "full", 0, 5, 1, 50),
		of("30ms away", "aptly", "full", 0, 4, 1, 50),
		of("direct", "floor", "full", 0, 2, 1, 10),
		of("direct", "floor", "full", 0, 4, 3, 10),
		of("direct", "mirrorkeeper", "full", 0, 3, .5, 40),
		of("direct", "mirrorkeeper", "full", 0, 3.2, .5, 60),
		of("direct", "mirrorkeeper", "full", 1, 99, 99, 999),
		of("direct", "aptly", "full", 1, 99, 99, 999),
		of("direct", "floor", "changed", 0, 1, 1, 10),
		of("direct", "mirrorkeeper", "changed", 0, 1.7, 1, 10),
		of("direct", "mirrorkeeper", "large", 0, 1, 1, 600),
		of("direct", "mirrorkeeper", "unresolved", 0, .5, 1, 100),
		of("direct", "libsolv", "check", 0, 4, 4, 50),
		of("direct", "mirrorkeeper", "check", 0, 2, 3, 100),
		of("direct", "apt", "solving", 0, 90, 80, 50),
		of("direct", "mirrorkeeper", "solving", 0, 1, 2.5, 100),
	})
	want := `### deb, full: into an empty directory

| | wall s | x the floor | CPU s | x the floor | peak MiB | rounds |
| --- | --: | --: | --: | --: | --: | --: |
| floor | 3.00 | 1.00 | 2.00 | 1.00 | 10 | 2 |
| mirrorkeeper | 3.10 | 1.03 | 0.500 | 0.25 | 50 | 3, 1 failed |
| aptly | | | | | | 1, 1 failed |

### deb, changed: some packages are others

| | wall s | x the floor | CPU s | x the floor | peak MiB | rounds |
| --- | --: | --: | --: | --: | --: | --: |
| floor | 1.00 | 1.00 | 1.00 | 1.00 | 10 | 1 |
| mirrorkeeper | 1.70 | 1.70 | 1.00 | 1.00 | 10 | 1 |

### deb, full: into an empty directory, 30ms away

| | wall s | x the floor | CPU s | x the floor | peak MiB | rounds |
| --- | --: | --: | --: | --: | --: | --: |
| mirrorkeeper | 5.00 |  | 1.00 |  | 50 | 1 |
| aptly | 4.00 |  | 1.00 |  | 50 | 1 |

### deb, solving: what 30 seeds need

| | wall s | x apt | CPU s | x apt | peak MiB | rounds |
| --- | --: | --: | --: | --: | --: | --: |
| apt | 90.00 | 1.00 | 80.00 | 1.00 | 50 | 1 |
| mirrorkeeper | 1.00 | 0.01 | 2.50 | 0.03 | 100 | 1 |

### deb, check: which packages cannot be installed

| | wall s | x libsolv | CPU s | x libsolv | peak MiB | rounds |
| --- | --: | --: | --: | --: | --: | --: |
| libsolv | 4.00 | 1.00 | 4.00 | 1.00 | 50 | 1 |
| mirrorkeeper | 2.00 | 0.50 | 3.00 | 0.75 | 100 | 1 |

### deb, unresolved: which relations nothing satisfies

| | wall s | x mirrorkeeper | CPU s | x mirrorkeeper | peak MiB | rounds |
| --- | --: | --: | --: | --: | --: | --: |
| mirrorkeeper | 0.500 | 1.00 | 1.00 | 1.00 | 100 | 1 |

### deb, large: all three questions about 150 000 packages

| | wall s | x mirrorkeeper | CPU s | x mirrorkeeper | peak MiB | rounds |
| --- | --: | --: | --: | --: | --: | --: |
| mirrorkeeper | 1.00 | 1.00 | 1.00 | 1.00 | 600 | 1 |

### Figures to reach

| figure | to reach | measured | |
| --- | --: | --: | --- |
| deb, full, wall: 1.2 times the floor | 3.60 s | 3.10 s | reached |
| deb, full, peak memory | 150 MiB | 50 MiB | reached |
| deb, changed, wall: 1.3 times the floor and 0.3 s | 1.60 s | 1.70 s | **missed** |
| deb, full, 30ms away, wall: the fastest peer's | 4.00 s | 5.00 s | **missed** |
| deb, solving, CPU: a fortieth of apt's | 2.00 s | 2.50 s | **missed** |
| deb, check, wall: libsolv's installcheck | 4.00 s | 2.00 s | reached |
| deb, unresolved, wall | 1.00 s | 0.500 s | reached |
| deb, 150 000 packages, peak memory | 477 MiB | 600 MiB | **missed** |
`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestReplaceBetweenMarkers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n<!-- results -->\nold\n<!-- /results -->\nafter\n")
	for range 2 { // the second time changes nothing
		if err := replaceBetweenMarkers(file, "new\n"); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if want := "before\n<!-- results -->\n\nnew\n\n<!-- /results -->\nafter\n"; string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	write("nothing to replace\n")
	if err := replaceBetweenMarkers(file, "new\n"); err == nil {
		t.Error("a file without markers was accepted")
	}
}
