package system

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// dump lists the options below those named "Test", as "apt-config dump" does.
func dump(c *configuration) (lines []string) {
	var walk func(o *option, name string)
	walk = func(o *option, name string) {
		if strings.HasPrefix(strings.ToLower(name), "test") {
			// apt-config quotes what would part the name from the value.
			lines = append(lines, fmt.Sprintf("%s \"%s\";", strings.ReplaceAll(name, " ", "%20"), o.value))
		}
		for _, child := range o.children {
			walk(child, scoped(name, child.tag))
		}
	}
	for _, child := range c.root.children {
		walk(child, child.tag)
	}
	return lines
}

// compareToApt reads the text as apt.conf, with apt and with this package.
func compareToApt(t rapid.TB, m *machine, text string) (diff string) {
	m.write(t, "etc/apt/apt.conf", text)
	read, readErr := files{"/"}.configuration(m.env("APT_CONFIG"))
	out, aptErr := m.run(t, "apt-config", "dump")
	if (readErr == nil) != (aptErr == nil) {
		return fmt.Sprintf("apt says %v\nread says %v", aptErr, readErr)
	}
	if readErr != nil {
		if !strings.Contains(readErr.Error(), "apt.conf:") {
			return fmt.Sprintf("no place in %v", readErr)
		}
		return ""
	}
	var want []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(strings.ToLower(line), "test") {
			want = append(want, strings.TrimSuffix(line, "\n"))
		}
	}
	return cmp.Diff(want, dump(read))
}

func TestConfigurationAgreesWithAptConfig(t *testing.T) {
	m := newMachine(t, nil)
	for _, text := range []string{
		`Test::A "1";`,
		`test::a "1"; TEST::A "2";`,
		`Test { A "1"; B { C "2"; }; };`,
		"Test\n{\n  A\n \"1\";\n}",
		`Test { "one"; "two"; }; Test:: "three";`,
		`Test::L { "one"; "two"; }; #clear Test::L; Test::L { "three"; };`,
		`Test::L { "one" }`,
		`Test::Name "outer" { A "1"; };`,
		`Test "value" { A "1"; };`,
		`Test::A "http://example.org/ # no comment"; // comment "
# another; Test::X "1";
Test::B "/* no comment */"; /* comment
Test::C "1"; */ Test::D "2"; /* x */ Test::E /* y */ "3"; # end`,
		`Test::A "1"; Test::B "2"`,
		`Test::A bare;Test::B b%20are;Test::C "quo%20ted";`,
		`Test { "a%20b"; };`,
		`Test::A "a" "b";`,
		`Test::A "a" b;`,
		`Test::A "a"b;`,
		`Test::A a "b";`,
		`Test::A "unclosed;`,
		`Test::A ""; Test::B; Test { ""; };`,
		`{ Test::A "1"; };`,
		`}; Test::A "1";`,
		`Test { A "1"; }; }; Test::B "2";`,
		`Test { A "1";`,
		`Test::A "1"; #clear Test; Test::B "2";`,
		`Test { #clear Test::A; };`,
		`#clear;`,
		`#bogus Test;`,
		`Test::A "1"; #bogus Test;`,
		`#include "/nonexistent";`,
		`Test { :: "one"; :: "two"; };`,
		`Test { L:: "one"; L:: "two"; };`,
		`Test:::A "1"; Test::::B "2";`,
		`Test::[a b] "1";`,
		`Test::[a "1";`,
		"Test::A\t\"tab\there\";",
		"Test::A \"crlf\";\r\nTest::B \"2\";\r\n",
		`Test::A "1" { };`,
		`Test::A { };`,
		`Test { A "1" } Test::B "2";`,
		`// comment with " quote
Test::A "1";`,
		`Test::A "x // y"; Test::B "/*"; Test::C "*/";`,
		`/* a // b */ Test::A "1";`,
		`Test::A "1"; /* unclosed`,
		`Test-Foo.bar_baz/x+y:z "1";`,
		"\ufeffTest::A \"1\";",
		`Test::A "ümläut";`,
		``,
		`;;;`,
	} {
		if diff := compareToApt(t, m, text); diff != "" {
			t.Errorf("%s\n(-apt +read):\n%s", text, diff)
		}
	}
}

func TestConfigurationAgreesWithAptConfigOnRandomText(t *testing.T) {
	m := newMachine(t, nil)
	word := rapid.SampledFrom([]string{
		"Test", "A", "b", "::", "::", `"v"`, `"w x"`, `"`, " ", " ", "{", "}", ";", ";", ";", "\n", "//", "#", "/*", "*/", "#clear Test::A", "[", "]", "%41",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(word, 1, 14).Draw(t, "words"), "")
		// Most texts are malformed somewhere; the start makes sure that there is something to compare.
		if diff := compareToApt(t, m, "Test::A \"0\";\n"+text); diff != "" {
			t.Fatalf("%s\n(-apt +read):\n%s", text, diff)
		}
	})
}

