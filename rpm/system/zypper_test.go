package system

import (
	"encoding/xml"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// zypperRepository is a repository as zypper shows it.
type zypperRepository struct {
	Alias      string   `xml:"alias,attr"`
	Enabled    int      `xml:"enabled,attr"`
	Priority   int      `xml:"priority,attr"`
	Check      int      `xml:"gpgcheck,attr"`
	Key        string   `xml:"gpgkey,attr"` // the first one
	Mirrorlist string   `xml:"mirrorlist,attr"`
	Metalink   string   `xml:"metalink,attr"`
	URLs       []string `xml:"url"`
}

// zypperAgrees compares what zypper and this package read of a machine.
func zypperAgrees(t rapid.TB, m *machine) {
	t.Helper()
	c := exec.Command("zypper", "--root", m.dir, "--releasever", "15.6", "--xmlout", "repos")
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + m.dir}
	out, err := c.Output()
	if err != nil && !strings.Contains(string(out), "No repositories defined") {
		t.Fatalf("zypper: %v: %s\n%s", err, out, m)
	}
	var document struct {
		Repositories []zypperRepository `xml:"repo-list>repo"`
	}
	if err := xml.Unmarshal(out, &document); err != nil {
		t.Fatal(err)
	}
	var want []zypperRepository
	for _, r := range document.Repositories {
		if r.Enabled == 0 {
			continue
		}
		r.Enabled = 0
		if len(r.URLs) > 0 {
			r.Mirrorlist, r.Metalink = "", "" // of both, URLs are what zypper uses
		}
		for i, u := range r.URLs {
			if path, local := strings.CutPrefix(u, "dir:"); local {
				u = "file://" + m.dir + strings.TrimPrefix(path, "//")
			}
			r.URLs[i] = strings.ReplaceAll(strings.TrimRight(u, "/"), "}", "%7D")
		}
		want = append(want, r)
	}

	m.write(t, "etc/zypp/vars.d/releasever", "15.6\n")
	s, err := read(m.dir, "x86_64", nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []zypperRepository
	for _, source := range s.Sources {
		r := zypperRepository{
			Alias: source.Name, Priority: priorityZero - *source.Priority,
			Mirrorlist: source.Mirrorlist, Metalink: source.Metalink, URLs: source.URLs,
		}
		if source.CheckPackages || !source.Trusted {
			r.Check = 1
		}
		if len(source.KeyURLs) > 0 {
			r.Key = source.KeyURLs[0]
		}
		got = append(got, r)
	}
	byAlias := cmpopts.SortSlices(func(a, b zypperRepository) bool { return a.Alias < b.Alias })
	if diff := cmp.Diff(want, got, byAlias, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-zypper +read):\n%s\nnotes: %q\n%s", diff, s.Notes, m)
	}
}

func TestZypperAgrees(t *testing.T) {
	needs(t, "zypper")
	for _, tt := range []struct{ name, text string }{
		{"a plain repository", "[a]\nname=A\nbaseurl=http://a.example.org/x/\n"},
		{"several URLs", "[a]\nbaseurl = http://a.example.org/x\n http://b.example.org/$basearch/x\n#\n\nhttp://c.example.org/x\nbaseurl=http://d.example.org\nbaseurl=http://a.example.org/x\n"},
		{"variables", "[a]\nbaseurl=http://a.example.org/$releasever/$releasever_major/$releasever_minor/${basearch}/$arch/${nobody:-d}/${arch:-d}/${arch:+a$releasever}/${nobody:+a}x\n"},
		{"words of variables", "[a]\nbaseurl=http://a.example.org/${nobody:-${arch:+in${basearch}}}/${nobody:-a\\}b}/${nobody:-${no:-${arch}}}\n"},
		{"enabled", "[a]\nenabled=0\nbaseurl=http://a.example.org\n[b]\nenabled=no\nbaseurl=http://a.example.org\n[c]\nenabled=True\nbaseurl=http://a.example.org\n[d]\nenabled=perhaps\nbaseurl=http://a.example.org\n[e]\nenabled=on\nbaseurl=http://a.example.org\n"},
		{"priorities", "[a]\npriority=0\nbaseurl=http://a.example.org\n[b]\npriority=1\nbaseurl=http://a.example.org\n[c]\npriority=high\nbaseurl=http://a.example.org\n[d]\npriority=200\nbaseurl=http://a.example.org\n"},
		{"checks", "[a]\ngpgcheck=0\nbaseurl=http://a.example.org\n[b]\ngpgcheck=1\nrepo_gpgcheck=0\nbaseurl=http://a.example.org\n[c]\ngpgcheck=perhaps\nbaseurl=http://a.example.org\n"},
		{"keys", "[a]\nbaseurl=http://a.example.org\ngpgkey=http://k.example.org/$releasever http://l.example.org\n http://m.example.org\n"},
		{"lists", "[a]\nmirrorlist=http://m.example.org/list?x=$releasever\n[b]\nmetalink=https://m.example.org/m?a=$basearch\n[c]\nmirrorlist=http://m.example.org/list\nbaseurl=http://c.example.org/c\n"},
		{"an alias twice", "[a]\nbaseurl=http://a.example.org\npriority=7\n[b]\nbaseurl=http://b.example.org\n[a]\npriority=8\n"},
		{"directories", "[a]\nbaseurl=dir:///srv/x/\n[b]\nbaseurl=dir:/srv/y\n"},
		{"indented", "  [a]\n  baseurl=http://a.example.org\n\tpriority = 5\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			zypperAgrees(t, newMachine(t, map[string]string{"etc/zypp/repos.d/a.repo": tt.text}))
		})
	}
}

