package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const docsFile = "../docs/configuration.md"

// row is one key in a table of the reference.
type row struct{ fallback, example string }

var heading = regexp.MustCompile("^#+ [^`]*(?:`(.*)`)?$")

// reference reads the tables of docs/configuration.md: the rows by the path of
// their key. A table belongs to the key that its heading names.
func reference(t *testing.T) map[string]row {
	data, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]row)
	section, inTable := "", false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if m := heading.FindStringSubmatch(line); m != nil {
			section = m[1]
		}
		switch {
		case strings.HasPrefix(line, "| Key |"):
			inTable = true
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case inTable && !strings.HasPrefix(line, "| ---"):
			cells := strings.Split(strings.Trim(line, "|"), "|")
			if len(cells) != 5 {
				t.Errorf("no key with type, default, meaning and example: %s", line)
				continue
			}
			cell := func(i int) string { return strings.Trim(cells[i], " ") }
			rows[join(section, strings.Trim(cell(0), "`"))] = row{cell(2), strings.Trim(cell(4), "`")}
		}
	}
	return rows
}

// The reference has each key of the schema, its default, and an example that is
// one; and nothing that is no key.
func TestReferenceIsComplete(t *testing.T) {
	rows := reference(t)
	properties(readSchema(t), "", func(path, name string, property map[string]any) {
		key := join(path, name)
		r, ok := rows[key]
		delete(rows, key)
		if !ok {
			t.Errorf("%s lacks %s", docsFile, key)
			return
		}
		if fallback, ok := property["default"]; ok && r.fallback != fmt.Sprintf("`%v`", fallback) {
			t.Errorf("%s: the default is told as %s, expected %v", key, r.fallback, fallback)
		}
		var example map[string]any
		if err := yaml.Load([]byte(r.example), &example); err != nil {
			t.Errorf("%s: the example %q is no YAML: %v", key, r.example, err)
		} else if value, ok := example[name]; !ok {
			t.Errorf("%s: the example %q is one of something else", key, r.example)
		} else if defects := conform(property, value, key); len(defects) > 0 {
			t.Errorf("%s: the example %q is wrong: %v", key, r.example, defects)
		}
	})
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		t.Errorf("%s has %s, which is no key", docsFile, key)
	}
}

// configuration is one that documentation shows: indented, or fenced.
var configuration = regexp.MustCompile("(?m)^(?: {4}destination:.*\n(?: {4}.*\n)*|```yaml\n(?:[^`].*\n|\n)*)")

// The configurations that the documentation shows can be used as they are.
func TestDocumentedConfigurations(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, file := range append(files, "../README.md") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range configuration.FindAllString(string(data), -1) {
			count++
			block = strings.TrimPrefix(block, "```yaml\n")
			block = regexp.MustCompile("(?m)^ {4}").ReplaceAllString(block, "")
			env := func(string) (string, bool) { return "x", true }
			if _, err := Parse(filepath.Base(file), []byte(block), env); err != nil {
				t.Errorf("%v, in:\n%s", err, block)
			}
		}
	}
	if count < 2 {
		t.Errorf("only %d configurations are found in the documentation", count)
	}
}
