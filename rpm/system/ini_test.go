package system

import (
	"strings"
	"testing"
)

// FuzzParseINI holds that files are parsed into settings that have names, and that
// errors name the line and repeat nothing of it.
func FuzzParseINI(f *testing.F) {
	f.Add("[main]\ngpgcheck=1\nexclude=a b\n c\n# x\n[a]\nbaseurl = http://a.example.org/\n")
	f.Add("\uFEFF[a] # b\r\nk=v\r\n w\r\n")
	f.Add("[a]b]\nbaseurl=http://a.example.org\nhttp://b.example.org/?x=y\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(file, text string) (sections, error){parseINI, parseZyppINI} {
			all, err := parse("FILE", text)
			if err != nil {
				if !strings.HasPrefix(err.Error(), "FILE:") {
					t.Errorf("error %q; expected one with a line", err)
				}
				continue
			}
			seen := map[string]bool{}
			for _, s := range all {
				if s.name == "" || seen[s.name] || s.line < 1 {
					t.Errorf("section %+v", s)
				}
				seen[s.name] = true
				keys := map[string]bool{}
				for _, v := range s.settings {
					if keys[v.key] || v.line < 1 {
						t.Errorf("setting %+v", v)
					}
					keys[v.key] = true
				}
			}
		}
	})
}
