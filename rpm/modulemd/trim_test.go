package modulemd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/rpmpack"
	"go.yaml.in/yaml/v4"
)

func all[T any](T) bool { return true }

var everything = Selection{Stream: all[*Stream], Artifact: all[string], Package: all[string]}

// without is everything but what holds the word.
func without(word string) func(string) bool {
	return func(s string) bool { return !strings.Contains(s, word) }
}

func trimmed(t testing.TB, text string, s Selection) string {
	t.Helper()
	out, err := Trim(strings.NewReader(text), "modules.yaml", s)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestTrimOfAllIsTheFile(t *testing.T) {
	if diff := cmp.Diff(modules, trimmed(t, modules, everything)); diff != "" {
		t.Errorf("file differs (-upstream +trimmed):\n%s", diff)
	}
}

// documents returns the documents of modules, from 0.
func documents(t testing.TB, numbers ...int) (text string) {
	t.Helper()
	parts := split([]byte(modules), "")
	for _, i := range numbers {
		text += string(parts[i].text)
	}
	return text
}

func TestTrim(t *testing.T) {
	remove := func(lines ...string) func(string) string {
		return func(s string) string {
			for _, line := range lines {
				if !strings.Contains(s, line) {
					t.Fatalf("nothing has %q", line)
				}
				s = strings.Replace(s, line, "", 1)
			}
			return s
		}
	}
	npm := remove("\n      - npm", "\n    - npm-1:10.2.3-1.18.19.0.1.module+el8.x86_64",
		modules[strings.Index(modules, "\n        ee47083"):strings.Index(modules, "\n        ff47083")])
	development := remove("\n    development:\n      rpms:\n      - nodejs-devel", "\n    - nodejs-devel-1:18.19.0-1.module+el8.x86_64")
	for _, test := range []struct {
		name      string
		selection Selection
		want      string
	}{{
		name:      "nothing is kept but what is said of others",
		selection: Selection{Stream: func(*Stream) bool { return false }},
		want:      documents(t, 5),
	}, {
		name:      "a dropped stream, with what is said of it",
		selection: Selection{Stream: func(s *Stream) bool { return s.Stream == "18" }, Artifact: all[string], Package: all[string]},
		want:      documents(t, 0, 1, 5),
	}, {
		name:      "a dropped stream that obsoletes another",
		selection: Selection{Stream: func(s *Stream) bool { return s.Stream == "16" }, Artifact: all[string], Package: all[string]},
		want:      documents(t, 0, 2) + "...\n" + documents(t, 4, 5),
	}, {
		name:      "an absent package",
		selection: Selection{Stream: all[*Stream], Artifact: without("npm"), Package: without("npm")},
		want:      documents(t, 0) + npm(documents(t, 1)) + documents(t, 2, 3, 4, 5),
	}, {
		name:      "an absent artifact whose name another repository has",
		selection: Selection{Stream: all[*Stream], Artifact: without("8.src"), Package: all[string]},
		want:      documents(t, 0) + remove("\n    - nodejs-1:18.19.0-1.module+el8.src")(documents(t, 1)) + documents(t, 2, 3, 4, 5),
	}, {
		name:      "a profile that loses all packages",
		selection: Selection{Stream: all[*Stream], Artifact: without("devel"), Package: without("devel")},
		want:      remove(", development")(documents(t, 0)) + development(documents(t, 1)) + documents(t, 2, 3, 4, 5),
	}} {
		got := trimmed(t, modules, test.selection)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: file differs (-expected +trimmed):\n%s", test.name, diff)
		}
		if again := trimmed(t, got, test.selection); again != got {
			t.Errorf("%s: trimmed again it differs:\n%s", test.name, cmp.Diff(got, again))
		}
		validate(t, got)
	}
}

// A stream that is kept without any of its packages still loads.
func TestTrimWithoutPackages(t *testing.T) {
	none := func(string) bool { return false }
	got := trimmed(t, modules, Selection{Stream: all[*Stream], Artifact: none, Package: none})
	validate(t, got)
	ix, err := Parse(strings.NewReader(got), "trimmed")
	if err != nil {
		t.Fatal(err)
	}
	if len(ix.Streams) != 2 || len(ix.Streams[0].Artifacts) > 0 || len(ix.Streams[0].Profiles) != 1 || len(ix.Streams[1].Profiles) != 0 {
		t.Errorf("streams are %+v, expected two, without artifacts, with the empty profile only", ix.Streams)
	}
	if profiles := ix.Defaults[0].Profiles; len(profiles["18"]) > 0 || len(profiles["16"]) > 0 {
		t.Errorf("default profiles are %v, expected none", profiles)
	}
}

// What no client can use goes: dnf stops at a kind of document that it does not know.
func TestTrimDropsUnknownDocuments(t *testing.T) {
	unknown := "---\ndocument: modulemd-novelty\nversion: 1\ndata: {}\n...\n"
	got := trimmed(t, documents(t, 0)+unknown+documents(t, 1), everything)
	if diff := cmp.Diff(documents(t, 0, 1), got); diff != "" {
		t.Errorf("file differs (-expected +trimmed):\n%s", diff)
	}
}

