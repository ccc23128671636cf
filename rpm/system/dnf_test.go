package system

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/rpm"
)

// dnfOracle is the real dnf, which testdata/ask_dnf.py asks.
type dnfOracle struct {
	in  *json.Encoder
	out *bufio.Reader
}

func newDNF(t testing.TB) *dnfOracle {
	t.Helper()
	const python = "/usr/bin/python3" // the one that dnf's module is for
	if out, err := exec.Command(python, "-c", "import dnf").CombinedOutput(); err != nil {
		missing(t, fmt.Sprintf("dnf's module for Python: %v: %s", err, out))
	}
	c := exec.Command(python, "testdata/ask_dnf.py")
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + t.TempDir()}
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &dnfOracle{json.NewEncoder(in), bufio.NewReader(out)}
}

func (d *dnfOracle) ask(t rapid.TB, answer any, question ...any) {
	t.Helper()
	if err := d.in.Encode(question); err != nil {
		t.Fatal(err)
	}
	line, err := d.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("dnf does not answer %q: %v", question, err)
	}
	if err := json.Unmarshal(line, answer); err != nil {
		t.Fatal(err)
	}
}

// dnfRepository is a repository as dnf has it.
type dnfRepository struct {
	ID             string   `json:"id"`
	URLs           []string `json:"baseurl"`
	Mirrorlist     string   `json:"mirrorlist"`
	Metalink       string   `json:"metalink"`
	Priority       int      `json:"priority"`
	Cost           int      `json:"cost"`
	CheckPackages  bool     `json:"gpgcheck"`
	CheckMetadata  bool     `json:"repo_gpgcheck"`
	Keys           []string `json:"gpgkey"`
	Exclude        []string `json:"excludepkgs"`
	Only           []string `json:"includepkgs"`
	ModuleHotfixes bool     `json:"module_hotfixes"`
	Login          string   `json:"username"`
	Password       string   `json:"password"`
	Verify         bool     `json:"sslverify"`
	Authorities    string   `json:"sslcacert"`
	Certificate    string   `json:"sslclientcert"`
	Key            string   `json:"sslclientkey"`
	Optional       bool     `json:"skip_if_unavailable"`
	Proxy          string   `json:"proxy"`
}

type dnfMachine struct {
	Repositories []dnfRepository `json:"repositories"`
	Exclude      []string        `json:"excludepkgs"`
	Only         []string        `json:"includepkgs"`
	Recommends   bool            `json:"install_weak_deps"`
	Releasever   string          `json:"releasever"`
	Architecture string          `json:"arch"`
}

// as is a source in dnf's words, with what all of the machine's repositories
// exclude taken off.
func (m *dnfMachine) as(root string, s *Source) dnfRepository {
	r := dnfRepository{
		ID: s.Name, URLs: s.URLs, Mirrorlist: s.Mirrorlist, Metalink: s.Metalink,
		Priority: priorityZero - *s.Priority, Cost: s.cost,
		CheckPackages: s.CheckPackages, CheckMetadata: !s.Trusted,
		Exclude: s.Exclude[len(m.Exclude):], Only: s.Only[len(m.Only):],
		ModuleHotfixes: s.ModuleHotfixes, Login: s.Login, Password: s.Password,
		Verify:      !s.TLS.SkipPeer,
		Authorities: strings.TrimPrefix(s.TLS.Authorities, root),
		Certificate: strings.TrimPrefix(s.TLS.Certificate, root),
		Key:         strings.TrimPrefix(s.TLS.Key, root),
		Optional:    s.Optional,
	}
	if s.proxy != nil {
		r.Proxy = *s.proxy
	}
	for _, key := range s.Keys {
		r.Keys = append(r.Keys, "file://"+strings.TrimPrefix(key, root))
	}
	r.Keys = append(r.Keys, s.KeyURLs...)
	return r
}

// in brings a repository of dnf's into the one form that sources have.
func (r dnfRepository) in(root string) dnfRepository {
	switch {
	case r.Metalink != "":
		r.URLs, r.Mirrorlist = nil, ""
	case strings.Contains(r.Mirrorlist, "metalink"):
		r.URLs, r.Mirrorlist, r.Metalink = nil, "", r.Mirrorlist
	case r.Mirrorlist != "":
		r.URLs = nil
	}
	var urls []string
	for _, u := range r.URLs {
		if path, isFile := strings.CutPrefix(u, "file://"); isFile {
			u = "file://" + root + path
		}
		if u = strings.TrimRight(u, "/"); u != "" && !slices.Contains(urls, u) {
			urls = append(urls, u)
		}
	}
	r.URLs = urls
	slices.SortStableFunc(r.Keys, func(a, b string) int { return strings.Compare(a[:4], b[:4]) }) // file, then http
	if r.Login == "" {
		r.Password = ""
	}
	if r.Proxy == "_none_" {
		r.Proxy = ""
	}
	return r
}

