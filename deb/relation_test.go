package deb

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestParseRelations(t *testing.T) {
	dep := func(name string) repo.Dependency { return repo.Dependency{Name: name} }
	one := func(d repo.Dependency) []repo.Relation {
		return []repo.Relation{{Kind: repo.Requires, Alternatives: []repo.Dependency{d}}}
	}
	tests := []struct {
		text string
		want []repo.Relation
	}{
		{"", nil},
		{" \n ", nil},
		{"a", one(dep("a"))},
		{"lib++-1.0.a~b", one(dep("lib++-1.0.a~b"))},
		{"a (>= 1:2.0~rc1-3+b1)", one(repo.Dependency{Name: "a", Op: repo.GreaterEqual, Version: "1:2.0~rc1-3+b1"})},
		{"a(<<1)", one(repo.Dependency{Name: "a", Op: repo.Less, Version: "1"})},
		{"a ( = 1 )", one(repo.Dependency{Name: "a", Op: repo.Equal, Version: "1"})},
		{"a (<= 1)", one(repo.Dependency{Name: "a", Op: repo.LessEqual, Version: "1"})},
		{"a (>> 1)", one(repo.Dependency{Name: "a", Op: repo.Greater, Version: "1"})},
		{"a (< 1)", one(repo.Dependency{Name: "a", Op: repo.LessEqual, Version: "1"})},
		{"a (> 1)", one(repo.Dependency{Name: "a", Op: repo.GreaterEqual, Version: "1"})},
		{"a (1)", one(repo.Dependency{Name: "a", Op: repo.Equal, Version: "1"})},
		{"python3:any (>= 3.11)", one(repo.Dependency{Name: "python3", Architecture: "any", Op: repo.GreaterEqual, Version: "3.11"})},
		{"libc6-i386:x32", one(repo.Dependency{Name: "libc6-i386", Architecture: "x32"})},
		{"gcc:native", one(repo.Dependency{Name: "gcc", Architecture: "native"})},
		{"a | b (= 2)|c:any", []repo.Relation{{Kind: repo.Requires, Alternatives: []repo.Dependency{
			dep("a"), {Name: "b", Op: repo.Equal, Version: "2"}, {Name: "c", Architecture: "any"},
		}}}},
		{"a,\n b , ,c,", []repo.Relation{
			{Kind: repo.Requires, Alternatives: []repo.Dependency{dep("a")}},
			{Kind: repo.Requires, Alternatives: []repo.Dependency{dep("b")}},
			{Kind: repo.Requires, Alternatives: []repo.Dependency{dep("c")}},
		}},
	}
	for _, test := range tests {
		got, err := ParseRelations(repo.Requires, test.text)
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%q: %s", test.text, d)
		}
	}
}

func TestParseRelationsErrors(t *testing.T) {
	tests := map[string]string{
		"a |":            "relation ends where a package name is expected",
		"a | , b":        `", b" where a package name is expected`,
		"| a":            `"| a" where a package name is expected`,
		"a b":            `"b" where a comma or "|" is expected`,
		"a (>= 1":        `no ")" after "1"`,
		"a (>=)":         `")" where a version is expected`,
		"a (=> 1)":       `"=> 1)" where an operator is expected`,
		"a (>= 1, b)":    `"1, b)" where a version is expected`,
		"a:":             "relation ends where an architecture is expected",
		"a [amd64]":      `"[amd64]" where a comma or "|" is expected`,
		"a (>= 1) (= 2)": `"(= 2)" where a comma or "|" is expected`,
		"a )":            `")" where a comma or "|" is expected`,
	}
	for text, want := range tests {
		got, err := ParseRelations(repo.Requires, text)
		if err == nil || err.Error() != want {
			t.Errorf("%q gives %v and error %v, expected %s", text, got, err, want)
		}
	}
}