func TestConfigurationFilesAreReadInOrder(t *testing.T) {
	m := newMachine(t, map[string]string{
		"etc/apt/apt.conf":                   `Test::Last "main"; Test::Main "main";`,
		"etc/apt/apt.conf.d/10one":           `Test::Last "10one"; Test:: "10one";`,
		"etc/apt/apt.conf.d/9nine.conf":      `Test::Last "9nine"; Test:: "9nine";`,
		"etc/apt/apt.conf.d/20two.conf.orig": `Test:: "20two.conf.orig";`,
		"etc/apt/apt.conf.d/30.conf~":        `Test:: "30";`,
		"etc/apt/apt.conf.d/.hidden":         `Test:: "hidden";`,
		"etc/apt/apt.conf.d/with:colon":      `Test:: "colon";`,
		"etc/apt/apt.conf.d/with space":      `Test:: "space";`,
		"etc/apt/apt.conf.d/dot.":            `Test:: "dot";`,
		"etc/apt/apt.conf.d/sub/x.conf":      `Test:: "sub";`,
		"etc/apt/included/b.conf":            `Test:: "included b";`,
		"etc/apt/included/a":                 `Test:: "included a";`,
		"etc/apt/single":                     `Test:: "included single";`,
	})
	if err := os.Symlink("../single", filepath.Join(m.dir, "etc/apt/apt.conf.d/link")); err != nil {
		t.Fatal(err)
	}
	main := fmt.Sprintf("Test::Last \"main\";\n#include \"%s/etc/apt/included/\";\n#include \"%s/etc/apt/single\";\n", m.dir, m.dir)
	if diff := compareToApt(t, m, main); diff != "" {
		t.Errorf("(-apt +read):\n%s", diff)
	}
}

func TestConfigurationThatIncludesItselfFails(t *testing.T) {
	m := newMachine(t, nil)
	m.write(t, "etc/apt/apt.conf", fmt.Sprintf("#include \"%s/etc/apt/apt.conf\";", m.dir))
	_, err := read("/", m.env)
	if err == nil || !strings.Contains(err.Error(), "include each other") {
		t.Errorf("read says %v; expected an error about files that include each other", err)
	}
}

func TestConfigurationNestingIsBounded(t *testing.T) {
	err := parseConfiguration(defaultConfiguration(), "apt.conf", strings.Repeat("a {", 10_000), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "apt.conf:1:") {
		t.Errorf("parseConfiguration says %v; expected an error with its place", err)
	}
}

func TestPathsOfConfiguration(t *testing.T) {
	for _, tt := range []struct{ text, name, want string }{
		{``, "Dir::Etc::sourceparts", "/etc/apt/sources.list.d"},
		{`Dir "/srv/x";`, "Dir::Etc::sourceparts", "/srv/x/etc/apt/sources.list.d"},
		{`Dir::Etc "conf/";`, "Dir::Etc::trusted", "/conf/trusted.gpg"},
		{`Dir::Etc::trusted "/keys/a.gpg";`, "Dir::Etc::trusted", "/keys/a.gpg"},
		{`Dir::Etc::sourceparts "-";`, "Dir::Etc::sourceparts", "/etc/apt/-"},
		{`Dir::Etc::sourceparts "";`, "Dir::Etc::sourceparts", ""},
		{`RootDir "/stage";`, "Dir::State::status", "/stage/var/lib/dpkg/status"},
		{`RootDir "/stage"; Dir::Etc::trusted "/keys/a.gpg";`, "Dir::Etc::trusted", "/stage/keys/a.gpg"},
	} {
		c := defaultConfiguration()
		if err := parseConfiguration(c, "apt.conf", tt.text, nil); err != nil {
			t.Fatal(err)
		}
		if got := c.path(tt.name); got != tt.want {
			t.Errorf("%s: %s is %q; expected %q", tt.text, tt.name, got, tt.want)
		}
	}
}

func FuzzParseConfiguration(f *testing.F) {
	f.Add(`APT { Get { Assume-Yes "true"; }; }; // comment`)
	f.Add("#clear A; /* */ A:: \"x\"; A { \"y\"; };")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		c := defaultConfiguration()
		err := parseConfiguration(c, "apt.conf", text, func(string) error { return nil })
		if err != nil && !strings.HasPrefix(err.Error(), "apt.conf:") {
			t.Errorf("no place in %v", err)
		}
		c.path("Dir::Etc::trusted")
		c.list("APT::Architectures")
	})
}