// agree compares what dnf and this package read of a machine.
func (d *dnfOracle) agree(t rapid.TB, m *machine) {
	t.Helper()
	var want dnfMachine
	d.ask(t, &want, "machine", m.dir)
	s, err := read(m.dir, want.Architecture, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := dnfMachine{Exclude: want.Exclude, Only: want.Only, Recommends: s.Recommends, Releasever: s.Releasever, Architecture: s.Architecture}
	for i := range s.Sources {
		source := &s.Sources[i]
		if !slices.Equal(source.Exclude[:min(len(want.Exclude), len(source.Exclude))], want.Exclude) || !slices.Equal(source.Only[:min(len(want.Only), len(source.Only))], want.Only) {
			t.Fatalf("%s excludes %q and includes %q; expected %q and %q of [main] first", source.Name, source.Exclude, source.Only, want.Exclude, want.Only)
		}
		got.Repositories = append(got.Repositories, want.as(m.dir, source))
	}
	for i := range want.Repositories {
		want.Repositories[i] = want.Repositories[i].in(m.dir)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-dnf +read):\n%s\nnotes: %q\n%s", diff, s.Notes, m)
	}
}

func TestDNFAgrees(t *testing.T) {
	d := newDNF(t)
	for _, tt := range []struct {
		name  string
		files map[string]string
	}{
		{"a plain repository", map[string]string{"etc/yum.repos.d/a.repo": "[a]\nname=A\nbaseurl=http://a.example.org/x/\n"}},
		{"several URLs", map[string]string{"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org/x, http://b.example.org/x\n http://c.example.org/x\n\thttp://a.example.org/x/\nenabled=1\n"}},
		{"a comment ends a value", map[string]string{"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org/x\n#no\nname=x\n"}},
		{"enabled", map[string]string{"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org\nenabled=no\n[b]\nbaseurl=http://b.example.org\nenabled=TRUE\n[c]\nbaseurl=http://c.example.org\nenabled=perhaps\n[d]\nbaseurl=http://d.example.org\nenabled=0\n"}},
		{"inherited", map[string]string{
			"etc/dnf/dnf.conf": "[main]\ngpgcheck=1\nrepo_gpgcheck=True\nskip_if_unavailable=1\nusername=u\npassword=p\nsslverify=0\nsslcacert=/etc/ca.pem\nsslclientcert=/c\nsslclientkey=/k\nproxy=http://proxy.example.org:3128\ninstall_weak_deps=False\npriority=1\ncost=1\nmodule_hotfixes=1\nbaseurl=http://no.example.org\n",
			"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org\n[b]\nbaseurl=http://b.example.org\ngpgcheck=0\nrepo_gpgcheck=0\nskip_if_unavailable=no\nusername=\nsslverify=1\nsslcacert=\nsslclientcert=/d\nsslclientkey=/l\n" +
				"proxy=_none_\nmodule_hotfixes=yes\n[c]\nbaseurl=http://c.example.org\nproxy=\nusername=None\npassword=p w # x\n[d]\nbaseurl=http://d.example.org\nproxy=http://u:p@other.example.org:1\n",
		}},
		{"excludes", map[string]string{
			"etc/dnf/dnf.conf":       "[main]\nexclude=m1, m2\n m3\nexcludepkgs=m4\nincludepkgs=i1 i2\n",
			"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org\nexclude=a*,b\nexcludepkgs=c\n[b]\nbaseurl=http://b.example.org\nexcludepkgs=c\nexclude=,d\nincludepkgs=i\n[c]\nbaseurl=http://c.example.org\nexclude=\n x\n \n y\n[d]\nbaseurl=http://c.example.org\nexclude=a\nexclude=b\n",
		}},
		{"the order", map[string]string{
			"etc/yum.repos.d/a.repo": "[z]\nbaseurl=http://z.example.org\n[y]\nbaseurl=http://y.example.org\ncost=5\n[x]\nbaseurl=http://x.example.org\npriority=5\n[w]\nbaseurl=http://w.example.org\npriority=5\ncost=1\n[v]\nbaseurl=http://v.example.org\npriority=-5\n",
			"etc/yum.repos.d/b.repo": "[u]\nbaseurl=http://u.example.org\ncost=9999\n[t]\nbaseurl=http://t.example.org\npriority=100\n[s]\nbaseurl=http://s.example.org\n",
		}},
		{"values that are none", map[string]string{"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org\npriority=high\ncost=\ngpgcheck=perhaps\nsslverify=\n[b]\nbaseurl=http://b.example.org\npriority=1.5\ncost=7x\n"}},
		{"files in their order, and an id twice", map[string]string{
			"etc/yum.repos.d/b.repo":        "[a]\nbaseurl=http://second.example.org\n[b]\nbaseurl=http://b.example.org\n",
			"etc/yum.repos.d/a-1.repo":      "[c]\nbaseurl=http://c.example.org\n",
			"etc/yum.repos.d/a.repo":        "[a]\nbaseurl=http://first.example.org\n",
			"etc/yum.repos.d/a.repo.rpmnew": "[n]\nbaseurl=http://n.example.org\n",
			"etc/yum/repos.d/0.repo":        "[d]\nbaseurl=http://d.example.org\n",
			"etc/distro.repos.d/0.repo":     "[e]\nbaseurl=http://e.example.org\n",
		}},
		{"a section in two parts", map[string]string{"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org\npriority=1\n[b] # c\nbaseurl=http://b.example.org\n[a]\npriority=2\n"}},
		{"repositories in the main file", map[string]string{"etc/dnf/dnf.conf": "[main]\ngpgcheck=1\n[m]\nbaseurl=http://m.example.org/$basearch\n", "etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org\n"}},
		{"ids", map[string]string{"etc/yum.repos.d/a.repo": "[no good]\nbaseurl=http://a.example.org\n[$basearch-x]\nbaseurl=http://b.example.org\n[a.b:c_d-e]\nbaseurl=http://c.example.org\n[ä]\nbaseurl=http://d.example.org\n"}},
		{"variables", map[string]string{
			"etc/yum/vars/first":     "no\n",
			"etc/dnf/vars/first":     "one\ntwo\n",
			"etc/yum/vars/Second_2":  "2\r\n",
			"etc/dnf/vars/empty":     "",
			"etc/dnf/vars/stream":    "9-stream",
			"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org/$first/${Second_2}/$basearch/$arch/x$empty/$stream-y\ngpgkey=file:///etc/key-$first\n https://k.example.org/$basearch.asc file:///other\nexclude=$first-*\n",
		}},
		{"the release as a variable", map[string]string{"etc/dnf/vars/releasever": "9.5\n", "etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org/$releasever\n"}},
		{"variables that stand for machines", map[string]string{"etc/dnf/vars/basearch": "other\n", "etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org/$basearch/$arch\n"}},
		{"lists", map[string]string{
			"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org\nmirrorlist=http://m.example.org/?repo=x&arch=$basearch\n[b]\nmirrorlist=https://m.example.org/metalink?repo=b\n" +
				"[c]\nmetalink=https://m.example.org/l/\nmirrorlist=https://m.example.org/ml\nbaseurl=http://c.example.org\n[d]\nmirrorlist=\nbaseurl=http://d.example.org\n",
		}},
		{"files of the machine", map[string]string{"etc/yum.repos.d/a.repo": "[a]\nbaseurl=file:///srv/repo/\n"}},
		{"a byte order mark and ends of lines", map[string]string{"etc/yum.repos.d/a.repo": "\uFEFF[a]\r\nbaseurl=http://a.example.org \t\r\n http://b.example.org\r\n"}},
		{"directories of its own", map[string]string{
			"etc/dnf/dnf.conf":       "[main]\nreposdir=/etc/mine /etc/yours\nvarsdir=/etc/v\n",
			"etc/mine/a.repo":        "[a]\nbaseurl=http://a.example.org/$x\n",
			"etc/yours/a.repo":       "[b]\nbaseurl=http://b.example.org/$x\n",
			"etc/yum.repos.d/c.repo": "[c]\nbaseurl=http://c.example.org\n",
			"etc/v/x":                "y\n",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d.agree(t, newMachine(t, tt.files))
		})
	}
}

