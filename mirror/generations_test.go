package mirror_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/generations"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/verify"
)

// over is the job's mirror over time.
func over(t *testing.T, j *mirror.Job) *generations.Mirror {
	t.Helper()
	if j.Mirror.Sign != nil {
		if err := j.Store.SetKeys("m", [][]byte{j.Mirror.Sign.Public["key.asc"]}); err != nil {
			t.Fatal(err)
		}
	}
	return &generations.Mirror{
		Name: "m", Store: j.Store, Formats: formats, Sign: j.Mirror.Sign, ValidFor: j.Mirror.ValidFor, Grace: j.Grace, Keep: j.Generations,
	}
}

// twoKept is a mirror of which two generations are kept; the second changes one package,
// adds one and removes one.
func twoKept(t *testing.T, f repo.Format, seeds ...string) (*upstream, *mirror.Job) {
	t.Helper()
	u := newUpstream(t, f, "a\n Depends: b\nb\nc\nd\n")
	u.SetDate(time.Now().Add(-2 * time.Hour))
	u.Publish(u.dir)
	j := newJob(t, u.source(t, "s"))
	j.Generations = store.Retention{Generations: 5}
	if seeds != nil {
		partial(t, j, seeds...)
	}
	run(t, j)
	u.Remove("d")
	u.AddText("e\n")
	u.SetDate(time.Now().Add(-time.Hour))
	u.change("c", "2.0")
	run(t, j)
	return u, j
}

func TestGenerationsTellWhatChanged(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		for _, seeds := range [][]string{nil, {"*"}} {
			_, j := twoKept(t, f, seeds...)
			m := over(t, j)
			all, err := m.List()
			if err != nil || len(all) != 2 || all[0].Current || !all[1].Current {
				t.Fatalf("%+v, %v", all, err)
			}
			if s := all[1].Step; s.Before != all[0].ID || s.Added != 2 || s.Removed != 2 || s.AddedBytes == 0 {
				t.Errorf("the step to the second one: %+v", s)
			}
			from, err := m.Find("~1")
			if err != nil {
				t.Fatal(err)
			}
			to, err := m.Find(all[1].ID[:len(all[1].ID)-3])
			if err != nil {
				t.Fatal(err)
			}
			d, err := m.Compare(from, to)
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Added) != 1 || d.Added[0].Name != "e" || len(d.Removed) != 1 || d.Removed[0].Name != "d" || len(d.Upgraded) != 1 || len(d.Downgraded)+len(d.Rebuilt) != 0 {
				t.Errorf("%+v", d)
			}
			if x := d.Upgraded[0]; x.Name != "c" || f.Compare(x.Before, x.Version) >= 0 {
				t.Errorf("upgraded: %+v", x)
			}
			back, err := m.Compare(to, from)
			if err != nil || len(back.Downgraded) != 1 || back.AddedBytes != d.RemovedBytes {
				t.Errorf("the other way round: %+v, %v", back, err)
			}
		}
	})
}

func TestRollback(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u, j := twoKept(t, f, "*")
		j.Grace = 0
		m := over(t, j)
		served := lastModified(t, j)
		made := publishedRecord(t, j, "m").Repositories[0].Made
		shown, err := m.Rollback(t.Context(), "")
		if err != nil || !shown.Changed {
			t.Fatalf("%+v, %v", shown, err)
		}
		if got := held(t, j); strings.Join(got, " ") != "a b c d" {
			t.Error("after going back it holds", got)
		}
		if found := verifyFound(t, f, filepath.Join(j.Store.Destination(), "m"), j.Mirror.Sign.Verifier, verify.Closure); len(found) > 0 {
			t.Error(found)
		}
		record := publishedRecord(t, j, "m")
		if now := record.Repositories[0].Made; !now.After(made) {
			t.Errorf("the root is of %s, the one before of %s", now, made)
		}
		for path, content := range lastModified(t, j) {
			if old, there := served[path]; there && old.content != content.content && content.modified <= old.modified {
				t.Errorf("%s has other content and is not later", path)
			}
		}
		// It stays there, even checked, until upstream shows something newer.
		j.Check = mirror.CheckDigest
		if r := run(t, j); r.Changed {
			t.Error("a run without anything new left the generation that was gone back to")
		}
		j.Check = mirror.CheckChanged
		u.AddText("g\n")
		u.SetDate(time.Now())
		u.Publish(u.dir)
		if r := run(t, j); !r.Changed {
			t.Error("upstream's news did not arrive")
		}
		if got := held(t, j); strings.Join(got, " ") != "a b c e g" {
			t.Error("after the next sync it holds", got)
		}
	})
}