func TestParseProvides(t *testing.T) {
	got, err := ParseProvides("mail-transport-agent, a (= 1:2), b:any (= 3), c:i386, odd (>= 1)")
	if err != nil {
		t.Fatal(err)
	}
	want := []repo.Provide{
		{Name: "mail-transport-agent"},
		{Name: "a", Version: "1:2"},
		{Name: "b", Architecture: "any", Version: "3"},
		{Name: "c", Architecture: "i386"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := ParseProvides("a | b"); err == nil {
		t.Error("alternatives in Provides are no error")
	}
}

func TestSourceRelations(t *testing.T) {
	all, err := ParseSourceRelations(repo.Requires,
		"debhelper-compat (= 13), libsystemd-dev (>= 2) [linux-any] | libfoo [!amd64 !any-arm], gtk <!nogui !cross> <stage1>, d [i386] <x>,")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		architecture, profiles string
		want                   []string
	}{
		{"amd64", "", []string{"debhelper-compat (= 13)", "libsystemd-dev (>= 2)", "gtk"}},
		{"amd64", "nogui", []string{"debhelper-compat (= 13)", "libsystemd-dev (>= 2)"}},
		{"amd64", "nogui stage1", []string{"debhelper-compat (= 13)", "libsystemd-dev (>= 2)", "gtk"}},
		{"i386", "x", []string{"debhelper-compat (= 13)", "libsystemd-dev (>= 2) | libfoo", "gtk", "d"}},
		{"armhf", "cross", []string{"debhelper-compat (= 13)", "libsystemd-dev (>= 2)"}},
		{"hurd-amd64", "", []string{"debhelper-compat (= 13)", "libfoo", "gtk"}},
	}
	for _, test := range tests {
		var got []string
		for _, r := range all {
			if left, ok := r.For(test.architecture, strings.Fields(test.profiles)); ok {
				got = append(got, left.String())
			}
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("on %s with profiles %q: %s", test.architecture, test.profiles, d)
		}
	}
	for _, bad := range []string{"a []", "a [amd64", "a <!>", "a <x", "a <x> [y]", "a | ", "a [x] b"} {
		if got, err := ParseSourceRelations(repo.Requires, bad); err == nil {
			t.Errorf("%q is read as %v, expected an error", bad, got)
		}
	}
}

func TestMatchesArchitectureAsDpkg(t *testing.T) {
	tool(t, "dpkg-architecture") // comes with the module
	architectures := []string{"amd64", "x32", "armhf", "mips64el", "kfreebsd-amd64", "hurd-i386", "musl-linux-armhf", "freebsd-arm64", "solaris-amd64"}
	wildcards := []string{"any", "linux-any", "any-amd64", "any-arm", "any-mips64el", "hurd-any", "musl-any-any", "gnu-any-any", "bsd-any-any", "musl-linux-any", "kfreebsd-any", "any-any-any-any", "amd64"}
	var pairs, answers strings.Builder
	for _, a := range architectures {
		for _, w := range wildcards {
			fmt.Fprintln(&pairs, a, w)
			answer := 0
			if matchesArchitecture(w, a) {
				answer = 1
			}
			fmt.Fprintln(&answers, a, w, answer)
		}
	}
	perl := exec.Command(tool(t, "perl"), "-MDpkg::Arch=debarch_is", "-ne", `my ($a, $w) = split; print "$a $w ", (debarch_is($a, $w) ? 1 : 0), "\n"`)
	perl.Stdin = strings.NewReader(pairs.String())
	want, err := perl.Output()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(answers.String(), "\n")); d != "" {
		t.Error(d)
	}
}

func FuzzParseRelations(f *testing.F) {
	f.Add("a (>= 1) | b:any, c")
	f.Add("a [!amd64] <!x> <y z>, (")
	f.Add("a (>> 0), b (<< 2) | c (> 1), d (< 3)")
	f.Fuzz(func(t *testing.T, text string) {
		relations, err := ParseRelations(repo.Requires, text)
		if err == nil {
			// What is written out reads the same, with Debian's signs: its ">" is ">=".
			var parts []string
			for _, r := range relations {
				parts = append(parts, r.String())
			}
			written := strings.NewReplacer("(> ", "(>> ", "(< ", "(<< ").Replace(strings.Join(parts, ", "))
			again, err := ParseRelations(repo.Requires, written)
			if err != nil || !cmp.Equal(relations, again) {
				t.Fatalf("%v is read again as %v, error %v", relations, again, err)
			}
			// Relations that are remembered are the same.
			a := newArena(8)
			twice, err := a.appendRelations(nil, repo.Requires, text+","+text)
			if err != nil || !cmp.Equal(twice, slices.Concat(relations, relations), cmpopts.EquateEmpty()) {
				t.Fatalf("twice %v are read as %v, error %v", relations, twice, err)
			}
			// Where there is no restriction the source form reads the same.
			source, err := ParseSourceRelations(repo.Requires, text)
			if err != nil || len(source) != len(relations) {
				t.Fatalf("as source relations: %v, error %v", source, err)
			}
			for i, s := range source {
				if left, ok := s.For("amd64", nil); !ok || !slices.Equal(left.Alternatives, relations[i].Alternatives) {
					t.Fatalf("as source relation: %v, expected %v", left, relations[i])
				}
			}
		}
		_, _ = ParseProvides(text)
		source, err := ParseSourceRelations(repo.Requires, text)
		if err != nil {
			return
		}
		for _, s := range source {
			s.For("linux-amd64", []string{"x"})
		}
	})
}
