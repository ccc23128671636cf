package sshconfig

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// lookupIn looks a host up in a configuration, for the user me.
func lookupIn(t testing.TB, config, host string) (Values, error) {
	t.Helper()
	home := t.TempDir()
	file := filepath.Join(home, ".ssh", "config")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	r := Reader{Home: home, User: "me"}
	return r.Lookup(r.Files()[:1], host, "")
}

func TestTheFirstValueCounts(t *testing.T) {
	v, err := lookupIn(t, `
Host origin *.org
    HostName origin.example.org
    IdentityFile "~/my keys/one"
Host *
    HostName other.example.org
    User=mirror # nobody else
    IdentityFile /keys/two
    UserKnownHostsFile /a /b
Host other
    Port 2222
`, "origin")
	if err != nil {
		t.Fatal(err)
	}
	want := Values{
		"hostname": {"origin.example.org"}, "user": {"mirror"},
		"identityfile": {"~/my keys/one", "/keys/two"}, "userknownhostsfile": {"/a", "/b"},
	}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestUndecidedBlocks(t *testing.T) {
	for config, refused := range map[string]string{
		"Match exec \"true\"\nPort 1":               "match exec is not supported, and whether the block is for origin depends on it",
		"Match host other exec \"true\"\nPort 1":    "",
		"Match exec \"true\" host other\nPort 1":    "",
		"Match tagged x\nPort 1":                    "match tagged is not supported",
		"Match host other\nInclude ~/.ssh/x":        "",
		"Match":                                     "match without criteria",
		"Match host":                                "match host lacks an argument",
		"Port 1\nHost \"a":                          "config:2: a quote has no end",
		"Include ~/.ssh/config":                     "too many files include each other",
		"Host other\nInclude config\nInclude conf*": "too many files include each other",
	} {
		v, err := lookupIn(t, config, "origin")
		switch {
		case refused == "" && (err != nil || v.First("port") != ""):
			t.Errorf("%q: %v, %v; expected nothing", config, v, err)
		case refused != "" && (err == nil || !strings.Contains(err.Error(), refused)):
			t.Errorf("%q: %v; expected %q", config, err, refused)
		}
	}
}

func TestExpand(t *testing.T) {
	env := func(name string) (string, bool) {
		return map[string]string{"KEYS": "/keys", "LOOP": "${LOOP}"}[name], name == "KEYS" || name == "LOOP"
	}
	tokens := map[byte]string{'h': "origin.example.org", 'r': "mirror"}
	for text, want := range map[string]string{
		"~/.ssh/id_%r":     "/home/me/.ssh/id_mirror",
		"${KEYS}/%h/100%%": "/keys/origin.example.org/100%",
		"~":                "/home/me",
		"a~":               "a~",
		"%x":               `error: "%x" holds the token %x, which is unknown here`,
		"100%":             `error: "100%" ends in %; a percent sign is written %%`,
		"${NONE}":          "error: environment variable NONE is not set",
		"${LOOP}":          "error: environment variable LOOP holds another variable",
		"${KEYS":           "${KEYS",
	} {
		got, err := Path(text, "/home/me", env, tokens)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, expected %q", text, got, want)
		}
	}
}

// Patterns match what the regular expressions match that say the same.
func TestMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab.*?]{0,8}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[ab.]{0,8}`).Draw(t, "text")
		expression := strings.NewReplacer(".", `\.`, "*", ".*", "?", ".").Replace(pattern)
		want := regexp.MustCompile("^(?:" + expression + ")$").MatchString(text)
		if got := Matches(pattern, text); got != want {
			t.Fatalf("Matches(%q, %q) = %v", pattern, text, got)
		}
	})
}

// Whatever stands in the files, looking up ends, with values or an error.
func FuzzLookup(f *testing.F) {
	f.Add("Host a\nPort 22\nMatch final host *\nInclude config\n", "a")
	f.Add("IdentityFile \"a\\\" b\" # c\nHostName=%h.x\nMatch !host a,!b user=c", "b")
	f.Fuzz(func(t *testing.T, config, host string) {
		v, err := lookupIn(t, config, host)
		if err != nil {
			return
		}
		for keyword, args := range v {
			if keyword == "" || keyword != strings.ToLower(keyword) || len(args) == 0 || args[0] == "" && len(args) == 1 {
				t.Errorf("%q has the arguments %q", keyword, args)
			}
		}
	})
}