// TestChecks holds what zypp.conf says of its settings for signatures.
func TestChecks(t *testing.T) {
	for _, tt := range []struct {
		main, repository   string
		metadata, packages bool
	}{
		{"", "", true, false},
		{"", "gpgcheck=1", true, false},
		{"", "gpgcheck=0", false, false},
		{"", "gpgcheck=0\nrepo_gpgcheck=1", true, false},
		{"", "gpgcheck=0\npkg_gpgcheck=1", false, true},
		{"", "repo_gpgcheck=0", false, true},
		{"", "repo_gpgcheck=0\npkg_gpgcheck=0", false, false},
		{"", "repo_gpgcheck=1\npkg_gpgcheck=1", true, true},
		{"gpgcheck=off", "", false, false},
		{"gpgcheck=off", "gpgcheck=1", true, false},
		{"repo_gpgcheck=off", "", false, true},
		{"repo_gpgcheck=off", "gpgcheck=1", true, false},
		{"pkg_gpgcheck=on", "", true, true},
		{"pkg_gpgcheck=on", "gpgcheck=1", true, false},
		{"gpgcheck=off\nrepo_gpgcheck=on\npkg_gpgcheck=on", "", true, true},
	} {
		m := newMachine(t, map[string]string{
			"etc/zypp/zypp.conf":      "[main]\n" + tt.main,
			"etc/zypp/repos.d/a.repo": "[a]\nbaseurl=http://a.example.org\ngpgkey=file:///k\n" + tt.repository,
		})
		s, err := read(m.dir, "x86_64", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Sources[0]; got.Trusted == tt.metadata || got.CheckPackages != tt.packages {
			t.Errorf("with %q and %q, metadata are checked: %t, packages: %t; expected %t and %t", tt.main, tt.repository, !got.Trusted, got.CheckPackages, tt.metadata, tt.packages)
		}
	}
}

func TestMachineOfZypper(t *testing.T) {
	m := newMachine(t, map[string]string{
		"etc/zypp/zypp.conf":       "[main]\narch = i586\nsolver.onlyRequires = yes\nvarsdir = /etc/v\nreposdir = /etc/r\n",
		"etc/v/x":                  "y\nz\n",
		"etc/r/a.repo":             "[a]\nbaseurl=http://a.example.org/$x/$basearch/$arch/$releasever/\npath=/below/\ngpgcheck=0\n",
		"etc/products.d/leap.prod": "<product/>",
	})
	if err := os.Symlink("leap.prod", m.dir+"/etc/products.d/baseproduct"); err != nil {
		t.Fatal(err)
	}
	m.write(t, "etc/products.d/leap.prod", "<product><version> 15.6 </version></product>")
	s, err := read(m.dir, "x86_64", nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"http://a.example.org/y/i386/i586/15.6/below"}; !slices.Equal(s.Sources[0].URLs, want) {
		t.Errorf("the URLs are %q; expected %q", s.Sources[0].URLs, want)
	}
	if s.Architecture != "i586" || s.Releasever != "15.6" || s.Recommends {
		t.Errorf("architecture %s, releasever %s, recommends %t; expected i586, 15.6, false", s.Architecture, s.Releasever, s.Recommends)
	}
}