func TestTrimToNothing(t *testing.T) {
	none := Selection{Stream: func(*Stream) bool { return false }}
	for _, text := range []string{"", "# nothing\n", documents(t, 0, 1, 2, 3, 4)} {
		if out, err := Trim(strings.NewReader(text), "modules.yaml", none); out != nil || err != nil {
			t.Errorf("%q and error %v are left of %.40q, expected nothing", out, err, text)
		}
	}
}

// validate lets libmodulemd judge.
func validate(t testing.TB, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "modules.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "modulemd-validator", file)
}

// run runs a program; the test is skipped where it is not installed, but not in CI.
func run(t testing.TB, command ...string) string {
	t.Helper()
	c := exec.Command(command[0], command[1:]...)
	if c.Err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(c.Err)
		}
		t.Skip(c.Err)
	}
	c.Env = append(os.Environ(), "LC_ALL=C")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", command, err, out)
	}
	return string(out)
}

// dnf installs the default profile of a module that lost one of its packages.
func TestDnfInstallsTrimmedProfile(t *testing.T) {
	dir := t.TempDir()
	writePackage(t, dir, rpmpack.RPMMetaData{Name: "nodejs", Epoch: 1, Version: "18.19.0", Release: "1.module+el8", Arch: "x86_64"})
	file := filepath.Join(dir, "modules.yaml")
	text := trimmed(t, modules, Selection{
		Stream:   func(s *Stream) bool { return s.Stream == "18" },
		Artifact: func(nevra string) bool { return nevra == "nodejs-1:18.19.0-1.module+el8.x86_64" },
		Package:  func(name string) bool { return name == "nodejs" },
	})
	// No other module is there to be required.
	text = strings.Replace(text, "      python38: [\"3.8\"]\n      ruby: [-2.5]\n      perl: []\n", "", 1)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "createrepo_c", "--quiet", dir)
	run(t, "modifyrepo_c", "--mdtype=modules", file, filepath.Join(dir, "repodata"))
	root := filepath.Join(dir, "root")
	if err := os.MkdirAll(filepath.Join(root, "var/log"), 0o755); err != nil {
		t.Fatal(err)
	}
	out := run(t, "dnf", "--installroot="+root, "--setopt=cachedir="+filepath.Join(dir, "cache"), "--setopt=logdir="+filepath.Join(root, "var/log"), "--setopt=reposdir=/nonexistent",
		"--releasever=8", "--forcearch=x86_64", "--setopt=module_platform_id=platform:el8", "--nogpgcheck", "--repofrompath=mine,file://"+dir, "--repo=mine",
		"--assumeyes", "--downloadonly", "module", "install", "nodejs")
	for _, want := range []string{"nodejs/common", "1:18.19.0-1.module+el8", "Install  1 Package"} {
		if !strings.Contains(out, want) {
			t.Errorf("dnf says not %q but:\n%s", want, out)
		}
	}
}

func writePackage(t testing.TB, dir string, meta rpmpack.RPMMetaData) {
	t.Helper()
	p, err := rpmpack.NewRPM(meta)
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if err := p.Write(&content); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, p.FullVersion()+".rpm"), content.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// FuzzTrim holds that with everything kept all stays, and that what is written anew
// means the same.
func FuzzTrim(f *testing.F) {
	f.Add([]byte(modules))
	for _, d := range split([]byte(modules), "") {
		f.Add(d.text)
	}
	f.Add([]byte("document: modulemd\nversion: 2\ndata:\n  name: 'a'\n  stream: |\n    b\n  ? [complex]\n  : !!str 5\n  artifacts: {rpms: [\"a\\n\", gone], rpm-map: {}}\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		out, err := Trim(bytes.NewReader(content), "modules.yaml", everything)
		if err != nil {
			return
		}
		before, _ := Parse(bytes.NewReader(content), "before")
		after, err := Parse(bytes.NewReader(out), "after")
		if err != nil {
			t.Fatalf("what is left of all cannot be read: %v\n%q", err, out)
		}
		before.Warnings = nil
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("what is left of all differs (-before +after):\n%s", diff)
		}

		s := everything
		s.Artifact = without("gone")
		if out, err = Trim(bytes.NewReader(content), "modules.yaml", s); err != nil {
			t.Fatalf("cannot be trimmed: %v", err)
		}
		for i, d := range split(out, "trimmed") {
			n, err := d.parse()
			if err != nil {
				t.Fatalf("document %d that is left cannot be read: %v\n%q", i, err, d.text)
			}
			text, err := yaml.Dump(n)
			if err != nil {
				t.Fatal(err)
			}
			again, err := document{file: "again", text: text}.parse()
			if err != nil || !same(n, again) {
				t.Errorf("document %d written anew means something else, error %v:\n%q\n%q", i, err, d.text, text)
			}
		}
	})
}

// same reports whether libmodulemd, to which all scalars are text, sees the same.
func same(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.Value == b.Value && slices.EqualFunc(a.Content, b.Content, same)
}
