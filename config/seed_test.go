package config

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestParseSeed(t *testing.T) {
	for text, want := range map[string]Seed{
		"nginx":               {Pattern: "nginx"},
		" nginx ":             {Pattern: "nginx"},
		"g++":                 {Pattern: "g++"},
		"lib32gcc-s1":         {Pattern: "lib32gcc-s1"},
		"python3-*":           {Pattern: "python3-*"},
		"lib[!ab]?":           {Pattern: "lib[!ab]?"},
		"libc6:i386":          {Pattern: "libc6", Architecture: "i386"},
		"postgresql (>= 15)":  {Pattern: "postgresql", Op: repo.GreaterEqual, Version: "15"},
		"postgresql(>=15)":    {Pattern: "postgresql", Op: repo.GreaterEqual, Version: "15"},
		"postgresql >= 15":    {Pattern: "postgresql", Op: repo.GreaterEqual, Version: "15"},
		"nginx=1.22.1-9":      {Pattern: "nginx", Op: repo.Equal, Version: "1.22.1-9"},
		"nginx (= 1.22.1-9)":  {Pattern: "nginx", Op: repo.Equal, Version: "1.22.1-9"},
		"nginx == 1.22.1-9":   {Pattern: "nginx", Op: repo.Equal, Version: "1.22.1-9"},
		"nginx (<< 2:1.0~rc)": {Pattern: "nginx", Op: repo.Less, Version: "2:1.0~rc"},
		"nginx (>> 1^git)":    {Pattern: "nginx", Op: repo.Greater, Version: "1^git"},
		"nginx < 2":           {Pattern: "nginx", Op: repo.Less, Version: "2"},
		"nginx > 1":           {Pattern: "nginx", Op: repo.Greater, Version: "1"},
		"nginx <= 1":          {Pattern: "nginx", Op: repo.LessEqual, Version: "1"},
		"nginx != 1":          {Pattern: "nginx", Op: repo.NotEqual, Version: "1"},
		"libc6:i386 (>= 2)":   {Pattern: "libc6", Architecture: "i386", Op: repo.GreaterEqual, Version: "2"},
		"gcc-12:i386":         {Pattern: "gcc-12", Architecture: "i386"},
		"python3:any":         {Pattern: "python3", Architecture: "any"},

		// The forms of rpm packages.
		"foo.i686":                               {Pattern: "foo.i686"},
		"kernel-5.14*":                           {Pattern: "kernel-5.14*"},
		"bash-5.1-2.el9":                         {Pattern: "bash-5.1-2.el9"},
		"bash-0:5.1-2.el9.x86_64":                {Pattern: "bash-0:5.1-2.el9.x86_64"},
		"0:bash-5.1-2.el9.x86_64":                {Pattern: "0:bash-5.1-2.el9.x86_64"},
		"12:bash":                                {Pattern: "12:bash"},
		"gcc-12-1:12.2-1.x86_64":                 {Pattern: "gcc-12-1:12.2-1.x86_64"},
		"bash-0:*":                               {Pattern: "bash-0:*"},
		"bash-0:5.1:x86_64":                      {Pattern: "bash-0:5.1", Architecture: "x86_64"},
		"app-2.0~rc1^git3-1.noarch":              {Pattern: "app-2.0~rc1^git3-1.noarch"},
		"/usr/bin/python3":                       {Pattern: "/usr/bin/python3"},
		"/usr/lib64/lib*.so.[12]":                {Pattern: "/usr/lib64/lib*.so.[12]"},
		"/etc/a=b:c(d)":                          {Pattern: "/etc/a=b:c(d)"},
		"perl(Foo::Bar)":                         {Pattern: "perl(Foo::Bar)"},
		"perl(Foo::Bar) >= 1.2":                  {Pattern: "perl(Foo::Bar)", Op: repo.GreaterEqual, Version: "1.2"},
		"perl(Foo::Bar)>=1.2":                    {Pattern: "perl(Foo::Bar)", Op: repo.GreaterEqual, Version: "1.2"},
		"perl(Foo::Bar) (>= 1.2)":                {Pattern: "perl(Foo::Bar)", Op: repo.GreaterEqual, Version: "1.2"},
		"perl(Foo::Bar)(>= 1.2)":                 {Pattern: "perl(Foo::Bar)", Op: repo.GreaterEqual, Version: "1.2"},
		"perl(:MODULE_COMPAT_5.32.1)":            {Pattern: "perl(:MODULE_COMPAT_5.32.1)"},
		"libfoo.so.1()(64bit)":                   {Pattern: "libfoo.so.1()(64bit)"},
		"libc.so.6(GLIBC_2.34)(64bit)":           {Pattern: "libc.so.6(GLIBC_2.34)(64bit)"},
		"libstdc++.so.6()(64bit):x86_64 (>= 2)":  {Pattern: "libstdc++.so.6()(64bit)", Architecture: "x86_64", Op: repo.GreaterEqual, Version: "2"},
		"bundled(crate(serde/derive)) = 1.0":     {Pattern: "bundled(crate(serde/derive))", Op: repo.Equal, Version: "1.0"},
		"font(:lang=en)":                         {Pattern: "font(:lang=en)"},
		"npm(@angular/core) = 1:2":               {Pattern: "npm(@angular/core)", Op: repo.Equal, Version: "1:2"},
		"modalias(pci:v*d00000028sv*sd*bc*sc*)":  {Pattern: "modalias(pci:v*d00000028sv*sd*bc*sc*)"},
		"application()":                          {Pattern: "application()"},
		"kernel(x86_64)":                         {Pattern: "kernel(x86_64)"},
		"mvn(org.apache:commons-parent:pom:)<=3": {Pattern: "mvn(org.apache:commons-parent:pom:)", Op: repo.LessEqual, Version: "3"},
	} {
		if got, err := ParseSeed(text); err != nil || got != want {
			t.Errorf("ParseSeed(%q) = %+v, %v; expected %+v", text, got, err, want)
		}
	}
}

