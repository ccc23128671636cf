package mirror_test

import (
	"context"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/verify"
)

// The tests of this file are what every format has to do, seen through the jobs: a
// format that passes them can be mirrored.

// twoGenerations is a repository of which the second generation changes one package
// and has one more.
func twoGenerations(t *testing.T, f repo.Format) (u *upstream, second func()) {
	t.Helper()
	u = newUpstream(t, f, "a\n Depends: b\nb\nc\nd\n")
	return u, func() {
		u.AddText("e\n")
		u.change("c", "2.0")
	}
}

func TestFullMirrorIsUpstream(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u, second := twoGenerations(t, f)
		j := newJob(t, u.source(t, "s"))
		if r := run(t, j); !r.Changed || r.Packages != 4 || r.Added != 4 {
			t.Errorf("first run: %+v", r)
		}
		wantUpstream(t, u, j)

		second()
		u.server.Reset()
		if r := run(t, j); !r.Changed || r.Packages != 5 || r.Added != 2 {
			t.Errorf("second run: %+v", r)
		}
		wantUpstream(t, u, j)
		if got, want := fetched(u, allPackages), sortedPaths(u.File("c"), u.File("e")); !slices.Equal(got, want) {
			t.Errorf("packages fetched in the second run: %v, expected %v", got, want)
		}
		for path, n := range count(u.server.Requests("")) {
			if n > 1 {
				t.Errorf("%s was fetched %d times", path, n)
			}
		}
	})
}

// fetched are the paths that upstream's server sent, sorted.
func fetched(u *upstream, pattern string) []string {
	return slices.Sorted(maps.Keys(count(u.server.Requests(pattern))))
}

func count(requests []repotest.Request) map[string]int {
	n := map[string]int{}
	for _, r := range requests {
		if r.Status == http.StatusOK || r.Status == http.StatusPartialContent {
			n[r.Path]++
		}
	}
	return n
}

func sortedPaths(paths ...string) []string {
	for i := range paths {
		paths[i] = "/" + paths[i]
	}
	slices.Sort(paths)
	return paths
}

func TestPartialMirrorIsTheClosure(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		a := newUpstream(t, f, "a\n Depends: b (>= 1.1), c | d\na-other\n Depends: b\n")
		b := newUpstream(t, f, "b 1.0\nb 1.2\n Depends: e\nc\n Conflicts: e\nd\ne\nunused\n Depends: e\n")
		j := newJob(t, a.source(t, "a"), b.source(t, "b"))
		partial(t, j, "a")
		r := run(t, j)
		if d := cmp.Diff([]string{"a", "b", "d", "e"}, held(t, j)); d != "" || len(r.Unresolved) > 0 {
			t.Errorf("held (-want +got):\n%s\nunresolved: %v", d, r.Unresolved)
		}
		if found := verifyFound(t, f, filepath.Join(j.Store.Destination(), "m"), signature.Unchecked{}, verify.Closure); len(found) > 0 {
			t.Error("the mirror is not closed:", found)
		}
	})
}

func TestUnresolvedRelationsAreTold(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\n Depends: b (>= 2)\nb 1.0\nc\n")
		j := newJob(t, u.source(t, "s"))
		partial(t, j, "a", "c")
		r := run(t, j)
		if len(r.Unresolved) != 1 || !strings.HasPrefix(r.Unresolved[0].Requirement, "b") {
			t.Errorf("unresolved: %+v", r.Unresolved)
		}
		if d := cmp.Diff([]string{"a", "c"}, held(t, j)); d != "" && !slices.Contains(held(t, j), "c") {
			t.Error(d)
		}
	})
}

// TestFaults updates a mirror while something is wrong. The run ends with what
// upstream shows, or fails and leaves what was published; the next one mends all.
func TestFaults(t *testing.T) {
	const (
		onePackage = `/c[-_]2\.0`
		indexes    = `/(Packages|by-hash/|[^/]*-(primary|filelists|other)\.xml)`
		roots      = `/(InRelease|Release|repomd\.xml)$`
		signatures = `/(InRelease|Release\.gpg|repomd\.xml\.asc)$`
	)
	other := map[string]string{}
	for _, f := range formats {
		u := newUpstream(t, f, "other\n")
		u.SetDate(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)) // or it could have the same ETag
		u.Publish(u.dir)
		other[f.Name()] = u.dir
	}
	once := func(f repotest.Fault) repotest.Fault { return repotest.Times(1, f) }
	for _, c := range []struct {
		name, paths string
		fault       repotest.Fault // nil shows another repository
		fails       string         // what the error says; "" where the run has to succeed
	}{
		{name: "everything is cut once", paths: ".", fault: once(repotest.Cut())},
		{name: "everything is unavailable once", paths: ".", fault: once(repotest.Unavailable(""))},
		{name: "a package stalls once", paths: onePackage, fault: once(repotest.Stall())},
		{name: "a package is wrong once", paths: onePackage, fault: once(repotest.Corrupt())},
		{name: "indexes are wrong once", paths: indexes, fault: once(repotest.Corrupt())},
		{name: "a package is always unavailable", paths: onePackage, fault: repotest.Unavailable(""), fails: "503"},
		{name: "a package is always wrong", paths: onePackage, fault: repotest.Corrupt(), fails: "sha256"},
		{name: "a package is missing", paths: onePackage, fault: repotest.NotFound(), fails: "404"},
		{name: "a package is a page", paths: onePackage, fault: repotest.HTML(), fails: "c[-_]2"},
		{name: "indexes are always wrong", paths: indexes, fault: repotest.Corrupt(), fails: "sha256|digest"},
		{name: "indexes are missing", paths: indexes, fault: repotest.NotFound(), fails: "404|does not have"},
		{name: "indexes are pages", paths: indexes, fault: repotest.HTML(), fails: "Packages|primary|filelists|other"},
		{name: "the root is wrong", paths: roots, fault: repotest.Corrupt(), fails: "sign"},
		{name: "the root is a page", paths: roots, fault: repotest.HTML(), fails: "InRelease|repomd"},
		{name: "the signature is missing", paths: signatures, fault: repotest.NotFound(), fails: "sign"},
		{name: "all is another's", paths: ".", fails: "key|sign"},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, f repo.Format) {
				u, second := twoGenerations(t, f)
				j := newJob(t, u.source(t, "s"))
				j.Fetcher = impatient(t)
				run(t, j)
				before := readTree(t, j)
				second()
				fault := c.fault
				if fault == nil {
					fault = repotest.From(other[f.Name()])
				}
				u.server.Strike(c.paths, fault)
				_, err := mirror.Run(context.Background(), j)
				if c.fails == "" && err != nil || c.fails != "" && (err == nil || !regexp.MustCompile(c.fails).MatchString(err.Error())) {
					t.Errorf("the run ended with %v, expected %q", err, c.fails)
				}
				if err != nil {
					now := readTree(t, j)
					for path, content := range before {
						if now[path] != content {
							t.Errorf("the failed run changed %s", path)
						}
					}
					u.server.Heal()
					run(t, j)
				}
				wantUpstream(t, u, j)
			})
		})
	}
}

