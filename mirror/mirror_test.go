package mirror_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
	"github.com/mirrorkeeper/mirrorkeeper/store"
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

// upstream is a repository behind a server, in a test.
type upstream struct {
	repotest.Repository
	format repo.Format
	key    *repotest.Key
	server *repotest.Server
	dir    string
}

// newUpstream publishes packages, which are written as deb's are.
func newUpstream(t *testing.T, f repo.Format, packages string) *upstream {
	t.Helper()
	u := &upstream{format: f, key: repotest.NewKey(t), dir: t.TempDir()}
	u.Repository = repotest.NewRepository(t, f.Name(), u.key)
	u.AddText(packages)
	u.Publish(u.dir)
	u.server = repotest.Serve(t, u.dir)
	return u
}

func (u *upstream) source(t *testing.T, name string) mirror.Source {
	t.Helper()
	ring := &signature.Keyring{}
	if err := ring.Add("upstream's key", u.key.Public(t, false)); err != nil {
		t.Fatal(err)
	}
	s := &repo.Source{Name: name, Type: u.format.Name(), URLs: []string{u.server.URL}, Architectures: []string{"x86_64"}}
	if s.Type == "deb" {
		s.Suites, s.Components, s.Architectures = []string{"stable"}, []string{"main"}, []string{"amd64"}
	}
	return mirror.Source{Source: s, Format: u.format, Keys: ring, Fingerprints: ring.Fingerprints()}
}

// change replaces the package by another version.
func (u *upstream) change(name, version string) {
	u.Remove(name)
	u.AddText(name + " " + version + "\n")
	u.Publish(u.dir)
}

// ourKey is the key that mirrors are signed with, made once: that takes long.
var ourKey = sync.OnceValues(func() (*signature.Key, error) { return signature.Generate("test") })

