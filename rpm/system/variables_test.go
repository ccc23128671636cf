package system

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestExpand(t *testing.T) {
	v := variables{"a": "A", "empty": "", "releasever": "9.4", "Long_2": "L"}
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"x$a/${a}x", "xA/Ax"},
		{"$Long_2$a$", "LA$"},
		{"$ax ${ax} $A", "$ax ${ax} $A"},
		{"[$empty]", "[]"},
		{"$releasever_major-$releasever_minor", "9-4"},
		{"${a:-w} ${empty:-w} ${no:-w}", "A w w"},
		{"${a:+w} ${empty:+w} ${no:+w}|", "w  |"},
		{"${no:-x${a}y$a}", "xAyA"},
		{"${no:-${empty:-${no:-deep}}}", "deep"},
		{`${no:-a\}b\\c\$a}`, `a}b\c$a`},
		{`\$a \x`, `\A \x`},
		{"${a", "${a"},
		{"${a:-b", "${a:-b"},
		{"${a:?b}", "${a:?b}"},
		{"${}$", "${}$"},
		{"${a:}", "${a:}"},
		{strings.Repeat("${no:-", 100) + "x" + strings.Repeat("}", 100), strings.Repeat("${no:-", 67) + "x" + strings.Repeat("}", 67)},
	} {
		if got := v.expand(tt.text); got != tt.want {
			t.Errorf("%q expands to %q; expected %q", tt.text, got, tt.want)
		}
	}
}

func TestUnknownVariable(t *testing.T) {
	for text, want := range map[string]string{
		"http://x.example.org/$a/x": "a", "${b}": "b", "${c:+": "c", "$": "", "$/${/${}": "", "a$$b": "b",
	} {
		if got := unknownVariable(text); got != want {
			t.Errorf("the variable left in %q is %q; expected %q", text, got, want)
		}
	}
}

// TestExpandAgreesWithDNF draws texts with variables of the two plain forms.
func TestExpandAgreesWithDNF(t *testing.T) {
	d := newDNF(t)
	v := variables{"a": "A", "ab": "B", "empty": "", "x_1": "$a"}
	word := rapid.SampledFrom([]string{"$a", "$ab", "$abc", "${a}", "${ab}", "${no}", "$empty", "$x_1", "/", "a", "-", "$", "}", "$A"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(word, 0, 8).Draw(t, "words"), "")
		var want string
		d.ask(t, &want, "expand", text, v)
		if got := v.expand(text); got != want {
			t.Errorf("%q expands to %q; dnf has %q", text, got, want)
		}
	})
}

// TestEnvironmentVariables holds that those of the environment are this machine's
// only, and that files go before them.
func TestEnvironmentVariables(t *testing.T) {
	v := variables{}
	v.addEnvironment([]string{"DNF_VAR_name=value=x", "DNF1=one", "DNF10=ten", "DNF_VAR_=none", "PATH=/bin", "DNF_VAR_odd-name=x"})
	if diff := cmp.Diff(variables{"name": "value=x", "DNF1": "one"}, v); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	m := newMachine(t, map[string]string{"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org/${DNF1:-none}\n"})
	s, err := read(m.dir, "x86_64", []string{"DNF1=one"})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Sources[0].URLs[0]; got != "http://a.example.org/none" {
		t.Errorf("another machine's repository is at %s; expected nothing of this one's environment", got)
	}
}

// FuzzExpand holds that expansion ends, whatever the text.
func FuzzExpand(f *testing.F) {
	f.Add("http://x.example.org/$a/${b:-c${a}}/${a:+x\\}}")
	f.Add("${a:-${a:-${a:-")
	f.Fuzz(func(t *testing.T, text string) {
		v := variables{"a": "A", "empty": ""}
		got := v.expand(text)
		if !strings.ContainsAny(text, "$") && got != text {
			t.Errorf("%q without a variable expands to %q", text, got)
		}
	})
}
