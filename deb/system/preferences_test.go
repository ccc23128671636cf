package system

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// TestOrderOfPreferencesAgreesWithApt has suites that differ in the record that
// applies to them first, in files of many names.
func TestOrderOfPreferencesAgreesWithApt(t *testing.T) {
	record := func(pin string, priority any) string {
		return fmt.Sprintf("Package: *\nPin: %s\nPin-Priority: %v\n\n", pin, priority)
	}
	m := newMachine(t, map[string]string{
		"etc/apt/apt.conf":    `APT::Default-Release "target";`,
		"etc/apt/preferences": "# comment\n\n" + record("release n=both", 110) + record("Release   n=target ", 111) + record("release n=junk", "112 and more"),
		"etc/apt/preferences.d/b": record("release n=both", 120) + record("release n=parts", 121) + record("release n=never", "never") +
			"Explanation: text\nPackage: *\n# comment\nPin: release n=late\n# comment\nPin-Priority: -5\n\nPackage: *\n\n# alone\n\n",
		"etc/apt/preferences.d/a.pref":       record("release n=parts", 130) + record("release n=a", 131) + record("release n=never", 132),
		"etc/apt/preferences.d/c.pref.bak":   record("release n=c", 140),
		"etc/apt/preferences.d/d d.pref":     record("release n=d", 150),
		"etc/apt/preferences.d/e.conf":       record("release n=e", 160),
		"etc/apt/preferences.d/f":            "Package: *\nPin: bogus\nPin-Priority: 1\n\n" + record("version 1", 170) + record("release n=f", 171),
		"etc/apt/preferences.d/g_1.2-3.pref": record("release n=g", 32767) + record("release n=h", -32768),
	})
	suites := []string{"both", "target", "parts", "never", "late", "a", "c", "d", "e", "f", "g", "h", "junk", "other"}
	sources := ""
	for _, suite := range suites {
		sources += "deb http://x.example.org/d " + suite + " main\n"
		name := "var/lib/apt/lists/x.example.org_d_dists_" + suite + "_"
		m.write(t, name+"Release", "Codename: "+suite+"\nArchitectures: amd64\nComponents: main\n")
		m.write(t, name+"main_binary-amd64_Packages", "")
	}
	m.write(t, "etc/apt/sources.list", sources)
	out, err := m.run(t, "apt-cache", "policy")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(out) {
		// " 500 http://x.example.org/d other/main amd64 Packages"
		if fields := strings.Fields(line); len(fields) > 2 && strings.HasPrefix(fields[1], "http:") {
			suite, _, _ := strings.Cut(fields[2], "/")
			want[suite] = fields[0]
		}
	}
	if len(want) != len(suites) {
		t.Fatalf("apt-cache policy does not tell of all suites:\n%s", out)
	}

	s, err := read("/", m.env)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, suite := range suites {
		priority := 500
		for _, pin := range s.Pins {
			if cmp.Equal(pin.Packages, []string{"*"}) && pin.Kind == "release" && strings.TrimPrefix(pin.Value, "n=") == suite {
				priority = pin.Priority
				break
			}
		}
		got[suite] = fmt.Sprint(priority)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("priorities of the suites (-apt +read):\n%s", diff)
	}
}

func TestParsePreferences(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []repo.Pin
		note string
		err  string
	}{
		{
			text: "Package: perl libperl*\n /^perl-.*/ src:perl:any\nPin: version 5.36*\nPin-Priority: 1001\n",
			want: []repo.Pin{{Packages: []string{"perl", "libperl*", "/^perl-.*/", "src:perl:any"}, Kind: "version", Value: "5.36*", Priority: 1001}},
		},
		{
			text: "package: *\npin: ORIGIN \"\"\npin-priority: 999",
			want: []repo.Pin{{Packages: []string{"*"}, Kind: "origin", Value: "", Priority: 999}},
		},
		{
			text: "Package: *\nPin: origin \"archive.example.org\"\nPin-Priority: +10\n\n\nPackage: *\nPin: origin archive.example.org\nPin-Priority: -10",
			want: []repo.Pin{
				{Packages: []string{"*"}, Kind: "origin", Value: "archive.example.org", Priority: 10},
				{Packages: []string{"*"}, Kind: "origin", Value: "archive.example.org", Priority: -10},
			},
		},
		{
			text: "Package: *\nPin: release a=stable, v=12\nPin-Priority: 500\n",
			want: []repo.Pin{{Packages: []string{"*"}, Kind: "release", Value: "a=stable, v=12", Priority: 500}},
		},
		{text: "Package: *\nPin: release a=x\nPin-Priority: never", want: []repo.Pin{{Packages: []string{"*"}, Kind: "release", Value: "a=x", Priority: -32768}}},
		{text: "Package: x\nExplanation: no pin\n"},
		{text: "Package: *\nPin: version 1\nPin-Priority: 1\n", note: "p:1: a pin by version has no effect"},
		{text: "\nPackage: x\nPin: colour red\nPin-Priority: 1\n", note: `p:2: pins of kind "colour" are unknown`},
		{text: "\n\nPin: release a=x\nPin-Priority: 1\n", err: "p:3: the record has no Package"},
		{text: "Package: x\nPin: release a=x\n", err: "p:1: the record has no Pin-Priority"},
		{text: "Package: x\nPin: release a=x\nPin-Priority: 0\n", err: "p:1: Pin-Priority 0"},
		{text: "Package: x\nPin: release a=x\nPin-Priority: high\n", err: `p:1: Pin-Priority "high" is no number`},
		{text: "Package: x\nPin: release a=x\nPin-Priority: 32768\n", err: `p:1: Pin-Priority "32768" is no number between`},
		{text: "Package: x\nPin: release a=x\nPin-Priority: never\n", err: "p:1: \"Pin-Priority: never\" works with"},
		{text: "Package x\n", err: "p:1: "},
	} {
		pins, notes, err := parsePreferences("p", tt.text)
		if diff := cmp.Diff(tt.want, pins); diff != "" {
			t.Errorf("%s(-want +got):\n%s", tt.text, diff)
		}
		if note := strings.Join(notes, "\n"); !strings.HasPrefix(note, tt.note) || (note == "") != (tt.note == "") {
			t.Errorf("%snotes %q; expected %q", tt.text, note, tt.note)
		}
		if text := errorText(err); tt.err != "" && !strings.HasPrefix(text, tt.err) || tt.err == "" && err != nil {
			t.Errorf("%serror %q; expected %q", tt.text, text, tt.err)
		}
	}
}

func FuzzParsePreferences(f *testing.F) {
	f.Add("Package: *\nPin: origin \"x\"\nPin-Priority: 1\n\n# comment\nPackage: a b\nPin: version 1*\nPin-Priority: never\n")
	f.Fuzz(func(t *testing.T, text string) {
		pins, _, err := parsePreferences("preferences", text)
		if err != nil && !strings.HasPrefix(err.Error(), "preferences:") {
			t.Errorf("no place in %v", err)
		}
		for _, p := range pins {
			if len(p.Packages) == 0 || p.Priority == 0 || p.Priority < -32768 || p.Priority > 32767 {
				t.Errorf("impossible pin %+v", p)
			}
		}
	})
}
