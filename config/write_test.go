package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestTextIsReadBack writes what was read of each example and reads it again.
func TestTextIsReadBack(t *testing.T) {
	valid, _ := filepath.Glob("testdata/valid/*.yaml")
	for _, file := range append(examples(t), valid...) {
		t.Run(file, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			plain := func(string) (string, bool) { return "value", true }
			want, err := Parse("/etc/mirrorkeeper/config.yaml", data, plain)
			if err != nil {
				t.Fatal(err)
			}
			written, err := Text(want, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Parse("/etc/mirrorkeeper/config.yaml", written, plain)
			if err != nil {
				t.Fatalf("%v\n%s", err, written)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{}), cmpopts.IgnoreFields(Source{}, "Logins"), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s\n%s", diff, written)
			}
		})
	}
}

func TestTextHasComments(t *testing.T) {
	c := New()
	c.Destination = "/srv/mirror"
	s := NewSource("debian")
	s.Type, s.URLs, s.Suites, s.Components, s.Architectures, s.Trusted = "deb", []string{"https://${USER}@archive.example.org/debian"}, []string{"bookworm"}, []string{"main"}, []string{"amd64"}, true
	c.Sources = []Source{s}
	m := NewMirror("debian")
	m.From = []string{"debian"}
	c.Mirrors = []Mirror{m}
	got, err := Text(c, map[string][]string{
		"":                         {"from the old file"},
		"sources.debian.trusted":   {"nobody checked it\nmirrors: {}"},
		"sources.debian.proxy":     {"the proxy is lost"},
		"mirrors.debian":           {"two", "lines"},
		"watch.sites[3]":           {"no such thing"},
		"sources.debian.suites[0]": {"the first one"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `# from the old file
# no such thing
destination: /srv/mirror
sources:
  # the proxy is lost
  debian:
    type: deb
    url: https://${USER}@archive.example.org/debian
    suites:
      # the first one
      - bookworm
    components: [main]
    architectures: [amd64]
    # nobody checked it mirrors: {}
    trusted: true
mirrors:
  # two
  # lines
  debian:
    from: [debian]
`
	if diff := cmp.Diff(want, strings.ReplaceAll(string(got), "\n\n", "\n")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
