package packetary

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

const repositories = `
- name: "ubuntu"
  uri: "http://archive.example.org/ubuntu/"
  suite: "trusty"
  section: ["main", "restricted"]
  priority: null
- name: mos
  uri: http://mirror.example.org/mos
  suite: mos9.0
  section: [main]
  priority: 1000
  path: mirrors/mos
`

const requirements = `
mandatory: exact
repositories:
  - name: mos
    excludes:
      - name: "/^.*debuginfo.*/"
      - {group: debug, version: "1.0"}
packages:
  - name: aodh-api
  - name: nova
    versions: [">= 1", "= 2:2.0-1"]
`

func TestParse(t *testing.T) {
	list, err := ParseRepositories("repos.yaml", []byte(repositories), "deb")
	if err != nil {
		t.Fatal(err)
	}
	thousand := 1000
	want := []Repository{
		{Name: "ubuntu", URI: "http://archive.example.org/ubuntu/", Suite: "trusty", Sections: []string{"main", "restricted"}},
		{Name: "mos", URI: "http://mirror.example.org/mos", Suite: "mos9.0", Sections: []string{"main"}, Priority: &thousand, Path: "mirrors/mos"},
	}
	if diff := cmp.Diff(want, list, cmpopts.IgnoreUnexported(Repository{})); diff != "" {
		t.Error(diff)
	}
	q, err := ParseRequirements("q.yaml", []byte(requirements))
	if err != nil {
		t.Fatal(err)
	}
	wanted := &Requirements{
		Packages:     []Package{{Name: "aodh-api"}, {Name: "nova", Versions: []string{">= 1", "= 2:2.0-1"}}},
		Repositories: []Selection{{Repository: "mos", Excludes: []Filter{{"name": "/^.*debuginfo.*/"}, {"group": "debug", "version": "1.0"}}}},
		Mandatory:    "exact",
	}
	if diff := cmp.Diff(wanted, q); diff != "" {
		t.Error(diff)
	}
	c, err := NewClone(list, q, Options{Type: "deb", Architecture: "x86_64", Destination: "/srv/mirror"})
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Config.Sources; s[0].Path != "ubuntu" || s[0].Priority != nil || s[1].Path != "mirrors/mos" || *s[1].Priority != 1000 || s[0].Architectures[0] != "amd64" {
		t.Errorf("the sources are %+v", s)
	}
}

// Fields of a filter must all match, and an expression from the beginning of the text.
func TestFilters(t *testing.T) {
	p := &repo.Package{Name: "lib-dbg", Version: "1.0", Section: "debug"}
	for _, test := range []struct {
		filter Filter
		want   bool
	}{
		{Filter{"name": "lib-dbg"}, true},
		{Filter{"name": "lib"}, false},
		{Filter{"name": "/lib/"}, true},
		{Filter{"name": "/dbg/"}, false},
		{Filter{"name": "/.*dbg$/", "group": "debug"}, true},
		{Filter{"name": "/a|lib/"}, true},
		{Filter{"name": "/.*/", "version": "2.0"}, false},
		{Filter{}, true},
	} {
		match, err := test.filter.compile()
		if err != nil {
			t.Fatal(err)
		}
		if got := match(p); got != test.want {
			t.Errorf("%v: %v, expected %v", test.filter, got, test.want)
		}
	}
}

func TestArguments(t *testing.T) {
	got := Arguments(strings.Fields("packages -c name version -s name --sep x -r f --column a b"))
	want := strings.Fields("packages -c name -c version -s name --sep x -r f --column a --column b")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

var placed = regexp.MustCompile(`^file:\d+: `)

func FuzzFiles(f *testing.F) {
	f.Add([]byte(repositories))
	f.Add([]byte(requirements))
	f.Add([]byte("[{name: a, uri: 'file:///x', path: ../.., suite: ./}]"))
	f.Add([]byte("[a, b]"))
	f.Fuzz(func(t *testing.T, content []byte) {
		check := func(err error) {
			if err != nil && !placed.MatchString(err.Error()) {
				t.Errorf("%v names no file and line", err)
			}
		}
		for _, format := range []string{"deb", "rpm"} {
			list, err := ParseRepositories("file", content, format)
			check(err)
			if err != nil {
				continue
			}
			c, err := NewClone(list, nil, Options{Type: format, Architecture: "x86_64", Destination: "/srv/mirror"})
			check(err)
			if err != nil {
				continue
			}
			for _, s := range c.Config.Sources {
				if s.Path == ".." || strings.HasPrefix(s.Path, "../") || strings.HasPrefix(s.Path, "/") {
					t.Errorf("%q leads out of the destination", s.Path)
				}
			}
		}
		_, err := ParseRequirements("file", content)
		check(err)
		_, err = ParsePackageFiles("file", content)
		check(err)
	})
}