func newSigning(t *testing.T) *signature.Signing {
	t.Helper()
	key, err := ourKey()
	if err != nil {
		t.Fatal(err)
	}
	signing, err := signature.NewSigning(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return signing
}

// newJob makes a job over the sources in a fresh destination.
func newJob(t *testing.T, sources ...mirror.Source) *mirror.Job {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(dir, filepath.Join(dir, ".mirrorkeeper"))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(client.CloseIdleConnections)
	return &mirror.Job{
		Mirror: &mirror.Mirror{Name: "m", Sources: sources, Recommends: true},
		Store:  s,
		Fetcher: fetch.New(fetch.Options{
			Client: client, Retries: 1, Backoff: fetch.Backoff{Base: time.Millisecond, Max: time.Millisecond},
		}),
		Grace: time.Hour,
	}
}

func run(t *testing.T, j *mirror.Job) *mirror.Report {
	t.Helper()
	r, err := mirror.Run(context.Background(), j)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// partial makes the job's mirror a partial one.
func partial(t *testing.T, j *mirror.Job, seeds ...string) {
	t.Helper()
	j.Mirror.Packages = nil
	for _, s := range seeds {
		j.Mirror.Packages = append(j.Mirror.Packages, solver.Seed{Pattern: s, Label: s})
	}
	if j.Mirror.Sign == nil {
		j.Mirror.Sign = newSigning(t)
	}
}

// packageFiles matches the paths of package files.
var packageFile = regexp.MustCompile(`/([^/_]+?)[-_][^/_-]*(-\d+)?[._](amd64|all|x86_64|noarch)\.(deb|rpm)$`)

// held are the names of the package files in the tree.
func held(t *testing.T, j *mirror.Job) (names []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(j.Store.Destination(), "m"), func(path string, _ os.DirEntry, err error) error {
		if m := packageFile.FindStringSubmatch(filepath.ToSlash(path)); m != nil {
			names = append(names, m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func TestUnchangedAsksOneQuestion(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\n Depends: b\nb\n")
		j := newJob(t, u.source(t, "s"))
		if r := run(t, j); !r.Changed || r.Packages != 2 {
			t.Errorf("first run: %+v", r)
		}
		u.server.Reset()
		if r := run(t, j); r.Changed || r.Packages != 2 {
			t.Errorf("second run: %+v", r)
		}
		asked := u.server.Requests("")
		if len(asked) != 1 || !asked[0].Conditional() {
			t.Errorf("the second run asked %v", asked)
		}
	})
}

func TestUpstreamMovesWhileItIsRead(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		for _, at := range []string{`Packages|primary`, `by-hash|filelists`, allPackages} {
			t.Run(at, func(t *testing.T) {
				t.Parallel()
				u := newUpstream(t, f, "a\nb\n")
				j := newJob(t, u.source(t, "s"))
				moved := false
				u.server.Strike(at, repotest.Before(func(*http.Request) {
					if !moved {
						moved = true
						u.change("a", "2.0")
					}
				}))
				j.Fetcher = oneAtATime(t)
				run(t, j)
				wantUpstream(t, u, j)
			})
		}
	})
}

// allPackages matches the paths of all package files.
const allPackages = `\.(deb|rpm)$`

// wantUpstream wants the tree to have every file of upstream's.
func wantUpstream(t *testing.T, u *upstream, j *mirror.Job) {
	t.Helper()
	err := filepath.WalkDir(u.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(u.dir, path)
		if err != nil {
			return err
		}
		got, err := os.ReadFile(filepath.Join(j.Store.Destination(), "m", name))
		if err == nil && !bytes.Equal(got, want) {
			err = fmt.Errorf("%s has other bytes than upstream's", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func oneAtATime(t *testing.T) *fetch.Fetcher {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	return fetch.New(fetch.Options{Client: client, Connections: 1, PerHost: 1})
}

func TestReplayIsRefused(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\n")
		u.SetDate(time.Now().Add(-time.Hour))
		u.Publish(u.dir)
		j := newJob(t, u.source(t, "s"))
		before := run(t, j)
		u.SetDate(time.Now().Add(-2 * time.Hour))
		u.Publish(u.dir)
		if _, err := mirror.Run(context.Background(), j); !errors.Is(err, mirror.ErrReplay) {
			t.Error("an older root:", err)
		}
		if now, err := j.Store.Published("m"); err != nil || now.ID != before.Generation {
			t.Error("the published state has changed:", now, err)
		}
	})
}

func TestShrinkStopsTheRun(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		for _, seeds := range [][]string{nil, {"a"}} {
			u := newUpstream(t, f, "a\nb\nc\nd\n")
			j := newJob(t, u.source(t, "s"))
			if seeds != nil {
				partial(t, j, seeds...)
			}
			run(t, j)
			for _, name := range []string{"b", "c", "d"} {
				u.Remove(name)
			}
			u.change("a", "2.0")
			if _, err := mirror.Run(context.Background(), j); !errors.Is(err, mirror.ErrShrunk) {
				t.Errorf("seeds %v: %v", seeds, err)
			}
			j.AllowShrink = true
			if r := run(t, j); !r.Changed || r.Packages != 1 {
				t.Errorf("seeds %v, allowed: %+v", seeds, r)
			}
		}
	})
}

func TestPartialMirrorIgnoresSomeErrors(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\n Depends: b\nb\nc\n")
		u.server.Strike(`/b[-_]`, repotest.NotFound())
		j := newJob(t, u.source(t, "s"))
		partial(t, j, "a", "c")
		if _, err := mirror.Run(context.Background(), j); err == nil {
			t.Error("a missing package is no error although none may be ignored")
		}
		j.Mirror.IgnoreErrors = 1
		j.Fetcher = fetch.New(fetch.Options{IgnoreErrors: 1})
		r := run(t, j)
		if d := cmp.Diff([]string{"c"}, held(t, j)); d != "" {
			t.Error("a needs b, which cannot be had:", d)
		}
		if len(r.Skipped) != 2 || r.Incomplete == 0 {
			t.Errorf("skipped: %+v", r.Skipped)
		}
		u.server.Heal()
		if run(t, j); !slices.Equal(held(t, j), []string{"a", "b", "c"}) {
			t.Error("once upstream is well again, all are there:", held(t, j))
		}
	})
}

