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
			Pattern:      rapid.StringMatching(`[a-z0-9*?][a-zA-Z0-9+._*?-]{0,8}(\[[!^]?[a-z]{1,3}\])?`).Draw(t, "pattern"),
			Architecture: rapid.StringMatching(`([a-z0-9_][a-z0-9_-]{0,5})?`).Draw(t, "architecture"),
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
	for _, text := range []string{"nginx", "postgresql (>= 15)", "libc6:i386", "a=1", "lib[!ab]*", "x (", "é"} {
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
