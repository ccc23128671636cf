package plant_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
)

// A tree of this machine is planted like one of a server. Directories may be links,
// but nothing in them leads out of them.
func TestPlantsLocally(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	for _, d := range []string{"a", "trap", "pipe"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	outside := t.TempDir()
	err := errors.Join(
		os.Symlink(elsewhere, filepath.Join(dir, "link")),
		os.Symlink(outside, filepath.Join(dir, "trap", "~.timestamp")),
		syscall.Mkfifo(filepath.Join(dir, "pipe", "!.timestamp.begin"), 0o644),
		os.WriteFile(filepath.Join(dir, "a", "!.timestamp.begin"), []byte(strings.Repeat("x", 1000)), 0o644),
		os.Symlink("/etc/passwd", filepath.Join(dir, "a", ".timestamp")),
	)
	if err != nil {
		t.Fatal(err)
	}
	p := planter(t, plant.Target{Path: dir}, plant.Options{})
	r := p.Plant(t.Context(), []string{"a", "link", "trap", "pipe", "missing"}, moment)
	if r.Err != nil || r.Planted() != 2 {
		t.Fatalf("%d are planted: %+v", r.Planted(), r)
	}
	for i, want := range map[int]string{2: "~.timestamp is no directory", 3: "is no regular file", 4: "no such file or directory"} {
		if err := r.Directories[i].Err; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected %q", r.Directories[i].Directory, err, want)
		}
	}
	holds(t, filepath.Join(dir, "a"), moment.Unix(), r.Sequence)
	holds(t, elsewhere, moment.Unix(), r.Sequence)
	if found, err := os.ReadDir(outside); err != nil || len(found) > 0 {
		t.Errorf("something is outside: %v, %v", found, err)
	}
}

// failingKey is one whose card is not there.
type failingKey struct{}

func (k failingKey) Signer(context.Context) repo.Signer { return k }

func (failingKey) Inline([]byte) ([]byte, error)   { return nil, errors.New("no card") }
func (failingKey) Detached([]byte) ([]byte, error) { return nil, errors.New("no card") }

// Stamps do not hang on the key, and the report says what is wrong.
func TestKeyThatFails(t *testing.T) {
	dir := t.TempDir()
	r := plants(t, planter(t, plant.Target{Path: dir}, plant.Options{Key: failingKey{}}), []string{"."}, moment)
	holds(t, dir, moment.Unix(), r.Sequence)
	if r.Unsigned == nil || !strings.Contains(r.Unsigned.Error(), "no card") {
		t.Errorf("the report says %v", r.Unsigned)
	}
}

func TestReportAsJSON(t *testing.T) {
	r := plant.Report{
		To: "file:///srv", Time: moment, Sequence: 7, Unsigned: errors.New("no card"), Warnings: []string{"careful"},
		Directories: []plant.Outcome{{Directory: "a"}, {Directory: "b", Err: errors.New("full")}},
	}
	got, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
 "to": "file:///srv",
 "time": "2026-11-30T00:53:20Z",
 "epoch": 1796000000,
 "sequence": 7,
 "directories": [
  {
   "directory": "a",
   "planted": true
  },
  {
   "directory": "b",
   "planted": false,
   "error": "full"
  }
 ],
 "unsigned": "no card",
 "warnings": [
  "careful"
 ]
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestUnusableTargets(t *testing.T) {
	for want, at := range map[string]struct {
		path, stamp string
	}{
		"is no directory to plant in": {"srv", ""},
		`"a/b" is no name of a stamp`: {"/srv", "a/b"},
		`".." is no name of a stamp`:  {"/srv", ".."},
	} {
		if _, err := plant.New(plant.Target{Path: at.path}, plant.Options{Stamp: at.stamp}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, expected %q", at, err, want)
		}
	}
}
