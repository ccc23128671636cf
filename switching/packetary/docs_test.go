package packetary

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

var codeBlock = regexp.MustCompile("(?ms)^```(\\w+) ([\\w.]+)\n(.*?)^```$")

// TestDocumentedExample reads the files of the documentation: they come to the
// configuration that stands there. With UPDATE in the environment it is written there.
func TestDocumentedExample(t *testing.T) {
	const docs = "../../docs/switching.md"
	content, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(content), "\n## packetary\n")
	section, after, _ := strings.Cut(rest, "\n## ")
	blocks := map[string]string{}
	for _, b := range codeBlock.FindAllStringSubmatch(section, -1) {
		blocks[b[2]] = b[3]
	}
	repositories, err := ParseRepositories("repos.yaml", []byte(blocks["repos.yaml"]), "deb")
	if err != nil {
		t.Fatal(err)
	}
	q, err := ParseRequirements("requirements.yaml", []byte(blocks["requirements.yaml"]))
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClone(repositories, q, Options{
		Type: "deb", Architecture: "x86_64", Destination: "/srv/mirror", State: "/srv/mirror/.mirrorkeeper", Errors: 2, Retries: 5, Threads: 3,
	})
	if err == nil {
		err = c.Select(q, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := config.Text(c.Config, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.Parse("/etc/mirrorkeeper.yaml", text, nil); err != nil {
		t.Error(err)
	}
	if os.Getenv("UPDATE") != "" {
		section = strings.Replace(section, "```yaml mirrorkeeper.yaml\n"+blocks["mirrorkeeper.yaml"]+"```", "```yaml mirrorkeeper.yaml\n"+string(text)+"```", 1)
		if err := os.WriteFile(docs, []byte(before+"\n## packetary\n"+section+"\n## "+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(blocks["mirrorkeeper.yaml"], string(text)); diff != "" {
		t.Errorf("-documented +got:\n%s", diff)
	}
}