func TestFullMirrorWithAFileMissingIsNotPublished(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\nb\n")
		u.server.Strike(`/b[-_]`, repotest.NotFound())
		j := newJob(t, u.source(t, "s"))
		j.Fetcher = fetch.New(fetch.Options{IgnoreErrors: 5})
		if _, err := mirror.Run(context.Background(), j); err == nil || !strings.Contains(err.Error(), u.File("b")) {
			t.Error(err)
		}
		if left, _ := os.ReadDir(filepath.Join(j.Store.Destination(), "m")); len(left) > 0 {
			t.Error("something was published:", left)
		}
		u.server.Heal()
		u.server.Reset()
		run(t, j)
		if again := u.server.Requests(`/a[-_]`); len(again) > 0 {
			t.Error("what was fetched is fetched again:", again)
		}
	})
}

func TestPartialMirrorStaysWhenWhatItHoldsDoes(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\nb\n")
		j := newJob(t, u.source(t, "s"))
		partial(t, j, "a")
		before := run(t, j)
		u.AddText("c\n")
		u.Publish(u.dir)
		if r := run(t, j); r.Changed || r.Generation != before.Generation {
			t.Errorf("a new generation for a package that it does not hold: %+v", r)
		}
		u.server.Reset()
		run(t, j)
		if asked := u.server.Requests(""); len(asked) != 1 {
			t.Error("the newer root was not noted; asked again:", asked)
		}
		u.Remove("a")
		u.AddText("a 2.0\n Depends: c\n")
		u.Publish(u.dir)
		if r := run(t, j); !r.Changed || r.Packages != 2 {
			t.Errorf("a was upgraded: %+v", r)
		}
	})
}

func TestNothingIsLeftOfOldGenerations(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		for _, seeds := range [][]string{nil, {"a"}} {
			u := newUpstream(t, f, "a 1.0\nb\n")
			j := newJob(t, u.source(t, "s"))
			if seeds != nil {
				partial(t, j, seeds...)
			}
			now := time.Now()
			j.Now = func() time.Time { return now }
			files := func() (n int) {
				err := filepath.WalkDir(j.Store.State(), func(_ string, e os.DirEntry, err error) error {
					if err == nil && e.Type().IsRegular() {
						n++
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			run(t, j)
			first := files()
			for _, version := range []string{"2.0", "3.0", "4.0"} {
				u.change("a", version)
				now = now.Add(10 * time.Minute)
				run(t, j)
			}
			now = now.Add(2 * time.Hour)
			run(t, j)
			if last := files(); last != first {
				t.Errorf("seeds %v: the state directory has %d files, after the first run it had %d", seeds, last, first)
			}
			verifyTree(t, j)
		}
	})
}

func TestDatesRiseAndAreNotOfTheFuture(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\n")
		j := newJob(t, u.source(t, "s"))
		partial(t, j, "a")
		last := time.Time{}
		for i := range 4 {
			u.change("a", fmt.Sprintf("%d.0", i+2))
			run(t, j)
			record, err := j.Store.Published("m")
			if err != nil {
				t.Fatal(err)
			}
			made := record.Repositories[0].Made
			if !made.After(last) || made.After(time.Now()) {
				t.Errorf("generation of %s after one of %s, and the clock says %s", made, last, time.Now())
			}
			last = made
		}
		// The clock goes back to what is right.
		j.Now = func() time.Time { return last.Add(-time.Hour) }
		u.AddText("b\n")
		j.Mirror.Packages = append(j.Mirror.Packages, solver.Seed{Pattern: "b", Label: "b"})
		u.Publish(u.dir)
		if r := run(t, j); !r.Changed || len(r.Warnings) == 0 {
			t.Errorf("%+v", r)
		}
	})
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, deb.Format{}, "a\n")
	j := newJob(t, u.source(t, "s"))
	partial(t, j, "a")
	j.Mirror.ValidFor = 10 * time.Hour
	now := time.Now()
	j.Now = func() time.Time { return now }
	run(t, j)
	now = now.Add(4 * time.Hour)
	if r := run(t, j); r.Changed {
		t.Error("signed again although most of the time is left")
	}
	now = now.Add(2 * time.Hour)
	if r := run(t, j); !r.Changed {
		t.Error("not signed again although half of the time has passed")
	}
}

