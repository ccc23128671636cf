package deb

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestOwnPriority(t *testing.T) {
	seven := 7
	tests := []struct {
		fields   string
		priority *int
		want     int
	}{
		{"", nil, 500},
		{"NotAutomatic: yes\n", nil, 1},
		{"NotAutomatic: yes\nButAutomaticUpgrades: yes\n", nil, 100},
		{"ButAutomaticUpgrades: yes\n", nil, 500},
		{"NotAutomatic: no\n", nil, 500},
		{"NotAutomatic: yes\n", &seven, 7},
	}
	for _, test := range tests {
		a := publish(t, "dists/bookworm", fixtureFields+test.fields, map[string]string{"main/binary-amd64/Packages": stanza("a", "1", "amd64", "")})
		s := sourceOf("main", "amd64")
		s.Priority = test.priority
		if got := a.packages(t, one(t, s))[0].Priority; got != test.want {
			t.Errorf("with %q and priority %v set it is %d, expected %d", test.fields, test.priority, got, test.want)
		}
	}
}

// pinsOf reads preferences as people write them, one pin a line:
// "packages; kind value; priority".
func pinsOf(t *testing.T, text string) (pins []repo.Pin) {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		parts := strings.Split(line, ";")
		kind, value, _ := strings.Cut(strings.TrimSpace(parts[1]), " ")
		priority, err := strconv.Atoi(strings.TrimSpace(parts[2]))
		if err != nil {
			t.Fatal(err)
		}
		pins = append(pins, repo.Pin{Packages: strings.Fields(parts[0]), Kind: kind, Value: value, Priority: priority})
	}
	return pins
}

var pinTests = []struct {
	pins string
	want string // priorities of foo, bar and foo:arm64
}{
	{"foo; release a=stable; 300", "300 500 500"},
	{"foo:any; release a=stable; 300", "300 500 300"},
	{"foo:arm64; release a=stable; 300", "500 500 300"},
	{"*; release a=stable; 300", "300 300 300"},
	{"*; release *; 300", "300 300 300"},
	{"*; release a=testing; 300", "500 500 500"},
	{"*; release o=Example, l=Example Label, n=bookworm, v=12.1; 300", "300 300 300"},
	{"*; release o=Example, n=trixie; 300", "500 500 500"},
	{"*; release n=trixie, n=bookworm; 300", "300 300 300"},
	{"*; release STABLE; 300", "300 300 300"},
	{"*; release bookworm; 300", "300 300 300"},
	{"*; release 12.1; 300", "300 300 300"},
	{"*; release 12*; 300", "300 300 300"},
	{"*; release v=12; 300", "500 500 500"},
	{"*; release n=book*; 300", "300 300 300"},
	{"*; release n=/^boo.worm$/; 300", "300 300 300"},
	{"*; release c=main; 300", "300 300 300"},
	{"*; release c=contrib; 300", "500 500 500"},
	{"*; release b=amd64; 300", "300 300 500"},
	{`*; origin "archive.example.org"; 300`, "300 300 300"},
	{`*; origin *.example.org; 300`, "300 300 300"},
	{`*; origin ""; 300`, "500 500 500"},
	{`foo; origin archive.example.org; 300`, "300 500 500"},
	{"foo; version 1.0; 300", "300 500 500"},
	{"foo; version 1.*; 300", "300 500 500"},
	{"foo; version 2.*; 300", "500 500 500"},
	{"foo bar; version *; 300", "300 300 500"},
	{"*; version 1.0; 300", "500 500 500"},
	{"f*; release a=stable; 300", "300 500 500"},
	{"/^f/; release a=stable; 300", "300 500 500"},
	{"/^f/:any; release a=stable; 300", "300 500 300"},
	{"src:foo; release a=stable; 300", "300 300 500"},
	{"src:f*:any; version 1.0; 300", "300 300 300"},
	{"foo; version 9; 300\nfoo; version 1.0; 400\nfoo; release a=stable; 500", "400 500 500"},
	{"*; release a=stable; 300\n*; release o=Example; 400", "300 300 300"},
	{"*; release a=stable; 300\nfoo; release o=Example; 200", "200 300 300"},
	{"*; release a=stable; -1\nbar; release a=stable; 990", "-1 990 -1"},
}

const pinRelease = "Origin: Example\nLabel: Example Label\nSuite: stable\nVersion: 12.1\nCodename: bookworm\nArchitectures: amd64 arm64\nComponents: main\n"

