package fuel

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/fuel/nailgun"
)

func priority(n int) *int { return &n }

func TestMerge(t *testing.T) {
	const list = `[
  {"type": "deb", "name": "ubuntu", "uri": "http://archive.example.org/ubuntu/", "suite": "trusty", "section": "main universe", "priority": null, "x": 1.50},
  {"type": "deb", "name": "mos", "uri": "http://mirror.example.org/mos", "suite": "mos9.0", "section": "main", "priority": 1050},
  {"type": "deb", "name": "own", "uri": "http://{settings.MASTER_IP}:8080/own", "suite": "own", "section": "main", "priority": 1200}
]`
	ubuntu := Entry{Type: "deb", Name: "ubuntu", URI: "http://10.20.0.2:8080/ubuntu/", Suite: "trusty", Section: "main universe", Main: true}
	mos := Entry{Type: "deb", Name: "mos", URI: "http://10.20.0.2:8080/mos/", Suite: "mos9.0", Section: "main restricted"}
	same := Entry{Type: "deb", Name: "mos", URI: "http://mirror.example.org/mos", Suite: "mos9.0", Section: "main"}
	beta := Entry{Type: "deb", Name: "beta", URI: "http://10.20.0.2:8080/beta/", Suite: "b", Section: "main", Priority: priority(7)}
	alpha := Entry{Type: "deb", Name: "alpha", URI: "http://10.20.0.2:8080/alpha/", Suite: "a", Section: "main"}
	base := Entry{Type: "deb", Name: "base", URI: "http://10.20.0.2:8080/base/", Suite: "b", Section: "main", Main: true}
	for name, test := range map[string]struct {
		entries []Entry
		replace bool
		names   []string
		changes int
	}{
		"in place, fields kept":         {[]Entry{mos, ubuntu}, false, []string{"ubuntu", "mos", "own"}, 2},
		"nothing to change":             {[]Entry{same}, false, []string{"ubuntu", "mos", "own"}, 0},
		"new ones by name":              {[]Entry{beta, alpha}, false, []string{"ubuntu", "mos", "own", "alpha", "beta"}, 2},
		"main first":                    {[]Entry{base}, false, []string{"base", "ubuntu", "mos", "own"}, 1},
		"deleted":                       {[]Entry{{Name: "own", Delete: true}, {Name: "gone", Delete: true}}, false, []string{"ubuntu", "mos"}, 1},
		"replaced":                      {[]Entry{beta, mos, base}, true, []string{"base", "mos", "beta"}, 5},
		"replaced by what is there":     {[]Entry{ubuntu, same}, true, []string{"ubuntu", "mos"}, 2},
		"an entry twice: the first one": {[]Entry{same, mos}, false, []string{"ubuntu", "mos", "own"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, changes, err := Merge(nailgun.Document(list), test.entries, test.replace)
			if err != nil {
				t.Fatal(err)
			}
			items, err := got.Items()
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, x := range items {
				names = append(names, x.Text("name"))
			}
			if d := cmp.Diff(test.names, names); d != "" || len(changes) != test.changes {
				t.Errorf("%d changes, expected %d: %v\n%s", len(changes), test.changes, changes, d)
			}
		})
	}
	got, _, err := Merge(nailgun.Document(list), []Entry{mos, ubuntu}, false)
	const want = `[{"type": "deb", "name": "ubuntu", "uri": "http://10.20.0.2:8080/ubuntu/", "suite": "trusty", "section": "main universe", "priority": null, "x": 1.50}, ` +
		`{"type": "deb", "name": "mos", "uri": "http://10.20.0.2:8080/mos/", "suite": "mos9.0", "section": "main restricted", "priority": 1050}, ` +
		`{"type": "deb", "name": "own", "uri": "http://{settings.MASTER_IP}:8080/own", "suite": "own", "section": "main", "priority": 1200}]`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s\nexpected\n%s", err, got, want)
	}
	for _, broken := range []string{`{}`, `null`, `7`, ``, `[1]`, `[{"name": "mos", "uri"}]`} {
		if got, changes, err := Merge(nailgun.Document(broken), []Entry{mos}, false); err == nil && broken != `[1]` {
			t.Errorf("%s became %s with %v", broken, got, changes)
		}
	}
}

// Whatever the list and the entries are: merging again changes nothing, every entry is
// there as it was given, main ones are first, and what no entry names stays.
func TestMergeProperties(t *testing.T) {
	name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"})
	rapid.Check(t, func(t *rapid.T) {
		entry := rapid.Custom(func(t *rapid.T) Entry {
			e := Entry{Type: rapid.SampledFrom([]string{"deb", "rpm"}).Draw(t, "type"), Name: name.Draw(t, "name"), URI: rapid.String().Draw(t, "uri")}
			if e.Type == "deb" {
				e.Suite, e.Section = rapid.String().Draw(t, "suite"), "main"
			}
			e.Main, e.Delete = rapid.Bool().Draw(t, "main"), rapid.IntRange(0, 5).Draw(t, "delete") == 0
			return e
		})
		byName := func(e Entry) string { return e.Name }
		before := rapid.SliceOfN(entry, 0, 5).Draw(t, "before")
		entries := rapid.SliceOfNDistinct(entry, 1, 4, byName).Draw(t, "entries")
		replace := rapid.Bool().Draw(t, "replace")
		var items []nailgun.Document
		for _, e := range before {
			b, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			items = append(items, b)
		}
		once, _, err := Merge(nailgun.List(items), entries, replace)
		if err != nil {
			t.Fatal(err)
		}
		twice, changes, err := Merge(once, entries, replace)
		if err != nil || string(twice) != string(once) || len(changes) > 0 {
			t.Fatalf("%v: %v\n%s\n%s", err, changes, once, twice)
		}
		var after []Entry
		if err := json.Unmarshal(once, &after); err != nil {
			t.Fatal(err)
		}
		rest := false
		for _, x := range after {
			i := slices.IndexFunc(entries, func(e Entry) bool { return e.Name == x.Name })
			if main := i >= 0 && entries[i].Main; main && rest {
				t.Fatalf("a main entry is not first: %s", once)
			} else {
				rest = rest || !main
			}
			if i < 0 && replace || i >= 0 && (entries[i].Delete || entries[i].URI != x.URI && json.Valid([]byte(entries[i].URI))) {
				t.Fatalf("%+v is not to be there", x)
			}
		}
		count := func(list []Entry, name string) (n int) {
			for _, e := range list {
				if e.Name == name {
					n++
				}
			}
			return n
		}
		for _, e := range entries {
			if n := count(after, e.Name); n != map[bool]int{true: 0, false: 1}[e.Delete] {
				t.Fatalf("%s stands there %d times", e.Name, n)
			}
		}
		for _, e := range before {
			if !replace && count(entries, e.Name) == 0 && count(after, e.Name) != count(before, e.Name) {
				t.Fatalf("%s is gone", e.Name)
			}
		}
	})
}