func impatient(t *testing.T) *fetch.Fetcher {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(client.CloseIdleConnections)
	return fetch.New(fetch.Options{
		Client: client, Retries: 2, Stall: 200 * time.Millisecond, Backoff: fetch.Backoff{Base: time.Millisecond, Max: time.Millisecond},
	})
}

// readTree is the mirror's files by path.
func readTree(t *testing.T, j *mirror.Job) map[string]string {
	t.Helper()
	files := map[string]string{}
	dir := filepath.Join(j.Store.Destination(), "m")
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestAnUnsignedRootIsRefusedUnlessTrusted(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\n")
		u.Sign(nil)
		u.Publish(u.dir)
		j := newJob(t, u.source(t, "s"))
		if _, err := mirror.Run(context.Background(), j); err == nil || !strings.Contains(err.Error(), "sign") {
			t.Error(err)
		}
		j.Mirror.Sources[0].Trusted = true
		run(t, j)
		wantUpstream(t, u, j)
	})
}

func TestAnotherKeyIsRefused(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\n")
		j := newJob(t, u.source(t, "s"))
		u.Sign(repotest.NewKey(t))
		u.Publish(u.dir)
		if _, err := mirror.Run(context.Background(), j); err == nil || !strings.Contains(err.Error(), "key") {
			t.Error(err)
		}
	})
}

func TestFailOver(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\nb\n")
		bad := repotest.Serve(t, u.dir)
		bad.Strike(allPackages, repotest.Corrupt())
		bad.Strike(`Packages|by-hash|\.xml\.`, repotest.Unavailable(""))
		s := u.source(t, "s")
		s.URLs = []string{"http://127.0.0.1:1", bad.URL, u.server.URL}
		j := newJob(t, s)
		run(t, j)
		wantUpstream(t, u, j)
	})
}

// TestFoundTreesAreVerified finds repositories in a tree, of which nothing else is
// known, and checks them to every level.
func TestFoundTreesAreVerified(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\n Depends: b\nb\n")
		keys := u.source(t, "s").Keys
		full, part := newJob(t, u.source(t, "s")), newJob(t, u.source(t, "s"))
		partial(t, part, "a")
		run(t, full)
		run(t, part)
		ours, another := part.Mirror.Sign.Verifier, newUpstream(t, f, "a\n").source(t, "another").Keys
		for dir, keys := range map[string]repo.Verifier{
			u.dir: keys, filepath.Join(full.Store.Destination(), "m"): keys, filepath.Join(part.Store.Destination(), "m"): ours,
		} {
			for level := verify.Size; level <= verify.Closure; level++ {
				if found := verifyFound(t, f, dir, keys, level); len(found) > 0 {
					t.Errorf("level %s: %v", level, found)
				}
			}
			if found := verifyFound(t, f, dir, another, verify.Signature); len(found) == 0 {
				t.Error("the root is accepted with another key")
			}
		}
		if err := os.Remove(filepath.Join(u.dir, u.File("b"))); err != nil {
			t.Fatal(err)
		}
		if found := verifyFound(t, f, u.dir, keys, verify.Size); len(found) != 1 || !strings.Contains(found[0].String(), u.File("b")) {
			t.Error("a package is missing, and found is", found)
		}
	})
}

// verifyFound checks all repositories of a tree.
func verifyFound(t *testing.T, f repo.Format, dir string, keys repo.Verifier, level verify.Level) []verify.Finding {
	t.Helper()
	found, err := f.Find(os.DirFS(dir))
	if err != nil || len(found) == 0 {
		t.Fatalf("found %v, %v", found, err)
	}
	var targets []verify.Target
	for _, x := range found {
		targets = append(targets, verify.Target{
			Dir: x.Dir, Repository: x.Repository, Format: f, Keys: keys, Architectures: x.Repository.Source.Architectures,
		})
	}
	tree, err := verify.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	r, err := verify.Check(context.Background(), tree, targets, level, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return r.Findings
}
