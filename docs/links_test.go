package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link     = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	marks    = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	fenced   = regexp.MustCompile("(?s)```.*?```")
	indented = regexp.MustCompile(`(?m)^ {4}.*$`)
	codeSpan = regexp.MustCompile("`[^`\n]*`")
)

// Every link in the documents leads to a file, and to a heading where it names one.
func TestLinks(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*.md", "../*.md", "../bench/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	count := 0
	for _, file := range files {
		text := codeSpan.ReplaceAllString(indented.ReplaceAllString(fenced.ReplaceAllString(read(t, file), ""), ""), "x")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			count++
			if strings.Contains(m[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(m[1], "#")
			target := file
			if path != "" {
				target = filepath.Join(filepath.Dir(file), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link %s leads nowhere", file, m[1])
			} else if anchor != "" && !anchors(read(t, target))[anchor] {
				t.Errorf("%s: %s has no heading for the link %s", file, target, m[1])
			}
		}
	}
	if count < 40 {
		t.Errorf("only %d links are found in %d documents", count, len(files))
	}
}

// anchors are the names that headings have in links.
func anchors(markdown string) map[string]bool {
	names := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(markdown, ""), -1) {
		text := link.ReplaceAllString(m[1], "]")
		names[strings.ReplaceAll(marks.ReplaceAllString(strings.ToLower(text), ""), " ", "-")] = true
	}
	return names
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
