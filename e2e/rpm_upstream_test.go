package e2e_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// rpmUpstream is an rpm repository in a directory, with its key in a file.
type rpmUpstream struct {
	*repotest.RPM
	dir, key string
}

func newRPM(t *testing.T) *rpmUpstream {
	t.Helper()
	u := &rpmUpstream{RPM: repotest.NewRPM(t), dir: tempDir(t), key: filepath.Join(tempDir(t), "upstream.asc")}
	u.Key.WriteFile(t, u.key)
	return u
}

// publish publishes the next generation.
func (u *rpmUpstream) publish() { u.Publish(u.dir) }

// source is the configuration of a source: the upstream at the URL, and further
// lines. Without an URL the lines say where it is.
func (u *rpmUpstream) source(name, url string, lines ...string) string {
	given := strings.Join(lines, "\n")
	text := fmt.Sprintf("  %s:\n    type: rpm\n", name)
	if url != "" {
		text += "    url: " + url + "\n"
	}
	for _, line := range []string{"architectures: [x86_64]", "keys: ['" + u.key + "']"} {
		if key, _, _ := strings.Cut(line, ":"); !strings.Contains("\n"+given, "\n"+key+":") && !(key == "keys" && strings.Contains(given, "trusted:")) {
			text += "    " + line + "\n"
		}
	}
	for _, line := range lines {
		text += "    " + line + "\n"
	}
	return text
}