// TestDNFAgreesOnDrawnRepositories draws files of repositories.
func TestDNFAgreesOnDrawnRepositories(t *testing.T) {
	d := newDNF(t)
	boolean := rapid.SampledFrom([]string{"1", "0", "yes", "No", "TRUE", "false", "on", "Off", "2", "", "maybe"})
	address := rapid.SampledFrom([]string{
		"http://a.example.org/x", "https://b.example.org/$basearch/", "http://c.example.org/$var,http://d.example.org",
		"http://e.example.org/${var}\n http://f.example.org/%2B+~", "file:///srv/$var\n \n http://g.example.org",
	})
	pattern := rapid.SampledFrom([]string{"a", "a*,b", "c d", ",e", "", "f\n g\n \n h", "$var-x", ", "})
	values := map[string]*rapid.Generator[string]{
		"gpgcheck": boolean, "repo_gpgcheck": boolean, "skip_if_unavailable": boolean, "sslverify": boolean, "module_hotfixes": boolean, "enabled": boolean,
		"priority": rapid.SampledFrom([]string{"1", "99", "-3", "x", "", "50 # no", "598"}),
		"cost":     rapid.SampledFrom([]string{"1", "1000", "-3", "x", ""}),
		"exclude":  pattern, "excludepkgs": pattern, "includepkgs": pattern,
		"username": rapid.SampledFrom([]string{"me", "", "None", "$var"}),
		"password": rapid.SampledFrom([]string{"secret", "", "a b"}),
		"proxy":    rapid.SampledFrom([]string{"", "_none_", "http://proxy.example.org:3128"}),
		"metalink": rapid.SampledFrom([]string{"", "http://m.example.org/metalink?repo=$var"}),
		"unknown":  rapid.Just("x"),
	}
	names := slices.Sorted(maps.Keys(values))
	settings := func(t *rapid.T, label string) string {
		var b strings.Builder
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 8).Draw(t, label) {
			fmt.Fprintf(&b, "%s%s%s\n", name, rapid.SampledFrom([]string{"=", " = "}).Draw(t, "sign"), values[name].Draw(t, name))
		}
		return b.String()
	}
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(t, map[string]string{"etc/dnf/vars/var": rapid.SampledFrom([]string{"value", ""}).Draw(rt, "var")})
		main := settings(rt, "main")
		m.write(rt, "etc/dnf/dnf.conf", "[main]\n"+strings.ReplaceAll(main, "$var", "var"))
		for _, file := range []string{"a", "b"} {
			var b strings.Builder
			for _, id := range rapid.SliceOfN(rapid.SampledFrom([]string{"one", "two", "three-$var"}), 0, 3).Draw(rt, "ids") {
				fmt.Fprintf(&b, "[%s]\nbaseurl=%s\n%s", id, address.Draw(rt, "baseurl"), settings(rt, "settings"))
			}
			m.write(rt, "etc/yum.repos.d/"+file+".repo", b.String())
		}
		d.agree(rt, m)
	})
}

