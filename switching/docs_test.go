package switching

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

const switchingDocs = "../docs/switching.md"

var (
	codeBlock   = regexp.MustCompile("(?ms)^```(\\w+) ([\\w.]+)\n(.*?)^```$")
	importLine  = regexp.MustCompile(`(?m)^    mirrorkeeper import (.*)$`)
	resultBlock = regexp.MustCompile("(?ms)^```yaml mirrorkeeper.yaml\n.*?^```$")
)

// TestDocumentedExamples runs the import of each section of the documentation: what it
// gives is what stands there. With UPDATE in the environment it is written there.
func TestDocumentedExamples(t *testing.T) {
	content, err := os.ReadFile(switchingDocs)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitAfter(string(content), "\n## ")
	seen := map[string]bool{}
	for i, section := range parts {
		line := importLine.FindStringSubmatch(section)
		if line == nil {
			continue
		}
		blocks := map[string]string{}
		for _, b := range codeBlock.FindAllStringSubmatch(section, -1) {
			blocks[b[2]] = b[3]
		}
		kind, got := runDocumented(t, line[1], blocks)
		seen[kind] = true
		text, err := got.Text()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Parse("/etc/mirrorkeeper.yaml", text, func(string) (string, bool) { return "x", true }); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if os.Getenv("UPDATE") != "" {
			parts[i] = resultBlock.ReplaceAllLiteralString(section, "```yaml mirrorkeeper.yaml\n"+string(text)+"```")
			continue
		}
		if diff := cmp.Diff(blocks["mirrorkeeper.yaml"], string(text)); diff != "" {
			t.Errorf("%s: -documented +got:\n%s", kind, diff)
		}
	}
	for _, kind := range Kinds() {
		if !seen[kind] {
			t.Errorf("%s has no example of %s", switchingDocs, kind)
		}
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(switchingDocs, []byte(strings.Join(parts, "")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// runDocumented runs a command line of the documentation with files of its code blocks.
func runDocumented(t *testing.T, line string, blocks map[string]string) (kind string, got *Import) {
	t.Helper()
	in := Input{Architecture: "amd64"}
	words := strings.Fields(line)
	kind = words[0]
	for i := 1; i < len(words); i++ {
		switch {
		case words[i] == "--":
			in.Arguments = words[i+1:]
			i = len(words)
		case words[i] == "--keys":
			i++
			in.Keys = append(in.Keys, words[i])
		default:
			content, ok := blocks[path.Base(words[i])]
			if !ok {
				t.Fatalf("%s: there is no block %s", kind, path.Base(words[i]))
			}
			in.Files = append(in.Files, File{words[i], []byte(content)})
		}
	}
	got, err := Read(kind, in)
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return kind, got
}