// pinIndexes have a package, one of another architecture, and one of the same source.
func pinIndexes() map[string]string {
	return map[string]string{
		"main/binary-amd64/Packages": index(stanza("foo", "1.0", "amd64", ""), stanza("bar", "1.0", "amd64", "Source: foo\n")),
		"main/binary-arm64/Packages": index(stanza("foo", "1.0", "arm64", "")),
	}
}

func TestPins(t *testing.T) {
	a := publish(t, "dists/bookworm", pinRelease, pinIndexes())
	for _, test := range pinTests {
		s := sourceOf("main", "amd64 arm64")
		s.Pins = pinsOf(t, test.pins)
		got := map[string]int{}
		for _, p := range a.packages(t, one(t, s)) {
			got[p.Name+":"+p.Architecture] = p.Priority
		}
		if d := cmp.Diff(test.want, fmt.Sprint(got["foo:amd64"], got["bar:amd64"], got["foo:arm64"])); d != "" {
			t.Errorf("%s: %s", test.pins, d)
		}
	}
}

// The expectations of TestPins are those of the real apt.
func TestPinsAsApt(t *testing.T) {
	aptGet, aptCache := tool(t, "apt-get"), tool(t, "apt-cache")
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(command ...string) string {
		t.Helper()
		c := exec.Command(command[0], command[1:]...)
		c.Env = append(os.Environ(), "LC_ALL=C", "APT_CONFIG="+filepath.Join(dir, "apt.conf"))
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%v: %v", command, err)
		}
		return string(out)
	}
	// Lists as apt keeps them, so that they seem to come from a host.
	list := "lists/archive.example.org_debian_dists_bookworm_"
	write(list+"Release", "Date: Sun, 22 Nov 2026 10:00:00 UTC\n"+pinRelease+"SHA256:\n "+sum(1)+" 1 main/binary-amd64/Packages\n "+sum(1)+" 1 main/binary-arm64/Packages\n")
	for name, content := range pinIndexes() {
		write(list+strings.ReplaceAll(name, "/", "_"), content)
	}
	write("lists/partial/x", "")
	write("cache/archives/partial/x", "")
	write("status", "")
	write("sources.list", "deb [trusted=yes] http://archive.example.org/debian bookworm main\n")
	write("apt.conf", fmt.Sprintf(`Dir::State::lists "%[1]s/lists"; Dir::State::status "%[1]s/status"; Dir::Cache "%[1]s/cache";
Dir::Etc::sourcelist "%[1]s/sources.list"; Dir::Etc::sourceparts "-"; Dir::Etc::preferences "%[1]s/preferences"; Dir::Etc::preferencesparts "-"; Dir::Etc::parts "-";
APT::Architecture "amd64"; APT::Architectures { "amd64"; "arm64"; }; Acquire::Languages { "none"; };
`, dir))
	write("preferences", "")
	run(aptGet, "-q", "check")
	for _, test := range pinTests {
		var preferences strings.Builder
		for _, p := range pinsOf(t, test.pins) {
			fmt.Fprintf(&preferences, "Package: %s\nPin: %s %s\nPin-Priority: %d\n\n", strings.Join(p.Packages, " "), p.Kind, p.Value, p.Priority)
		}
		write("preferences", preferences.String())
		var got []string
		for _, name := range []string{"foo:amd64", "bar:amd64", "foo:arm64"} {
			for _, line := range strings.Split(run(aptCache, "policy", name), "\n") {
				if f := strings.Fields(line); len(f) == 2 && f[0] == "1.0" {
					got = append(got, f[1])
				}
			}
		}
		if d := cmp.Diff(test.want, strings.Join(got, " ")); d != "" {
			t.Errorf("%s: %s", test.pins, d)
		}
	}
}

func TestBadPins(t *testing.T) {
	a := publish(t, "dists/bookworm", pinRelease, pinIndexes())
	for pins, want := range map[string]string{
		"foo; release x=1; 5":  `condition "x=1" is not one of`,
		"foo; releas a=1; 5":   "its kind is not version, origin or release",
		"/(/; release a=1; 5":  "regular expression /(/",
		"foo; version /(/; 5":  "regular expression /(/",
		"foo; release a=/(; 5": "",
	} {
		s := sourceOf("main", "amd64")
		s.Pins = pinsOf(t, pins)
		r := one(t, s)
		_, err := Format{}.ReadPackages(r, a.root(t, r), a.open)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error is %v, expected %q", pins, err, want)
		}
	}
}