// TestParseINIAgreesWithDNF draws lines of files.
func TestParseINIAgreesWithDNF(t *testing.T) {
	d := newDNF(t)
	path := filepath.Join(t.TempDir(), "file")
	line := rapid.SampledFrom([]string{
		"[a]", "[b] # c", " [a]", "[]", "[c", "[d] x y", "k=v", "k = v ", "k=", "=v", "l=w=x # y", "k", " more", "\tmore\r", "", " ", "#k=v", ";k=v", " #k", "k:v", "K=V",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(line, 0, 8).Draw(t, "lines"), "\n")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		var want struct {
			Error    string
			Sections map[string]map[string]string
		}
		d.ask(t, &want, "sections", path)
		all, err := parseINI(path, text)
		if (err != nil) != (want.Error != "") {
			t.Fatalf("%q: error %v; dnf's is %q", text, err, want.Error)
		}
		if err != nil {
			return
		}
		got := map[string]map[string]string{}
		for _, s := range all {
			got[s.name] = map[string]string{}
			for _, v := range s.settings {
				got[s.name][v.key] = v.value
			}
		}
		// Whether a blank line at the end of a file belongs to the value above depends,
		// for dnf, on how the line ends.
		for _, found := range []map[string]map[string]string{want.Sections, got} {
			for _, settings := range found {
				for key, value := range settings {
					settings[key] = strings.TrimRight(value, "\n")
				}
			}
		}
		if diff := cmp.Diff(want.Sections, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%q (-dnf +parsed):\n%s", text, diff)
		}
	})
}

func TestBaseArchitectureAgreesWithDNF(t *testing.T) {
	d := newDNF(t)
	for _, a := range []string{
		"x86_64", "i386", "i486", "i586", "i686", "aarch64", "armv5tel", "armv6l", "armv6hl", "armv7l", "armv7hl", "armv7hnl", "armv8hl",
		"ppc", "ppc64", "ppc64le", "s390", "s390x", "riscv64", "loongarch64", "mips64el", "sparc", "sparc64", "sparcv9", "alpha", "alphaev6",
	} {
		var want string
		d.ask(t, &want, "basearch", a)
		if got := rpm.BaseArchitecture(a); got != want {
			t.Errorf("$basearch of %s is %q; dnf has %q", a, got, want)
		}
	}
}