func TestIndependentSources(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		good, bad := newUpstream(t, f, "a\n"), newUpstream(t, f, "b\n")
		j := newJob(t, good.source(t, "good"), bad.source(t, "bad"))
		run(t, j)
		good.AddText("c\n")
		good.Publish(good.dir)
		bad.server.Strike("", repotest.Answer(http.StatusForbidden, "no"))
		if _, err := mirror.Run(context.Background(), j); err == nil {
			t.Error("one source fails: the mirror is to stay as it is")
		}
		j.Mirror.Independent = true
		r := run(t, j)
		if !r.Changed || r.Incomplete == 0 || r.Packages != 3 {
			t.Errorf("independent: %+v", r)
		}
	})
}

func TestIndependentSourcesFromTheFirstRunOn(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		good, bad := newUpstream(t, f, "a\n"), newUpstream(t, f, "b\n")
		bad.server.Strike("", repotest.Answer(http.StatusForbidden, "no"))
		j := newJob(t, bad.source(t, "bad"), good.source(t, "good"))
		j.Mirror.Independent = true
		if r := run(t, j); !r.Changed || r.Incomplete != 1 || r.Packages != 1 {
			t.Errorf("%+v", r)
		}
		bad.server.Heal()
		if r := run(t, j); !r.Changed || r.Incomplete != 0 || r.Packages != 2 {
			t.Errorf("once both are well: %+v", r)
		}
	})
}

func TestOnlyPartOfAMirror(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		one, two := newUpstream(t, f, "a\n"), newUpstream(t, f, "b\n")
		j := newJob(t, one.source(t, "one"), two.source(t, "two"))
		run(t, j)
		for _, u := range []*upstream{one, two} {
			u.AddText("new\n")
			u.Publish(u.dir)
			u.server.Reset()
		}
		j.Only = []string{"two"}
		r := run(t, j)
		if r.Packages != 3 || len(one.server.Requests("")) > 0 {
			t.Errorf("packages %d, the other source was asked %v", r.Packages, one.server.Requests(""))
		}
		known := map[string]string{"deb": "one/stable, two/stable", "rpm": "one, two"}[f.Name()]
		j.Only = []string{"three"}
		if _, err := mirror.Run(context.Background(), j); err == nil || !strings.Contains(err.Error(), known) {
			t.Error(err)
		}
	})
}

func TestAssumedPackagesAreNotMirrored(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, deb.Format{}, "a\n Depends: libc (>= 2), sh, b\nlibc 2.1\nlibc 1.0\nsh\n Essential: yes\n Depends: libc\nb\n Depends: libc (>= 2)\n")
	j := newJob(t, u.source(t, "s"))
	partial(t, j, "a")
	j.Mirror.Assume = []solver.Seed{{Pattern: "libc"}}
	j.Mirror.AssumeGroups = []string{"essential"}
	run(t, j)
	if d := cmp.Diff([]string{"a", "b"}, held(t, j)); d != "" {
		t.Error(d)
	}
	j.Mirror.Assume[0].Op, j.Mirror.Assume[0].Version = repo.Less, "2"
	run(t, j)
	if d := cmp.Diff([]string{"a", "b", "libc"}, held(t, j)); d != "" {
		t.Error("a needs a newer version than the one that is installed:", d)
	}
}

func TestGroupsAreSeeds(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, deb.Format{}, "a\n Priority: standard\n Depends: b\nb\nc\n Task: web-server, mail\nd\n")
	j := newJob(t, u.source(t, "s"))
	j.Mirror.Groups = []string{"standard", "web-server", "nonsense"}
	j.Mirror.Sign = newSigning(t)
	r := run(t, j)
	if d := cmp.Diff([]string{"a", "b", "c"}, held(t, j)); d != "" {
		t.Error(d)
	}
	if len(r.Unresolved) != 1 || r.Unresolved[0].Requirement != "group nonsense" {
		t.Errorf("%+v", r.Unresolved)
	}
}

func TestPlanChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\n Depends: b, missing\nb\nc\n")
		j := newJob(t, u.source(t, "s"))
		partial(t, j, "a")
		plan, err := mirror.Plan(context.Background(), j)
		if err != nil {
			t.Fatal(err)
		}
		if left, _ := os.ReadDir(filepath.Join(j.Store.Destination(), "m")); len(left) > 0 {
			t.Error("plan has published", left)
		}
		if got := u.server.Requests(allPackages); len(got) > 0 {
			t.Error("plan has fetched", got)
		}
		r := run(t, j)
		if plan.Add != r.Added || len(plan.Picked) != r.Packages || len(plan.Unresolved) != len(r.Unresolved) || plan.Bytes != r.Bytes {
			t.Errorf("plan %d added, %d packages, %v, %d bytes; run %+v", plan.Add, len(plan.Picked), plan.Unresolved, plan.Bytes, r)
		}
		j.Offline = true
		u.server.Reset()
		if plan, err = mirror.Plan(context.Background(), j); err != nil || plan.Add != 0 || plan.Bytes != 0 {
			t.Errorf("plan after the run: %+v, %v", plan, err)
		}
		if asked := u.server.Requests(""); len(asked) > 0 {
			t.Error("an offline plan has asked", asked)
		}
	})
}

func TestMovedPlaceIsRefused(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		one, two := newUpstream(t, f, "a\n"), newUpstream(t, f, "b\n")
		j := newJob(t, one.source(t, "one"))
		run(t, j)
		j.Mirror.Sources = append(j.Mirror.Sources, two.source(t, "two"))
		_, err := mirror.Run(context.Background(), j)
		if err == nil || !strings.Contains(err.Error(), "would move") {
			t.Fatal(err)
		}
		j.Mirror.Sources[0].Source.Path = "."
		if r := run(t, j); r.Packages != 2 {
			t.Errorf("%+v", r)
		}
	})
}

func TestRemovedTreeIsPutBack(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		for _, seeds := range [][]string{nil, {"a"}} {
			u := newUpstream(t, f, "a\n Depends: b\nb\n")
			j := newJob(t, u.source(t, "s"))
			if seeds != nil {
				partial(t, j, seeds...)
			}
			r := run(t, j)
			if err := os.RemoveAll(r.Dir); err != nil {
				t.Fatal(err)
			}
			u.server.Reset()
			run(t, j)
			verifyTree(t, j)
			if asked := u.server.Requests(allPackages); len(asked) > 0 {
				t.Error("fetched again what the store has:", asked)
			}
		}
	})
}

func TestCheckMendsTheMirror(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		for _, seeds := range [][]string{nil, {"a"}} {
			u := newUpstream(t, f, "a\n Depends: b\nb\n")
			j := newJob(t, u.source(t, "s"))
			if seeds != nil {
				partial(t, j, seeds...)
			}
			r := run(t, j)
			for _, pattern := range []string{u.File("b"), u.Index()} {
				found, err := filepath.Glob(filepath.Join(r.Dir, pattern))
				if err != nil || len(found) != 1 {
					t.Fatal(pattern, found, err)
				}
				content, err := os.ReadFile(found[0])
				if err != nil {
					t.Fatal(err)
				}
				content[len(content)/2] ^= 1
				if err := os.WriteFile(found[0], content, 0o644); err != nil { // in place: objects and cache share it
					t.Fatal(err)
				}
			}
			j.Check = mirror.CheckDigest
			run(t, j)
			j.Check = mirror.CheckChanged
			verifyTree(t, j)
		}
	})
}

// verifyTree checks every published file against the mirror's manifest.
func verifyTree(t *testing.T, j *mirror.Job) {
	t.Helper()
	record, err := j.Store.Published("m")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range record.Repositories {
		m, err := j.Store.Manifest("m", p)
		if err != nil {
			t.Fatal(err)
		}
		for f := range m.All {
			content, err := os.ReadFile(filepath.Join(j.Store.Destination(), p.Place, f.Path))
			if err != nil {
				t.Error(err)
				continue
			}
			h := f.Digest.Algorithm().New()
			h.Write(content)
			if repo.NewDigest(f.Digest.Algorithm(), h.Sum(nil)) != f.Digest {
				t.Errorf("%s has other bytes than its digest says", f.Path)
			}
		}
	}
}
