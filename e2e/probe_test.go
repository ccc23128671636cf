package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// verdict is what probe prints.
type verdict struct {
	Site       string
	Repository string
	State      string
	Lag        int64 `json:"lag_seconds"`
	Generation string
	Complete   float64
	Endpoints  []struct {
		Endpoint struct {
			Scheme string
			Family int
		}
		State string
	}
	Evidence []struct {
		Path, Fault, Expected, Seen, Text string
	}
}

// TestProbe asks for the verdict on mirrors, a good one and bad ones, as their admins do:
// with a configuration, and without.
func TestProbe(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"deb", "rpm"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			key := repotest.NewKey(t)
			r := repotest.NewRepository(t, format, key)
			keyFile := filepath.Join(t.TempDir(), "key.asc")
			write(t, keyFile, string(key.Public(t, true)))
			origin, old, now := t.TempDir(), t.TempDir(), t.TempDir()
			r.AddText("stays 1.0\ngoes 1.0\n")
			r.Publish(origin)
			copyTree(t, old, origin)
			goes := r.File("goes")
			r.Remove("goes")
			r.AddText("comes 1.0\n")
			r.Publish(origin)
			copyTree(t, now, origin)
			other, foreign := repotest.NewRepository(t, format, repotest.NewKey(t)), t.TempDir()
			other.AddText("stays 1.0\n")
			other.Publish(foreign)
			source := repotest.Serve(t, origin)
			config := "sources:\n  archive:\n    type: " + format + "\n    url: " + source.URL + "\n    keys: [" + keyFile + "]\n"
			flags := []string{"--source", source.URL, "--key", keyFile}
			if format == "deb" {
				config += "    suites: [stable]\n    components: [main]\n    architectures: [amd64]\n"
				flags = append(flags, "--suite", "stable", "--architecture", "amd64")
			} else {
				config += "    architectures: [x86_64]\n"
				flags = append(flags, "--architecture", "x86_64")
			}
			config += "watch:\n  repositories:\n    pub: {source: archive}\n"
			for name, c := range map[string]struct {
				tree   string
				damage func(dir string)
				code   int
				state  string
				says   string
			}{
				"in sync": {tree: now, code: done, state: "IN_SYNC", says: "the newest one"},
				"old":     {tree: old, code: findings, state: "BEHIND", says: "has not run lately"},
				"half": {tree: now, code: findings, state: "HALF_SYNCED", says: r.File("comes") + " is missing", damage: func(dir string) {
					remove(t, filepath.Join(dir, r.File("comes")))
				}},
				"old and half": {tree: old, code: findings, state: "HALF_SYNCED", says: goes + " is missing", damage: func(dir string) {
					remove(t, filepath.Join(dir, goes))
				}},
				"foreign": {tree: foreign, code: findings, state: "FOREIGN", says: "which the source did not sign"},
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					dir := t.TempDir()
					copyTree(t, dir, c.tree)
					if c.damage != nil {
						c.damage(dir)
					}
					site := repotest.Serve(t, dir)
					for config, flags := range map[string][]string{config: nil, "": flags} {
						k := newKeeper(t, config)
						args := append([]string{"probe", site.URL + "/"}, flags...)
						text := k.exits(c.code, args...)
						if !regexp.MustCompile(c.says).MatchString(text.stdout) || !strings.Contains(text.stdout, c.state) {
							t.Errorf("nothing of %q and %s:\n%s", c.says, c.state, text.stdout)
						}
						v := decode[verdict](k.exits(c.code, append(args, "--output", "json")...))
						if v.State != c.state || v.Site != site.URL || len(v.Endpoints) != 1 || v.Endpoints[0].Endpoint.Family != 4 || len(v.Evidence) == 0 {
							t.Errorf("%+v\n%s", v, text.stdout)
						}
						if c.state != "FOREIGN" && (c.state == "IN_SYNC") != (v.Lag == 0) || v.Generation == "" {
							t.Errorf("lag %d, generation %q", v.Lag, v.Generation)
						}
						t.Log(text.stdout)
					}
				})
			}
		})
	}
}

// TestProbeWithoutAnAnswer: what keeps from probing at all is no verdict.
func TestProbeWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	k := newKeeper(t, fullMirror(u.source("debian", "file://"+u.dir)))
	k.exits(misused, "probe").says("1 argument|arguments")
	k.exits(misused, "probe", "ftp://mirror.example.org").says("http://")
	k.exits(misused, "probe", "http://mirror.example.org").says("watch.repositories")
	k.exits(misused, "probe", "http://mirror.example.org", "--source", "http://127.0.0.1:9", "--suite", "stable").says("--key")
	k.exits(failed, "probe", "http://127.0.0.1:9", "--source", "file:///nowhere", "--trusted").says("source", "cannot be read")
}

// TestProbeOfNginx: a server that calls every file a page of HTML is no fault of the
// mirror, but one that answers with a page and status 200 for what it has not is.
func TestProbeOfNginx(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	dir := tempDir(t)
	copyTree(t, dir, u.dir)
	write(t, filepath.Join(dir, "404.html"), "<!DOCTYPE html><html>Not here</html>")
	site := serveNginx(t, dir, "default_type text/html;", "error_page 404 =200 /404.html;")
	k := newKeeper(t, "")
	args := []string{"probe", site.URL, "--source", "file://" + u.dir, "--suite", "stable", "--architecture", "amd64", "--key", u.key, "--output", "json"}
	if v := decode[verdict](k.exits(done, args...)); v.Complete != 1 {
		t.Errorf("%+v", v)
	}
	remove(t, filepath.Join(dir, "pool/main/l/lib/lib_1.0_amd64.deb"))
	v := decode[verdict](k.exits(findings, args...))
	if v.State != "HALF_SYNCED" || !slices.ContainsFunc(v.Evidence, func(e struct{ Path, Fault, Expected, Seen, Text string }) bool {
		return e.Path == "pool/main/l/lib/lib_1.0_amd64.deb" && e.Fault == "missing"
	}) {
		t.Errorf("%+v", v)
	}
}

func copyTree(t *testing.T, to, from string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
