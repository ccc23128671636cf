package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"
)

func known(name string) (string, bool) { return "value", len(name) < 8 }

// checkParse is what holds for whatever Parse is given.
func checkParse(t interface{ Errorf(string, ...any) }, schema map[string]any, data []byte) {
	c, err := Parse("c.yaml", data, known)
	if err == nil {
		var value any
		if err := yaml.Load(data, &value); err != nil {
			t.Errorf("Parse accepts what is no YAML: %v", err)
		} else if defects := conform(schema, value, ""); len(defects) > 0 {
			t.Errorf("the schema refuses what Parse accepts: %v", defects)
		}
		if c == nil {
			t.Errorf("neither a configuration nor an error")
		} else if err := c.Validate(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Validate finds what Parse should: %v", err)
		}
		return
	}
	problems, ok := errors.AsType[Errors](err)
	if !ok || len(problems) == 0 {
		t.Errorf("the error is %T, expected Errors: %v", err, err)
	}
	lines := 1
	for _, c := range string(data) {
		if strings.ContainsRune("\n\r\u0085\u2028\u2029", c) { // all line breaks of YAML
			lines++
		}
	}
	for _, p := range problems {
		if p.Line < 1 || p.Line > lines+1 || p.Message == "" || p.File != "c.yaml" {
			t.Errorf("the problem is not told well (the file has %d lines): %+v", lines, p)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"../examples/*.yaml", "testdata/*/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no seeds: %v", err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte("\xff"))
	f.Add([]byte("a: &a [*a]"))
	schema := readSchema(f)
	f.Fuzz(func(t *testing.T, data []byte) { checkParse(t, schema, data) })
}

// Configurations out of right and wrong pieces are read or told about, too.
func TestParseNeverPanics(t *testing.T) {
	pieces := []string{
		"destination", "state", "sources", "mirrors", "transfer", "keep", "watch", "repositories", "sites", "plant", "sign",
		"url", "type", "from", "packages", "assume-installed", "variables", "headers", "keys", "rate", "timeout", "trusted",
		": ", ":\n  ", "\n    ", "\n", "- ", "[", "]", "{", "}", ", ", "&a ", "*a", "<<", "? ", "!!str ", "!x ", "|\n", "---\n", "# ",
		"deb", "rpm", "system", "true", "1", "1.5", "~", "''", "\"", "x", "a.b", "a (>= 1)", "s3://b", "https://$x:${A}@h/${b}", "${LONG_AND_UNSET}", "..", "/", "./",
	}
	schema := readSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		checkParse(t, schema, []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(t, "pieces"), "")))
	})
}
