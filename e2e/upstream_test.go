package e2e_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// upstream is a repository in a directory, with its key in a file.
type upstream struct {
	*repotest.Deb
	dir, key string
}

func newUpstream(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{Deb: repotest.NewDeb(t), dir: tempDir(t), key: filepath.Join(tempDir(t), "upstream.gpg")}
	u.Key.WriteFile(t, u.key)
	return u
}

// publish publishes the next generation.
func (u *upstream) publish() { u.Publish(u.dir) }

// source is the configuration of a source: the upstream's suites at the URL, and
// further lines.
func (u *upstream) source(name, url string, lines ...string) string {
	given := strings.Join(lines, "\n")
	text := fmt.Sprintf("  %s:\n    type: deb\n    url: %s\n", name, url)
	for _, line := range []string{"suites: [stable]", "components: [main]", "architectures: [amd64]", "keys: ['" + u.key + "']"} {
		if key, _, _ := strings.Cut(line, ":"); !strings.Contains("\n"+given, "\n"+key+":") && !(key == "keys" && strings.Contains(given, "trusted:")) {
			text += "    " + line + "\n"
		}
	}
	for _, line := range lines {
		text += "    " + line + "\n"
	}
	return text
}

// fullMirror is the configuration of one full mirror called "full".
func fullMirror(sources string) string {
	return "sources:\n" + sources + "mirrors:\n  full: {from: [" + sourceNames(sources) + "]}\n"
}

// partialMirror is that of one partial mirror called "part"; the lines, of one
// selection each, go into it.
func partialMirror(sources string, lines ...string) string {
	return "sources:\n" + sources + "mirrors:\n  part:\n    from: [" + sourceNames(sources) + "]\n    " + strings.Join(lines, "\n    ") + "\n"
}

// sourceNames are the names of sources in a configuration.
func sourceNames(sources string) string {
	var names []string
	for line := range strings.Lines(sources) {
		if strings.HasPrefix(line, "  ") && line[2] != ' ' {
			names = append(names, strings.TrimSuffix(strings.TrimSpace(line), ":"))
		}
	}
	return strings.Join(names, ", ")
}

// quick are settings for tests of trouble: it is found out soon, and a retry does
// not wait long.
const quick = "transfer: {retries: 3, timeout: 2s}\n"

// someText is a repository of a few packages with relations among them.
const someText = `
app 1.0 amd64
 Depends: lib (>= 1.0), data
 Recommends: doc
lib 1.0 amd64
data 1.0 all
doc 1.0 all
other 1.0 amd64
`
