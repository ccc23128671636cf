package verify_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/verify"
)

// published is a repository in a directory, and the target that checks it.
func published(t *testing.T, packages string) (string, verify.Target) {
	t.Helper()
	d := repotest.NewDeb(t)
	d.AddText(packages)
	dir := t.TempDir()
	d.Publish(dir)
	keys := &signature.Keyring{}
	if err := keys.Add("key", d.Key.Public(t, false)); err != nil {
		t.Fatal(err)
	}
	all, err := deb.Format{}.Repositories(&repo.Source{
		Name: "s", Type: "deb", URLs: []string{"file://" + dir}, Suites: []string{"stable"},
		Components: []string{"main"}, Architectures: []string{"amd64"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir, verify.Target{Dir: ".", Repository: all[0], Format: deb.Format{}, Keys: keys, Architectures: []string{"amd64"}}
}

func check(t *testing.T, dir string, target verify.Target, level verify.Level) []verify.Finding {
	t.Helper()
	tree, err := verify.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	r, err := verify.Check(context.Background(), tree, []verify.Target{target}, level, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r.Findings
}

func one(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v, %v", pattern, found, err)
	}
	return found[0]
}

func TestLevels(t *testing.T) {
	t.Parallel()
	flip := func(t *testing.T, file string) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		content[len(content)/2] ^= 1
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name     string
		packages string
		damage   func(t *testing.T, dir string)
		level    verify.Level // the first that finds it
		finding  string
	}{
		{"missing package", "a\n", func(t *testing.T, dir string) { os.Remove(one(t, dir+"/pool/*/*/*/a_*.deb")) }, verify.Size, "is missing"},
		{"truncated package", "a\n", func(t *testing.T, dir string) { os.Truncate(one(t, dir+"/pool/*/*/*/a_*.deb"), 10) }, verify.Size, "has 10 bytes"},
		{"flipped bit in a package", "a\n", func(t *testing.T, dir string) { flip(t, one(t, dir+"/pool/*/*/*/a_*.deb")) }, verify.Digest, "has digest"},
		{"flipped bit in the root", "a\n", func(t *testing.T, dir string) {
			file := dir + "/dists/stable/InRelease"
			content, _ := os.ReadFile(file)
			os.WriteFile(file, []byte(strings.Replace(string(content), "Origin: ", "Origin: x", 1)), 0o644)
		}, verify.Signature, "signature"},
		{"unresolved relation", "a\n Depends: b (>= 2)\nb 1.0\n", func(*testing.T, string) {}, verify.Closure, "requires b (>= 2)"},
	} {
		for level := verify.Size; level <= verify.Closure; level++ {
			t.Run(fmt.Sprint(c.name, " at level ", level), func(t *testing.T) {
				t.Parallel()
				dir, target := published(t, c.packages)
				if level < verify.Signature {
					target.Keys = signature.Unchecked{}
				}
				if c.level < verify.Closure {
					if found := check(t, dir, target, level); len(found) > 0 {
						t.Fatal("before the damage:", found)
					}
				}
				c.damage(t, dir)
				found := check(t, dir, target, level)
				switch {
				case level < c.level && len(found) > 0:
					t.Error("found too early:", found)
				case level >= c.level && (len(found) == 0 || !strings.Contains(found[0].String(), c.finding)):
					t.Errorf("found %v, expected %q", found, c.finding)
				}
			})
		}
	}
}

func TestSite(t *testing.T) {
	t.Parallel()
	dir, target := published(t, "a\n Depends: b\nb\n")
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	site := &verify.Site{Client: server.Client(), URL: server.URL}
	r, err := verify.Check(context.Background(), site, []verify.Target{target}, verify.Closure, time.Now())
	if err != nil || len(r.Findings) > 0 || r.Packages != 2 {
		t.Error(r, err)
	}
	os.Remove(one(t, dir+"/pool/*/*/*/b_*.deb"))
	if r, err = verify.Check(context.Background(), site, []verify.Target{target}, verify.Size, time.Now()); err != nil || len(r.Findings) != 1 {
		t.Error(r, err)
	}
}

func TestRequiredFilesMustBeThere(t *testing.T) {
	t.Parallel()
	dir, target := published(t, "a\n")
	if err := os.RemoveAll(dir + "/dists/stable/main/binary-amd64"); err != nil {
		t.Fatal(err)
	}
	if found := check(t, dir, target, verify.Size); len(found) > 0 {
		t.Error("without a manifest the scope is what is there:", found)
	}
	target.Required = []repo.File{{Path: "dists/stable/main/binary-amd64/Packages.gz", Size: -1}}
	if found := check(t, dir, target, verify.Size); len(found) != 1 {
		t.Error("a required index is missing:", found)
	}
}
