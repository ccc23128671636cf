package modulemd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	ix, err := Parse(strings.NewReader(modules), "modules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := &Index{
		Streams: []*Stream{{
			Name: "nodejs", Stream: "18", Version: 8090020240101000000, Context: "a75119d5", Arch: "x86_64",
			Artifacts: []string{
				"nodejs-1:18.19.0-1.module+el8.x86_64", "nodejs-1:18.19.0-1.module+el8.src",
				"nodejs-devel-1:18.19.0-1.module+el8.x86_64", "npm-1:10.2.3-1.18.19.0.1.module+el8.x86_64",
			},
			Profiles: map[string][]string{"common": {"nodejs", "npm"}, "development": {"nodejs-devel"}, "empty": nil},
			Requires: []map[string][]string{{"platform": {"el8"}, "python38": {"3.8"}, "ruby": {"-2.5"}, "perl": nil}},
		}, {
			Name: "nodejs", Stream: "16", Version: 5,
			Artifacts: []string{"nodejs-1:16.20.2-1.module+el8.x86_64"},
			Profiles:  map[string][]string{"common": {"nodejs"}},
			Requires:  []map[string][]string{{"platform": {"el8"}}},
		}},
		Defaults: []*Defaults{{Module: "nodejs", Modified: 202012010000, Stream: "18", Profiles: map[string][]string{"16": {"common"}, "18": {"common", "development"}}}},
	}
	if diff := cmp.Diff(want, ix); diff != "" {
		t.Errorf("index differs (-expected +read):\n%s", diff)
	}
	if got := ix.Streams[0].String(); got != "nodejs:18:8090020240101000000:a75119d5:x86_64" {
		t.Errorf("the stream is written %s", got)
	}
}

// Text that looks like another type stays as it is written.
func TestParseKeepsText(t *testing.T) {
	ix, err := Parse(strings.NewReader("document: modulemd\nversion: 2\ndata: {name: yes, stream: 1.10, context: 0o17, arch: null}\n"), "modules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got := ix.Streams[0].String(); got != "yes:1.10:0:0o17:null" {
		t.Errorf("the stream is %s", got)
	}
}