// A seed that is written is read as the same seed.
func TestSeedsAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Seed{
			Pattern: rapid.OneOf(
				rapid.StringMatching(`[a-z*?][a-zA-Z0-9+._*?~^-]{0,8}(\[[!^]?[a-z]{1,3}\])?`),
				rapid.StringMatching(`[a-z][a-z-]{0,4}-[0-9]{1,2}:[0-9][0-9.]{0,3}-[0-9*]{1,2}\.[a-z0-9_]{1,6}`),
				rapid.StringMatching(`[a-z][a-z.]{0,6}\([a-zA-Z0-9:@/=.*-]{0,8}\)(\(64bit\))?`).
					Filter(func(s string) bool { return !strings.Contains(s, "(=") }),
			).Draw(t, "pattern"),
			Architecture: rapid.StringMatching(`([a-z][a-z0-9_-]{0,5})?`).Draw(t, "architecture"),
			Op:           repo.Op(rapid.IntRange(int(repo.Any), int(repo.NotEqual)).Draw(t, "op")),
		}
		if want.Op != repo.Any {
			want.Version = rapid.StringMatching(`[0-9][0-9a-zA-Z.+:~^_-]{0,8}`).Draw(t, "version")
		}
		if got, err := ParseSeed(want.String()); err != nil || got != want {
			t.Fatalf("%q is read as %+v, %v; expected %+v", want, got, err, want)
		}
		text, err := want.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var got Seed
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Fatalf("%s is unmarshalled as %+v, %v", text, got, err)
		}
	})
}

func FuzzParseSeed(f *testing.F) {
	for _, text := range []string{"nginx", "postgresql (>= 15)", "libc6:i386", "a=1", "lib[!ab]*", "x (", "é", "bash-0:5.1-2.el9.x86_64", "perl(A::B) >= 1", "libfoo.so.1()(64bit)", "/usr/bin/[[]"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		seed, err := ParseSeed(text)
		if err != nil {
			if !strings.Contains(err.Error(), fmt.Sprintf("%q", text)) {
				t.Errorf("the error does not show the seed: %v", err)
			}
			return
		}
		if again, err := ParseSeed(seed.String()); err != nil || again != seed {
			t.Errorf("%q is read as %+v, and as written as %+v, %v", text, seed, again, err)
		}
		repo.Match(seed.Pattern, "nginx")
	})
}
