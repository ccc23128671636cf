package plant

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFiles(t *testing.T) {
	at := time.Unix(1796000000, 0).UTC()
	got, err := Files(Statement{
		Host: "watch.example.org", Sequence: 7, Epoch: at.Unix(), Time: at, Stamp: ".timestamp", Directories: []string{"a", "b/c"},
	}, shouter{})
	if err != nil {
		t.Fatal(err)
	}
	const statement = `{
  "host": "watch.example.org",
  "sequence": 7,
  "epoch": 1796000000,
  "time": "2026-11-30T00:53:20Z",
  "stamp": ".timestamp",
  "directories": [
    "a",
    "b/c"
  ]
}
`
	want := []File{
		{"!.timestamp.begin", []byte("1796000000 7\n")},
		{".timestamp.json", []byte(statement)},
		{".timestamp.json.asc", []byte("signed: " + statement)},
		{".timestamp", []byte("1796000000\n")},
		{"~.timestamp/.timestamp.end", []byte("1796000000 7\n")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// shouter signs by saying so.
type shouter struct{}

func (shouter) Inline(content []byte) ([]byte, error) {
	return append([]byte("signed: "), content...), nil
}
func (shouter) Detached([]byte) ([]byte, error) { return nil, errors.New("not used") }

// Whatever a stamp is called, its begin mark sorts before and the end mark's directory
// after the names that begin with letters, digits and other usual signs.
func TestNamesSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := NamesOf(rapid.StringMatching(`[.A-Za-z0-9_-]{1,10}`).Draw(t, "stamp"))
		other := rapid.StringMatching(`[#-}][!-~]{0,10}`).Draw(t, "other")
		if names.Begin >= other || names.workspace() <= other {
			t.Fatalf("%q does not sort between %q and %q", other, names.Begin, names.workspace())
		}
	})
}

func TestMarks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Mark{rapid.Int64Range(0, 1e17-1).Draw(t, "epoch"), rapid.Int64Range(0, 1e17-1).Draw(t, "sequence")}
		got, err := ParseMark(m.content())
		if err != nil || got != m {
			t.Fatalf("ParseMark(%q) = %v, %v", m.content(), got, err)
		}
	})
	for _, bad := range []string{"", "1796000000\n", "1796000000 7 8\n", "-1 7\n", "1796000000 7\n\n", "1 999999999999999999", "<html>"} {
		if m, err := ParseMark([]byte(bad)); err == nil {
			t.Errorf("%q is taken for %v", bad, m)
		}
	}
}

// Whatever stands in a file, it is a mark that is written as it was read, or an error.
func FuzzParseMark(f *testing.F) {
	f.Add([]byte("1796000000 7\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		m, err := ParseMark(content)
		if err != nil {
			return
		}
		if again, err := ParseMark(m.content()); err != nil || again != m || m.Epoch < 0 || m.Sequence < 0 {
			t.Errorf("%q gives %v, which is written as %q", content, m, m.content())
		}
	})
}

func TestSyncing(t *testing.T) {
	for _, x := range []struct {
		begin, end int64
		want       bool
	}{
		{7, 7, false}, {7, 6, true}, {7, 9, false}, {7, 0, true}, {0, 0, false},
	} {
		if got := Syncing(Mark{1, x.begin}, Mark{1, x.end}); got != x.want {
			t.Errorf("begin %d and end %d: %v", x.begin, x.end, got)
		}
	}
}

// Numbers only grow, whatever directories have and whatever the clock says; where
// nothing is left of a sequence, the time is above all of it.
func TestNextSequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(1, 4e9).Draw(t, "now"), 0)
		found := rapid.SliceOfN(rapid.Int64Range(0, 5e9), 1, 5).Draw(t, "found")
		next := nextSequence(found, now)
		if highest := slices.Max(found); next <= highest || highest == 0 && next != now.Unix() || highest > 0 && next != highest+1 {
			t.Fatalf("%d follows %v", next, found)
		}
	})
}

func TestParseTarget(t *testing.T) {
	for address, want := range map[string]string{
		"sftp://mirror@origin.example.org/srv/pub":     "sftp://mirror@origin.example.org/srv/pub",
		"sftp://mirror:hunter2@origin.example.org:22/": "sftp://mirror@origin.example.org:22/",
		"sftp://origin/~/pub/":                         "sftp://origin/~/pub",
		"sftp://origin/~":                              "sftp://origin/~",
		"sftp://origin/~x":                             "sftp://origin/~x",
		"sftp://[2001:db8::1]:2222/a%20b":              "sftp://[2001:db8::1]:2222/a%20b",
		"sftp://origin":                                "sftp://origin/",
		"file:///srv/pub/":                             "file:///srv/pub",
		"file://localhost/srv":                         "file:///srv",
		"ftp://origin/":                                `error: "ftp://origin/" is no address to plant at (expected sftp://[USER@]HOST[:PORT]/PATH or file:///PATH)`,
		"sftp://u:hunter2@origin:0/":                   `error: "sftp://origin:0/" names the port "0" (expected a number from 1 to 65535)`,
		"sftp://u:hunter2@/":                           `error: "sftp:///" is no address to plant at (expected sftp://[USER@]HOST[:PORT]/PATH or file:///PATH)`,
		"sftp://u:hunter2@%zz/":                        "error: the address to plant at is malformed",
		"file://elsewhere/srv":                         `error: "file://elsewhere/srv" is no address to plant at (expected sftp://[USER@]HOST[:PORT]/PATH or file:///PATH)`,
	} {
		target, err := ParseTarget(address)
		got := target.String()
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, expected %s", address, got, want)
		}
	}
	target, err := ParseTarget("sftp://mirror:p%40ss@origin/~/pub")
	if err != nil || target.Server.Password != "p@ss" || target.Path != "pub" {
		t.Errorf("%+v, %v", target.Server, err)
	}
}

func TestBackoff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Backoff{time.Duration(rapid.IntRange(0, 100).Draw(t, "base")), time.Duration(rapid.IntRange(0, 10000).Draw(t, "max"))}
		failures := rapid.IntRange(1, 200).Draw(t, "failures")
		most := b.Max
		if most == 0 {
			most = defaultMax
		}
		if wait := b.delay(failures); wait < 0 || wait > most {
			t.Fatalf("%v waits %v after %d failures", b, wait, failures)
		}
	})
}
