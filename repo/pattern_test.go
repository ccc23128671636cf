package repo

import (
	"testing"
)

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"nginx", "nginx", true},
		{"nginx", "nginx-full", false},
		{"*-dbg", "libc6-dbg", true},
		{"/^lib.*-dbg$/", "libc6-dbg", true},
		{"/^lib.*-dbg$/", "zlib-dbg", false},
		{"/game/", "contrib/games", true},
		{"/usr/bin/python", "/usr/bin/python", true}, // no slash behind it
		{"/", "/", true},
		{"", "", true},
		{"", "a", false},
	} {
		p, err := ParsePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := p.Match(c.text); got != c.want {
			t.Errorf("%s matches %q: %v, expected %v", c.pattern, c.text, got, c.want)
		}
		if p.String() != c.pattern {
			t.Errorf("%s is written as %s", c.pattern, p)
		}
	}
	for _, wrong := range []string{"//", "/(/", "/a**/"} {
		if _, err := ParsePattern(wrong); err == nil {
			t.Errorf("%s is accepted", wrong)
		}
	}
}
