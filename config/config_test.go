package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

const small = `
destination: mirror
sources:
  debian:
    type: deb
    url: https://archive.example.org/debian/
    suites: bookworm
    components: [main]
    architectures: [amd64]
    keys: [debian.asc, /etc/keys/other.gpg]
    priority: 0
    check-valid-until: false
mirrors:
  web:
    from: debian
    packages: [nginx, "postgresql (>= 15)"]
    sign: {key: keys/release.asc, passphrase: "a$$b"}
    assume-installed: {from: ./installed}
    valid-for: 14d
  full: {from: debian, path: all}
transfer: {rate: 500k}
keep: {grace: 1h30m}
`

func TestParse(t *testing.T) {
	c, err := Parse("/etc/mirrorkeeper/config.yaml", []byte(small), nil)
	if err != nil {
		t.Fatal(err)
	}
	priority := 0
	debian := NewSource("debian")
	debian.Type, debian.URLs = "deb", []string{"https://archive.example.org/debian"}
	debian.Suites, debian.Components, debian.Architectures = []string{"bookworm"}, []string{"main"}, []string{"amd64"}
	debian.Keys = []string{"/etc/mirrorkeeper/debian.asc", "/etc/keys/other.gpg"}
	debian.Priority, debian.CheckValidUntil = &priority, false
	web := NewMirror("web")
	web.From = []string{"debian"}
	web.Packages = []Seed{{Pattern: "nginx"}, {Pattern: "postgresql", Op: repo.GreaterEqual, Version: "15"}}
	web.Sign = []Sign{{Key: "/etc/mirrorkeeper/keys/release.asc", Passphrase: "a$b", Timeout: 2 * time.Minute}}
	web.AssumeInstalled.From = "/etc/mirrorkeeper/installed"
	web.ValidFor = 14 * 24 * time.Hour
	full := NewMirror("full")
	full.From, full.Path = []string{"debian"}, "all"
	want := New()
	want.Destination, want.State = "/etc/mirrorkeeper/mirror", "/etc/mirrorkeeper/mirror/.mirrorkeeper"
	want.Sources, want.Mirrors = []Source{debian}, []Mirror{web, full}
	want.Transfer.Rate = 500_000
	want.Keep.Grace = 90 * time.Minute
	if diff := cmp.Diff(want, c, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDefaults(t *testing.T) {
	want := &Config{
		Transfer: Transfer{Connections: 32, PerHost: 24, Retries: 5, Timeout: 15 * time.Second},
		Keep:     Keep{Generations: 5, Days: 14, Grace: 72 * time.Hour},
	}
	if diff := cmp.Diff(want, New(), cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(Mirror{Name: "web", Path: "web", Recommends: true, Alternatives: "first"}, NewMirror("web")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(Source{Name: "debian", CheckValidUntil: true}, NewSource("debian")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	watch, err := Parse("", []byte("state: /s\nwatch: {repositories: {pub: {directories: a}}, plant: [{to: file:///srv, repository: pub}]}"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Watch{
		Listen: "127.0.0.1:8080", Store: "sqlite", Period: 90 * time.Second,
		MaxLag: 12 * time.Hour, Floor: 1, Alternates: 1, Failures: 3,
		Budget:       Budget{Indexes: time.Hour, Sample: 24 * time.Hour, Samples: 299, Sweep: 168 * time.Hour, PerHost: 2},
		Repositories: []WatchedRepository{{Name: "pub", Directories: []string{"a"}, Stamp: ".timestamp", MaxAge: 12 * time.Hour, Age: "oldest"}},
		Plant:        []Plant{{To: "file:///srv", Repository: "pub", Every: time.Minute, Marks: true}},
	}, watch.Watch); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSourceRepo(t *testing.T) {
	c, err := Parse("", []byte(small), nil)
	if err != nil {
		t.Fatal(err)
	}
	priority := 0
	want := repo.Source{
		Name: "debian", Type: "deb", URLs: []string{"https://archive.example.org/debian"}, Suites: []string{"bookworm"},
		Components: []string{"main"}, Architectures: []string{"amd64"}, Priority: &priority, IgnoreValidUntil: true,
	}
	if diff := cmp.Diff(want, c.Source("debian").Repo()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if c.Source("none") != nil || c.Mirror("none") != nil {
		t.Error("something is found that is not there")
	}
	if !c.Mirror("full").Full() || c.Mirror("web").Full() {
		t.Error("which mirrors are full is mistaken")
	}
}

// Everything that the configuration says of an rpm source is passed on.
func TestSourceRepoOfRPM(t *testing.T) {
	c, err := Parse("", []byte(`
destination: /srv/mirror
sources:
  app:
    type: rpm
    url: https://packages.example.org/$releasever/$product/$basearch/os
    architectures: [x86_64, i686]
    root: ..
    releasever: [8, 9]
    variables: {product: [a, b]}
    include: [packages, sources]
    exclude: kernel*
    only: [app-*, "*.noarch"]
    module-hotfixes: true
    check-packages: true
    trusted: true
    keys: app.asc
  list: {type: rpm, mirrorlist: "https://mirrors.example.org/list", architectures: x86_64, trusted: true}
  link: {type: rpm, metalink: "https://mirrors.example.org/metalink", architectures: x86_64, trusted: true}
mirrors: {m: {from: [app, list, link], packages: "*"}}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	x86 := []string{"x86_64"}
	want := []repo.Source{
		{
			Name: "app", Type: "rpm", URLs: []string{"https://packages.example.org/$releasever/$product/$basearch/os"},
			Architectures: []string{"x86_64", "i686"}, Root: "..", Releasever: []string{"8", "9"},
			Variables: map[string][]string{"product": {"a", "b"}}, Include: []string{"packages", "sources"},
			Exclude: []string{"kernel*"}, Only: []string{"app-*", "*.noarch"},
			ModuleHotfixes: true, CheckPackages: true, Trusted: true,
		},
		{Name: "list", Type: "rpm", Mirrorlist: "https://mirrors.example.org/list", Architectures: x86, Trusted: true},
		{Name: "link", Type: "rpm", Metalink: "https://mirrors.example.org/metalink", Architectures: x86, Trusted: true},
	}
	var got []repo.Source
	for _, s := range c.Sources {
		got = append(got, s.Repo())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSourcePath(t *testing.T) {
	alone, several := Mirror{From: []string{"a"}}, Mirror{From: []string{"a", "b"}}
	for _, c := range []struct {
		mirror Mirror
		source Source
		want   string
	}{
		{alone, Source{Name: "a"}, "."},
		{alone, Source{Name: "a", Path: "x/y"}, "x/y"},
		{several, Source{Name: "a"}, "a"},
		{several, Source{Name: "a", Path: "."}, "."},
	} {
		if got := c.mirror.SourcePath(c.source); got != c.want {
			t.Errorf("%v of %v is published at %q, expected %q", c.source.Name, c.mirror.From, got, c.want)
		}
	}
}

// The user and password of an address go into the logins, whatever characters the
// environment gives them, and nowhere else.
func TestLogins(t *testing.T) {
	env := map[string]string{"USER": "me@here", "PASSWORD": "p:/?#@%20 ü", "TOKEN": "t0ken"}
	c, err := Parse("", []byte(`
destination: /srv/mirror
sources:
  a:
    type: rpm
    url:
      - https://${USER}:${PASSWORD}@a.example.org:8443/$basearch/
      - https://b.example.org/${TOKEN}/${arch}
      - https://user:literal@c.example.org
    architectures: x86_64
    trusted: true
  b:
    type: rpm
    url: [https://a.example.org/1, https://a.example.org/2, file:///srv/b]
    auth: {username: me, password: "${PASSWORD}"}
    architectures: x86_64
    trusted: true
mirrors: {m: {from: [a, b]}}
`), func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	a, b := c.Source("a"), c.Source("b")
	if diff := cmp.Diff([]string{
		"https://a.example.org:8443/$basearch", "https://b.example.org/t0ken/${arch}", "https://c.example.org",
	}, a.URLs); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Login{
		{"https://a.example.org:8443", "me@here", "p:/?#@%20 ü"},
		{"https://c.example.org", "user", "literal"},
	}, a.Logins); diff != "" {
		t.Errorf("logins (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Login{{"https://a.example.org", "me", "p:/?#@%20 ü"}}, b.Logins); diff != "" {
		t.Errorf("logins of auth (-want +got):\n%s", diff)
	}
}

func TestLoad(t *testing.T) {
	t.Run("paths", func(t *testing.T) {
		dir := t.TempDir()
		t.Chdir(dir)
		if err := os.WriteFile("c.yaml", []byte(small), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load("c.yaml", os.LookupEnv)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(dir, "mirror"); c.Destination != want {
			t.Errorf("the destination is %s, expected %s beside the file", c.Destination, want)
		}
		if want := filepath.Join(dir, "keys/release.asc"); c.Mirror("web").Sign[0].Key != want {
			t.Errorf("the key is %s, expected %s beside the file", c.Mirror("web").Sign[0].Key, want)
		}
	})
	t.Run("absent", func(t *testing.T) {
		if _, err := Load(filepath.Join(t.TempDir(), "c.yaml"), os.LookupEnv); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("too large", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, make([]byte, maxFile+1), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(file, os.LookupEnv); err == nil || !strings.Contains(err.Error(), "too large") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("unsupported", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "c.yaml")
		text := strings.Replace(small, "destination: mirror", "destination: s3://bucket/mirror\nstate: state", 1)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(file, os.LookupEnv); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	})
}

func TestValidate(t *testing.T) {
	text := strings.Replace(small, "destination: mirror", "destination: s3://bucket/mirror", 1)
	c, err := Parse("c.yaml", []byte(text), nil)
	if err != nil {
		t.Fatalf("Parse refuses what Validate is for: %v", err)
	}
	err = c.Validate()
	want := `c.yaml:2: destination: a bucket as destination is not supported yet (expected a directory, seen "s3://bucket/mirror")`
	if err == nil || err.Error() != want || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got:\n%v\nexpected:\n%s", err, want)
	}
	if err := New().Validate(); err != nil {
		t.Errorf("the defaults are not valid: %v", err)
	}
}

func TestLine(t *testing.T) {
	c, err := Parse("c.yaml", []byte(small), nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{
		"destination": 2, "sources.debian.keys[1]": 10, "sources.debian.suites[0]": 7,
		"sources.debian.proxy": 4, "mirrors.web.sign.key": 17, "watch.sites[3].url": 1,
	} {
		if got := c.Line(key); got != want {
			t.Errorf("%s is on line %d, expected %d", key, got, want)
		}
	}
	if got := New().Line("destination"); got != 0 {
		t.Errorf("a configuration without a file has a line %d", got)
	}
}

func TestAliasBomb(t *testing.T) {
	nested := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'z'; c++ {
		name, before := string(c), "*"+string(c-1)
		nested += name + ": &" + name + " [" + strings.Repeat(before+", ", 9) + before + "]\n"
	}
	wide := "transfer: &t {" + strings.Repeat("a: 1, ", 200) + "}\nsources: {"
	for i := range 500 {
		wide += fmt.Sprintf("s%d: *t, ", i)
	}
	for _, text := range []string{nested + "sources: {s: {url: *z}}\n", wide + "}\n"} {
		_, err := Parse("c.yaml", []byte(text), nil)
		if err == nil || strings.Count(err.Error(), "the aliases up to here stand for more than 10000 values") != 1 {
			t.Errorf("an alias bomb is not refused: %.300v", err)
		}
	}
}

// examples are the files that people copy, without those of the programs for Fuel.
func examples(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../examples/*.yaml")
	files = slices.DeleteFunc(files, func(file string) bool { return strings.HasPrefix(filepath.Base(file), "fuel-") })
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	return files
}

// The examples that people copy can be loaded as they are, with the environment
// that they name.
func TestExamples(t *testing.T) {
	for _, file := range examples(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		env := func(name string) (string, bool) { return "x", strings.Contains(string(data), "${"+name+"}") }
		if strings.HasSuffix(file, "mirrorkeeper.yaml") {
			env = func(string) (string, bool) { return "", false } // the one to begin with needs nothing
		}
		if _, err := Load(file, env); err != nil {
			t.Error(err)
		}
	}
}

// Each key stands in examples/full.yaml.
func TestFullExampleHasEveryKey(t *testing.T) {
	schema := readSchema(t)
	used := map[string]bool{}
	var walk func(schema map[string]any, value any, path string)
	walk = func(schema map[string]any, value any, path string) {
		used[path] = true
		alternatives, _ := schema["anyOf"].([]any)
		for _, s := range alternatives {
			walk(s.(map[string]any), value, path)
		}
		object, _ := value.(map[string]any)
		known, _ := schema["properties"].(map[string]any)
		for name, v := range object {
			if s, ok := known[name].(map[string]any); ok {
				walk(s, v, join(path, name))
			} else if s, ok := schema["additionalProperties"].(map[string]any); ok {
				walk(s, v, join(path, "NAME"))
			}
		}
		list, _ := value.([]any)
		for _, v := range list {
			if s, ok := schema["items"].(map[string]any); ok {
				walk(s, v, path)
			}
		}
	}
	walk(schema, readYAML(t, "../examples/full.yaml"), "")
	properties(schema, "", func(path, name string, _ map[string]any) {
		if key := join(path, name); !used[key] {
			t.Errorf("%s is missing in examples/full.yaml", key)
		}
	})
}

// Valid configurations of all shapes are read, and again the same.
func TestValid(t *testing.T) {
	files, err := filepath.Glob("testdata/valid/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no configurations to test: %v", err)
	}
	env := func(name string) (string, bool) { return strings.ToLower(name), true }
	for _, file := range files {
		c, err := Load(file, env)
		if err != nil {
			t.Error(err)
			continue
		}
		again, err := Load(file, env)
		if err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("%s: read again it is something else (%v)", file, err)
		}
	}
}