func publishedRecord(t *testing.T, j *mirror.Job, name string) *store.Record {
	t.Helper()
	r, err := j.Store.Published(name)
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	return r
}

type servedFile struct {
	content  string
	modified int64
}

func lastModified(t *testing.T, j *mirror.Job) map[string]servedFile {
	t.Helper()
	out := map[string]servedFile{}
	for path, content := range readTree(t, j) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		out[path] = servedFile{content, info.ModTime().Unix()}
	}
	return out
}

func TestRollbackOfUpstreamsSignatureIsRefused(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u, j := twoKept(t, f)
		before := readTree(t, j)
		if _, err := over(t, j).Rollback(t.Context(), ""); !errors.Is(err, generations.ErrForeign) {
			t.Error(err)
		}
		if d := cmp.Diff(before, readTree(t, j)); d != "" {
			t.Error("the refused rollback changed the tree:", d)
		}
		// With a key of ours it is possible.
		m := over(t, j)
		m.Sign = newSigning(t)
		if _, err := m.Rollback(t.Context(), "~1"); err != nil {
			t.Fatal(err)
		}
		if found := verifyFound(t, f, filepath.Join(j.Store.Destination(), "m"), m.Sign.Verifier, verify.Signature); len(found) > 0 {
			t.Error(found)
		}
		if r := run(t, j); r.Changed {
			t.Error("the next run left it")
		}
		u.SetDate(time.Now().Add(time.Second))
		u.change("c", "3.0")
		j.Now = func() time.Time { return time.Now().Add(time.Minute) }
		run(t, j)
		wantUpstream(t, u, j)
	})
}

func TestSnapshotIsByteForByte(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		for _, seeds := range [][]string{nil, {"*"}} {
			_, j := twoKept(t, f, seeds...)
			m := over(t, j)
			k, err := m.Find("current")
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Snapshot(t.Context(), k); err != nil {
				t.Fatal(err)
			}
			top := filepath.Join(j.Store.Destination(), "m")
			snapshot := filepath.Join(j.Store.Destination(), k.SnapshotDir())
			manifest, err := j.Store.Manifest("m", k.Repositories[0])
			if err != nil {
				t.Fatal(err)
			}
			for file := range manifest.All {
				a, err := os.Stat(filepath.Join(top, file.Path))
				if err != nil {
					t.Fatal(err)
				}
				b, err := os.Stat(filepath.Join(snapshot, file.Path))
				if err != nil || !os.SameFile(a, b) {
					t.Errorf("%s: %v", file.Path, err)
				}
			}
		}
	})
}

func TestPromote(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		_, j := twoKept(t, f, "*")
		m := over(t, j)
		m.Grace = 0
		channel := func(name string) string { return filepath.Join(j.Store.Destination(), "m/channels", name) }
		promote := func(generation, to string) *generations.Shown {
			t.Helper()
			all, err := generations.Promote(t.Context(), []*generations.Mirror{m}, generation, to)
			if err != nil {
				t.Fatal(err)
			}
			return all[0]
		}
		shows := func(name string, packages ...string) {
			t.Helper()
			got := map[string]bool{}
			for _, p := range holdsIn(t, f, channel(name), j.Mirror.Sign.Verifier) {
				got[p] = true
			}
			if d := cmp.Diff(packages, slices.Sorted(maps.Keys(got))); d != "" {
				t.Errorf("channel %s: %s", name, d)
			}
		}
		first, err := m.Find("~1")
		if err != nil {
			t.Fatal(err)
		}
		promote("~1", "testing")
		shows("testing", "a 1.0", "b 1.0", "c 1.0", "d 1.0")
		if x := promote("testing", "stable"); x.Generation != first.ID {
			t.Errorf("%+v", x)
		}
		promote("current", "testing")
		shows("testing", "a 1.0", "b 1.0", "c 2.0", "e 1.0")
		shows("stable", "a 1.0", "b 1.0", "c 1.0", "d 1.0")
		before := publishedRecord(t, j, "m@testing").Repositories[0].Made
		promote("stable", "testing") // back
		shows("testing", "a 1.0", "b 1.0", "c 1.0", "d 1.0")
		if now := publishedRecord(t, j, "m@testing").Repositories[0].Made; !now.After(before) {
			t.Errorf("the channel went back with a root of %s behind one of %s", now, before)
		}
		if x := promote("stable", "testing"); x.Changed {
			t.Error("nothing was to be changed")
		}
		if err := j.Store.DropGenerations("m", store.Retention{Generations: 1}, time.Now()); err != nil {
			t.Fatal(err)
		}
		if all, err := m.List(); err != nil || len(all) != 2 || strings.Join(all[0].Channels, " ") != "stable testing" || all[0].Snapshot == "" {
			t.Errorf("what a channel shows is kept: %+v, %v", all, err)
		}
	})
}