func TestParsePassesOver(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a packager's document", "---\ndocument: modulemd-packager\nversion: 3\ndata: {}\n", `modules.yaml:1: document passed over: its kind "modulemd-packager" of version "3" is unknown`},
		{"a future version", "\n---\ndocument: modulemd\nversion: 4\ndata: {}\n", `its kind "modulemd" of version "4" is unknown`},
		{"no data", "document: modulemd\nversion: 2\n", "it has no data"},
		{"data that is no mapping", "document: modulemd\nversion: 2\ndata: [1]\n", "it has no data"},
		{"no stream", "document: modulemd\nversion: 2\ndata: {name: a}\n", `stream "" of module "a" lacks a name`},
		{"a version of letters", "document: modulemd\nversion: 2\ndata: {name: a, stream: b, version: c}\n", `stream a:b: version: "c" is no number`},
		{"defaults of nothing", "document: modulemd-defaults\nversion: 1\ndata: {stream: a}\n", "defaults lack the name"},
		{"defaults of a negative time", "document: modulemd-defaults\nversion: 1\ndata: {module: a, modified: -1}\n", `defaults of a: modified: "-1" is no number`},
		{"obsoletes of nothing", "document: modulemd-obsoletes\nversion: 1\ndata: {module: a}\n", `lacks a name`},
	} {
		ix, err := Parse(strings.NewReader(test.text), "modules.yaml")
		if err != nil || len(ix.Warnings) != 1 || !strings.Contains(ix.Warnings[0], test.want) || len(ix.Streams) > 0 || len(ix.Defaults) > 0 {
			t.Errorf("%s: reads as %+v with error %v, expected the warning %q", test.name, ix, err, test.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := range 20 {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 9), ","))
	}
	for _, test := range []struct{ name, text, want string }{
		{"broken YAML", "---\na: b\n---\na: b\n  c: d\n", "modules.yaml:5: malformed YAML: mapping values are not allowed"},
		{"a page", "<html>\n<body>\n", "modules.yaml:1: the document is no mapping"},
		{"a list", "---\na: b\n---\n- a\n", "modules.yaml:3: the document is no mapping"},
		{"an alias", "a: &a b\nc: d\ne: *a\n", "modules.yaml:3: there is an alias, *a"},
		{"a bomb", bomb, "there is an alias"},
		{"an alias to itself", "a: &a [*a]\n", "modules.yaml:1"},
		{"deep nesting", strings.Repeat("[", 1000) + strings.Repeat("]", 1000), "exceeded max depth"},
		{"a huge document", "a: " + strings.Repeat("b", maxDocument), "bytes (at most 2097152)"},
		{"another encoding", "a: \xff\n", "modules.yaml is not UTF-8"},
		{"a hidden document", "a: b\u2028---\u2028c: d\n", "malformed YAML"},
		{"a document in old Macintosh lines", "a: b\r---\rc: d\r", "malformed YAML"},
	} {
		ix, err := Parse(strings.NewReader(test.text), "modules.yaml")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: reads as %+v with error %v, expected %q", test.name, ix, err, test.want)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		text  string
		want  []string
		lines []int
	}{
		{"", nil, nil},
		{"# nothing\n\n", nil, nil},
		{"a", []string{"a"}, []int{1}},
		{"a\n---\nb\n", []string{"a\n", "---\nb\n"}, []int{1, 2}},
		{"---\na\n...\n---\nb\n...\n", []string{"---\na\n...\n", "---\nb\n...\n"}, []int{1, 4}},
		{"---\r\na\r\n...\r\nb", []string{"---\r\na\r\n...\r\n", "b"}, []int{1, 4}},
		{"%YAML 1.1\n# c\n---\na\n...\n%YAML 1.1\n---\nb\n", []string{"%YAML 1.1\n# c\n---\na\n...\n", "%YAML 1.1\n---\nb\n"}, []int{1, 6}},
		{"--- a\n--- \n----\n ---\n", []string{"--- a\n", "--- \n----\n ---\n"}, []int{1, 2}},
		{"...\n...\na\n...\n# end\n", []string{"a\n...\n"}, []int{3}},
	} {
		var got []string
		var lines []int
		for _, d := range split([]byte(test.text), "") {
			got = append(got, string(d.text))
			lines = append(lines, d.line)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q splits otherwise (-expected +split):\n%s", test.text, diff)
		}
		if diff := cmp.Diff(test.lines, lines); diff != "" {
			t.Errorf("lines of %q differ (-expected +split):\n%s", test.text, diff)
		}
	}
}

func TestDefaultsOf(t *testing.T) {
	old := &Defaults{Module: "a", Modified: 1, Stream: "1"}
	recent := &Defaults{Module: "a", Modified: 2, Stream: "2"}
	rival := &Defaults{Module: "a", Modified: 2, Stream: "3"}
	other := &Defaults{Module: "b", Modified: 9, Stream: "9"}
	for _, test := range []struct {
		all  []*Defaults
		want *Defaults
	}{
		{nil, nil},
		{[]*Defaults{other}, nil},
		{[]*Defaults{old, recent, other}, recent},
		{[]*Defaults{recent, old}, recent},
		{[]*Defaults{recent, recent}, recent},
		{[]*Defaults{recent, rival}, &Defaults{Module: "a", Modified: 2}},
		{[]*Defaults{old, {Module: "a", Modified: 1, Stream: "4"}, rival}, rival},
	} {
		if diff := cmp.Diff(test.want, DefaultsOf(test.all, "a")); diff != "" {
			t.Errorf("defaults differ (-expected +found):\n%s", diff)
		}
	}
}
