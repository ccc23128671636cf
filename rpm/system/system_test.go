package system

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// machine is a root directory with configuration files, that dnf or zypper and
// this package both read.
type machine struct{ dir string }

// newMachine makes a machine with the given files, by their path below the root.
// A dnf.conf is always there, for else dnf would read that of the machine that
// the test runs on.
func newMachine(t testing.TB, files map[string]string) *machine {
	t.Helper()
	m := &machine{t.TempDir()}
	m.write(t, "etc/dnf/dnf.conf", "")
	m.write(t, "etc/yum.repos.d/README", "")
	for name, text := range files {
		m.write(t, name, text)
	}
	return m
}

func (m *machine) write(t rapid.TB, name, text string) {
	t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// String shows the machine's files.
func (m *machine) String() string {
	var b strings.Builder
	err := filepath.WalkDir(filepath.Join(m.dir, "etc"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&b, "-- %s\n%s\n", strings.TrimPrefix(path, m.dir), text)
		return err
	})
	if err != nil {
		fmt.Fprintln(&b, err)
	}
	return b.String()
}

// missing skips the test where a tool is missing, unless all tools are due.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// TestMain draws fewer random cases than usual unless asked for more with
// -rapid.checks, as each is put to another program.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		flag.Set("rapid.checks", "10")
	}
	os.Exit(m.Run())
}

func needs(t testing.TB, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		missing(t, err.Error())
	}
}

