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
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/verify"
)

// formats are those that the tests hold for.
var formats = []repo.Format{deb.Format{}, rpm.Format{}}

// each runs a test for every format.
func each(t *testing.T, test func(t *testing.T, f repo.Format)) {
	t.Parallel()
	for _, f := range formats {
		t.Run(f.Name(), func(t *testing.T) {
			t.Parallel()
			test(t, f)
		})
	}
}

// tree is a repository in a directory.
type tree struct {
	repotest.Repository
	dir string
}

// published publishes packages, which are written as deb's are, and returns the
// target that checks them.
func published(t *testing.T, f repo.Format, packages string) (*tree, verify.Target) {
	t.Helper()
	key := repotest.NewKey(t)
	r := &tree{repotest.NewRepository(t, f.Name(), key), t.TempDir()}
	r.AddText(packages)
	r.Publish(r.dir)
	keys := &signature.Keyring{}
	if err := keys.Add("key", key.Public(t, false)); err != nil {
		t.Fatal(err)
	}
	source := &repo.Source{Name: "s", Type: f.Name(), URLs: []string{"file://" + r.dir}, Architectures: []string{"x86_64"}}
	if f.Name() == "deb" {
		source.Suites, source.Components, source.Architectures = []string{"stable"}, []string{"main"}, []string{"amd64"}
	}
	all, err := f.Repositories(source)
	if err != nil {
		t.Fatal(err)
	}
	return r, verify.Target{Dir: ".", Repository: all[0], Format: f, Keys: keys, Architectures: source.Architectures}
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

// file is the path of the one file that matches the pattern.
func (r *tree) file(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(r.dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v, %v", pattern, found, err)
	}
	return found[0]
}

func TestLevels(t *testing.T) {
	edit := func(t *testing.T, file string, change func(content []byte) []byte) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, change(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	flip := func(content []byte) []byte {
		content[len(content)/2] ^= 1
		return content
	}
	cases := []struct {
		name     string
		packages string
		damage   func(t *testing.T, r *tree)
		level    verify.Level // the first that finds it
		finding  string
	}{
		{"missing package", "a\n", func(t *testing.T, r *tree) { os.Remove(r.file(t, r.File("a"))) }, verify.Size, "is missing"},
		{"truncated package", "a\n", func(t *testing.T, r *tree) { os.Truncate(r.file(t, r.File("a")), 10) }, verify.Size, "has 10 bytes"},
		{"flipped bit in a package", "a\n", func(t *testing.T, r *tree) { edit(t, r.file(t, r.File("a")), flip) }, verify.Digest, "has digest"},
		{"change in the root", "a\n", func(t *testing.T, r *tree) {
			edit(t, r.file(t, r.Root()), func(content []byte) []byte {
				return []byte(strings.NewReplacer("Origin: ", "Origin: x", "<revision>1", "<revision>x").Replace(string(content)))
			})
		}, verify.Signature, "signature"},
		{"unresolved relation", "a\n Depends: b (>= 2)\nb 1.0\n", func(*testing.T, *tree) {}, verify.Closure, "requires b (>= 2)"},
	}
	each(t, func(t *testing.T, f repo.Format) {
		for _, c := range cases {
			for level := verify.Size; level <= verify.Closure; level++ {
				t.Run(fmt.Sprint(c.name, " at level ", level), func(t *testing.T) {
					t.Parallel()
					r, target := published(t, f, c.packages)
					if level < verify.Signature {
						target.Keys = signature.Unchecked{}
					}
					if c.level < verify.Closure {
						if found := check(t, r.dir, target, level); len(found) > 0 {
							t.Fatal("before the damage:", found)
						}
					}
					c.damage(t, r)
					found := check(t, r.dir, target, level)
					switch {
					case level < c.level && len(found) > 0:
						t.Error("found too early:", found)
					case level >= c.level && (len(found) == 0 || !strings.Contains(found[0].String(), c.finding)):
						t.Errorf("found %v, expected %q", found, c.finding)
					}
				})
			}
		}
	})
}

func TestSite(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		published, target := published(t, f, "a\n Depends: b\nb\n")
		server := httptest.NewServer(http.FileServer(http.Dir(published.dir)))
		defer server.Close()
		site := &verify.Site{Client: server.Client(), URL: server.URL}
		r, err := verify.Check(context.Background(), site, []verify.Target{target}, verify.Closure, time.Now())
		if err != nil || len(r.Findings) > 0 || r.Packages != 2 {
			t.Error(r, err)
		}
		os.Remove(published.file(t, published.File("b")))
		if r, err = verify.Check(context.Background(), site, []verify.Target{target}, verify.Size, time.Now()); err != nil || len(r.Findings) != 1 {
			t.Error(r, err)
		}
	})
}

func TestRequiredFilesMustBeThere(t *testing.T) {
	t.Parallel()
	r, target := published(t, deb.Format{}, "a\n")
	if err := os.RemoveAll(r.dir + "/dists/stable/main/binary-amd64"); err != nil {
		t.Fatal(err)
	}
	if found := check(t, r.dir, target, verify.Size); len(found) > 0 {
		t.Error("without a manifest the scope is what is there:", found)
	}
	target.Required = []repo.File{{Path: "dists/stable/main/binary-amd64/Packages.gz", Size: -1}}
	if found := check(t, r.dir, target, verify.Size); len(found) != 1 {
		t.Error("a required index is missing:", found)
	}
}
