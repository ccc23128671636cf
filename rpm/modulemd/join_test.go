package modulemd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/rpm/modulemd"
)

const (
	build = "document: modulemd\nversion: 2\ndata:\n  name: a\n  stream: \"1\"\n  version: 1\n  context: c\n  arch: x86_64\n  summary: S\n  description: D\n  license: {module: [MIT]}\n" +
		"  artifacts: {rpms: ['a-0:1-1.x86_64']}\n"
	aboutA   = "document: modulemd-defaults\nversion: 1\ndata:\n  module: a\n  stream: \"1\"\n"
	obsolete = "document: modulemd-obsoletes\nversion: 1\ndata:\n  modified: 2026-01-01T00:00Z\n  module: a\n  stream: \"1\"\n  message: old\n"
)

func TestJoin(t *testing.T) {
	second := strings.Replace(build, "version: 1\n  context", "version: 2\n  context", 1)
	for _, test := range []struct {
		name  string
		files []string
		want  string // "" for an error
		err   string
	}{
		{"one", []string{"---\n" + build + "...\n"}, "---\n" + build + "...\n", ""},
		{"without marks", []string{build, aboutA}, "---\n" + build + "...\n---\n" + aboutA + "...\n", ""},
		{"without an end", []string{strings.TrimSuffix(build, "\n"), aboutA}, "---\n" + build + "...\n---\n" + aboutA + "...\n", ""},
		{"with comments", []string{"# first\n---\n" + build, "%YAML 1.1\n---\n" + aboutA}, "# first\n---\n" + build + "...\n%YAML 1.1\n---\n" + aboutA + "...\n", ""},
		{"the same twice", []string{"---\n" + build + "---\n" + aboutA, build, aboutA + "---\n" + obsolete, obsolete}, "---\n" + build + "...\n---\n" + aboutA + "...\n---\n" + obsolete + "...\n", ""},
		{"two builds", []string{build, second}, "---\n" + build + "...\n---\n" + second + "...\n", ""},
		{"nothing", []string{"", "# a comment\n"}, "", ""},
		{"one build twice", []string{build, strings.Replace(build, "summary: S", "summary: T", 1)}, "", "the build a:1:1:c:x86_64 stands in 0:1 with other content"},
		{"defaults twice", []string{aboutA, strings.Replace(aboutA, "stream: \"1\"", "stream: \"2\"", 1)}, "", "the defaults of a stands in 0:1 with other content"},
		{"malformed", []string{"a: ["}, "", "malformed YAML"},
		{"of an unknown kind", []string{strings.Replace(build, "version: 2\n", "version: 7\n", 1)}, "", "is unknown"},
	} {
		var contents [][]byte
		for _, file := range test.files {
			contents = append(contents, []byte(file))
		}
		names := []string{"0", "1", "2", "3"}[:len(contents)]
		got, err := modulemd.Join(contents, names)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: error %v, expected %s", test.name, err, test.err)
			}
			continue
		}
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %v\n%s", test.name, err, got)
		}
	}
}

// libmodulemd takes what is joined.
func TestJoinedIsValid(t *testing.T) {
	validator, err := exec.LookPath("modulemd-validator")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	joined, err := modulemd.Join([][]byte{[]byte(build), []byte(aboutA), []byte("---\n" + obsolete)}, []string{"0", "1", "2"})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "modules.yaml")
	if err := os.WriteFile(file, joined, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(validator, file).CombinedOutput(); err != nil {
		t.Errorf("modulemd-validator: %v\n%s\n%s", err, out, joined)
	}
}