// TestRead reads whole machines below testdata; what is read of each stands in
// the file beside it, with ROOT for its directory.
func TestRead(t *testing.T) {
	for _, name := range []string{"fedora", "suse"} {
		t.Run(name, func(t *testing.T) {
			root, err := filepath.Abs(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			s, err := read(root, "x86_64", nil)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			e := json.NewEncoder(&got)
			e.SetIndent("", "  ")
			e.SetEscapeHTML(false)
			if err := e.Encode(s); err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(got.String(), root, "ROOT")
			golden := root + ".json"
			if *update {
				if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), text); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMachineWithoutRPM(t *testing.T) {
	s, err := Read(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Sources)+len(s.Notes) != 0 || s.Releasever != "" || !s.Recommends {
		t.Errorf("read %+v out of nothing", s)
	}
	if want := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]; want != "" && s.Architecture != want {
		t.Errorf("the architecture is %q; expected %q", s.Architecture, want)
	}
}

func TestReadThisMachine(t *testing.T) {
	if _, err := Read("/"); err != nil {
		t.Error(err)
	}
}

func TestArchitectures(t *testing.T) {
	for machine, want := range map[string]string{"x86_64": "x86_64", "amd64": "x86_64", "arm64": "aarch64", "i686": "i686", "armv7l": "armv7hl", "ppc64le": "ppc64le"} {
		if got := rpmArchitecture(machine); got != want {
			t.Errorf("uname %q is %q; expected %q", machine, got, want)
		}
	}
	m := newMachine(t, map[string]string{"etc/dnf/dnf.conf": "[main]\nmultilib_policy=all\n[a]\nbaseurl=http://a.example.org/$basearch\n"})
	for _, tt := range []struct {
		machine string
		want    []string
	}{
		{"x86_64", []string{"x86_64", "i686"}}, {"aarch64", []string{"aarch64"}},
	} {
		s, err := read(m.dir, tt.machine, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, s.Sources[0].Architectures); diff != "" {
			t.Errorf("on %s (-want +got):\n%s", tt.machine, diff)
		}
	}
}

func TestDisabledExcludes(t *testing.T) {
	for _, tt := range []struct{ disabled, want string }{
		{"", "m a"}, {"main", "a"}, {"a", "m"}, {"all", ""}, {"b", "m a"}, {"main,a", ""},
	} {
		m := newMachine(t, map[string]string{
			"etc/dnf/dnf.conf":       "[main]\nexclude=m\nincludepkgs=m\ndisable_excludes=" + tt.disabled,
			"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org\nexclude=a\nincludepkgs=a\n",
		})
		s, err := read(m.dir, "x86_64", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range [][]string{s.Sources[0].Exclude, s.Sources[0].Only} {
			if strings.Join(got, " ") != tt.want {
				t.Errorf("with disable_excludes=%s: %q; expected %q", tt.disabled, got, tt.want)
			}
		}
	}
}

// TestConfigurationThatIsRefused holds that errors name file and line, and no
// secret.
func TestConfigurationThatIsRefused(t *testing.T) {
	for _, tt := range []struct{ file, text, want string }{
		{"etc/yum.repos.d/a.repo", "[a]\npassword=secret\nsecret", "/etc/yum.repos.d/a.repo:3: the line is no setting"},
		{"etc/yum.repos.d/a.repo", "secret=1\n", "/etc/yum.repos.d/a.repo:1: the line stands before the first section"},
		{"etc/yum.repos.d/a.repo", "[a]\n=secret\n", "a.repo:2: the line is no setting"},
		{"etc/yum.repos.d/a.repo", "[a]\n\n secret\n", "a.repo:3: the line is indented"},
		{"etc/yum.repos.d/a.repo", "[a]\n[b\n", "a.repo:2: a section begins"},
		{"etc/yum.repos.d/a.repo", "[a]\nname=x\n", "a.repo:1: repository a: it has no baseurl, mirrorlist or metalink"},
		{"etc/yum.repos.d/a.repo", "[a]\nname=x\nbaseurl=http://x.example.org/$nobody/x\n", "a.repo:3: repository a: the value of $nobody is not known"},
		{"etc/yum.repos.d/a.repo", "[a]\nmetalink=http://x.example.org/?release=${releasever}\n", "a.repo:2: repository a: the value of $releasever is not known"},
		{"etc/yum.repos.d/a.repo", "[a]\nbaseurl=http://me:secret@/x\n", `a.repo:2: repository a: "http:///x" names no host`},
		{"etc/yum.repos.d/a.repo", "[a]\nbaseurl=http://me:se/cret@[x\n", `a.repo:2: repository a: "http://[x" is no URL`},
		{"etc/yum.repos.d/a.repo", "[a]\nbaseurl=file:srv\n", `a.repo:2: repository a: "file:srv" is no absolute path`},
		{"etc/dnf/dnf.conf", "[main]\nsecret\n", "/etc/dnf/dnf.conf:2: "},
		{"etc/zypp/repos.d/a.repo", "[a]\npassword=secret\nsecret\n", "/etc/zypp/repos.d/a.repo:3: the line is no setting"},
		{"etc/zypp/repos.d/a.repo", "secret=1\n", "a.repo:1: the line stands before the first section"},
		{"etc/zypp/repos.d/a.repo", "[]\n", "a.repo:1: a section has no name"},
		{"etc/zypp/repos.d/a.repo", "[a]\nname=x\n", "a.repo:1: repository a: it has no baseurl"},
		{"etc/zypp/repos.d/a.repo", "[a]\nbaseurl=http://me:secret@/x\n", `a.repo:2: repository a: "http:///x" names no host`},
		{"etc/zypp/repos.d/a.repo", "[a]\nbaseurl=http://x.example.org/$releasever\n", "a.repo:2: repository a: the value of $releasever is not known"},
		{"etc/yum.repos.d/a.repo", strings.Repeat("#", maxFile+1), "a.repo is larger than 4194304 bytes"},
	} {
		m := newMachine(t, map[string]string{tt.file: tt.text})
		s, err := read(m.dir, "x86_64", nil)
		if err == nil {
			t.Errorf("%s: %q is read as %+v; expected an error with %q", tt.file, excerpt(tt.text), s.Sources, tt.want)
			continue
		}
		if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "cret@") {
			t.Errorf("error %q; expected one with %q and no secret", err, tt.want)
		}
	}
}

// TestWhatIsLeftOut holds what has no effect, and that it is told without secrets.
func TestWhatIsLeftOut(t *testing.T) {
	for _, tt := range []struct {
		file, text string
		sources    int
		note       string
	}{
		{"etc/yum.repos.d/a.repo", "[a]\nbaseurl=ftp://me:secret@x.example.org/x\n", 0, "the transport \"ftp\""},
		{"etc/yum.repos.d/a.repo", "[a]\nbaseurl=me:secret@x.example.org/x\n", 0, "the transport \"me\""},
		{"etc/yum.repos.d/a.repo", "[a]\nbaseurl=ftp://x.example.org/x http://x.example.org/x\n", 1, "the transport \"ftp\""},
		{"etc/yum.repos.d/a.repo", "[a]\nbaseurl=http://x.example.org/x?secret\n", 0, "is followed by a query"},
		{"etc/yum.repos.d/a.repo", "[a]\nbaseurl=http://x.example.org/$nobody\nskip_if_unavailable=1\n", 0, "the value of $nobody is not known"},
		{"etc/yum.repos.d/a.repo", "[a b]\nbaseurl=http://x.example.org\n", 0, "its id may have"},
		{"etc/yum.repos.d/a.repo", "[a]\nbaseurl=http://x.example.org\npriority=high\n", 1, "a.repo:3: priority is ignored: expected a number, seen \"high\""},
		{"etc/yum.repos.d/a.repo", "[a]\nbaseurl=http://x.example.org\ngpgcheck=perhaps\n", 1, "a.repo:3: gpgcheck is ignored: expected yes or no"},
		{"etc/yum.repos.d/a.repo", "[a]\nbaseurl=http://x.example.org\ngpgcheck=1\n", 1, "a.repo:1: signatures are to be checked and there is no key"},
		{"etc/yum.repos.d/a.repo", "[a]\nbaseurl=http://x.example.org\ngpgkey=ftp://me:secret@x.example.org/k\n", 1, "a.repo:3: the key \"ftp://x.example.org/k\" is left out"},
		{"etc/dnf/dnf.conf", "[main]\nfastestmirror=1\nobsoletes=1\n", 0, "dnf.conf:2: fastestmirror has no effect"},
		{"etc/zypp/repos.d/a.repo", "[a]\nbaseurl=dvd:///?devices=/dev/sr0\ngpgcheck=0\n", 0, "not supported"},
		{"etc/zypp/repos.d/a.repo", "[a]\nbaseurl=https://x.example.org/x?secret\ngpgcheck=0\n", 0, "followed by a query"},
		{"etc/zypp/repos.d/a.repo", "[a]\nbaseurl=https://x.example.org/x\ntype=yast2\ngpgcheck=0\n", 0, "its type is \"yast2\""},
		{"etc/zypp/repos.d/a.repo", "[a]\nmirrorlist=https://x.example.org/x\npath=/sub\ngpgcheck=0\n", 0, "a path below the mirrors of a list"},
	} {
		s, err := read(newMachine(t, map[string]string{tt.file: tt.text}).dir, "x86_64", nil)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		notes := strings.Join(s.Notes, "\n")
		if len(s.Sources) != tt.sources || !strings.Contains(notes, tt.note) || strings.Contains(notes, "secret") {
			t.Errorf("%s\n%d sources, notes %q; expected %d and %q", tt.text, len(s.Sources), notes, tt.sources, tt.note)
		}
	}
}

func TestFilesForBothProgramsAreReadOnce(t *testing.T) {
	const repository = "[a]\nbaseurl=http://a.example.org/x\n"
	m := newMachine(t, map[string]string{
		"etc/dnf/dnf.conf":        "[main]\nreposdir=/etc/yum.repos.d /etc/zypp/repos.d\n",
		"etc/zypp/repos.d/a.repo": repository,
		"etc/zypp/zypp.conf":      "[main]\nsolver.onlyRequires = true\n",
	})
	s, err := read(m.dir, "x86_64", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Sources) != 1 || len(s.Notes) != 0 || !s.Recommends {
		t.Errorf("%d sources, notes %q, recommends %t; expected dnf's one and no word of zypper's", len(s.Sources), s.Notes, s.Recommends)
	}
	m.write(t, "etc/dnf/dnf.conf", "")
	m.write(t, "etc/yum.repos.d/a.repo", repository)
	if s, err = read(m.dir, "x86_64", nil); err != nil {
		t.Fatal(err)
	}
	if len(s.Sources) != 1 || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "it stands at") {
		t.Errorf("%d sources, notes %q; expected one, and a note that the other has the same name", len(s.Sources), s.Notes)
	}
}

func TestFilesThatCannotBeReadAreErrors(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	m := newMachine(t, map[string]string{"etc/yum.repos.d/a.repo": "[a]\n"})
	if err := os.Chmod(filepath.Join(m.dir, "etc/yum.repos.d/a.repo"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := read(m.dir, "x86_64", nil); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v; expected one about the permission", err)
	}
}