// holdsIn are the packages that a tree of one repository lists, with their versions.
func holdsIn(t *testing.T, f repo.Format, dir string, keys repo.Verifier) (out []string) {
	t.Helper()
	if found := verifyFound(t, f, dir, keys, verify.Closure); len(found) > 0 {
		t.Error(found)
	}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			if name, version, ok := f.FileName(filepath.Base(path)); ok {
				out = append(out, name+" "+strings.TrimSuffix(version, "-1"))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPromoteAllOrNone wants no channel to move where one of several cannot.
func TestPromoteAllOrNone(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		_, j := twoKept(t, f, "*")
		m := over(t, j)
		other := *m
		other.Name = "other"
		if _, err := generations.Promote(t.Context(), []*generations.Mirror{m, &other}, "current", "stable"); !errors.Is(err, generations.ErrUnknown) {
			t.Error(err)
		}
		if r, err := j.Store.Published("m@stable"); err != nil || r != nil {
			t.Error("one of them was promoted:", r, err)
		}
	})
}

func TestRollbackKeepsValidity(t *testing.T) {
	t.Parallel()
	f := formats[0] // what expires is deb's
	_, j := twoKept(t, f, "*")
	j.Mirror.ValidFor = 48 * time.Hour
	run(t, j) // another configuration: a third generation, which expires
	m := over(t, j)
	if _, err := m.Rollback(t.Context(), "~1"); err != nil {
		t.Fatal(err)
	}
	if left := time.Until(publishedRecord(t, j, "m").Repositories[0].ValidUntil); left < 47*time.Hour {
		t.Error("what was gone back to is valid for", left)
	}
	// A snapshot and a channel, which nobody renews, are valid for ever.
	if _, err := generations.Promote(t.Context(), []*generations.Mirror{m}, "current", "stable"); err != nil {
		t.Fatal(err)
	}
	k, err := m.Find("current")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{k.SnapshotDir(), k.ChannelDir("stable")} {
		content, err := os.ReadFile(filepath.Join(j.Store.Destination(), dir, "dists/stable/Release"))
		if err != nil || strings.Contains(string(content), "Valid-Until") || !strings.Contains(string(content), "\nDate: ") {
			t.Errorf("%s: %v\n%s", dir, err, content)
		}
		if found := verifyFound(t, f, filepath.Join(j.Store.Destination(), dir), j.Mirror.Sign.Verifier, verify.Closure); len(found) > 0 {
			t.Error(found)
		}
	}
}

// TestCollectSpares an interrupted run: what it fetched is there when it goes on.
func TestCollectSparesAnInterruptedRun(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u, second := twoGenerations(t, f)
		j := newJob(t, u.source(t, "s"))
		j.Fetcher = oneAtATime(t)
		run(t, j)
		second()
		u.server.Strike(u.File("e")+"$", repotest.NotFound())
		if _, err := mirror.Run(context.Background(), j); err == nil {
			t.Fatal("the run was to fail")
		}
		_, err := j.Store.Collect(t.Context(), store.Collection{Now: time.Now(), Force: true})
		if err != nil {
			t.Fatal(err)
		}
		u.server.Heal()
		fetchedBefore := count(u.server.Requests(allPackages))
		run(t, j)
		wantUpstream(t, u, j)
		for path, n := range count(u.server.Requests(allPackages)) {
			if fetchedBefore[path] > 0 && n > fetchedBefore[path] {
				t.Errorf("%s was fetched again", path)
			}
		}
	})
}
