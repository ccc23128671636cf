package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// kept is the JSON of the command generations.
type kept struct {
	Mirrors []struct {
		Name        string
		Generations []struct {
			ID       string
			Current  bool
			Channels []string
			Snapshot string
			Step     struct{ Added, Removed, Changed int }
		}
	}
}

// TestAptGoesBack installs a version, goes back, and wants apt to offer the one before.
func TestAptGoesBack(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText("app 1.0 amd64\nother 1.0 amd64\n")
	u.publish()
	k := newKeeper(t, "sources:\n"+u.source("debian", "file://"+u.dir)+"mirrors:\n  part: {from: [debian], packages: [app], valid-for: 7d}\n")
	k.sync()
	server := serveNginx(t, k.published())
	a := newApt(t, debLine(k.published("part/key.gpg"), server.URL+"/part"))
	offers := func(version string) {
		t.Helper()
		a.update()
		if got := a.version("app"); got != version {
			t.Fatalf("apt offers version %q, expected %q", got, version)
		}
	}
	offers("1.0")
	u.Suite("stable").Remove("app")
	u.AddText("app 2.0 amd64\n")
	u.publish()
	k.sync()
	offers("2.0")

	k.exits(done, "rollback", "part")
	offers("1.0")
	a.simulates("app")
	k.sync() // upstream shows nothing newer
	offers("1.0")
	k.exits(done, "verify", k.published("part"), "--level", "closure")

	all := decode[kept](k.exits(done, "generations", "part", "--output", "json")).Mirrors[0].Generations
	if len(all) != 3 || !all[2].Current {
		t.Fatalf("generations: %+v", all)
	}
	if out := k.exits(done, "diff", "part", all[0].ID, all[1].ID).stdout; !strings.Contains(out, "> app 1.0 -> 2.0 amd64") {
		t.Errorf("diff says\n%s", out)
	}
	// Channels: testing gets the new one, stable follows, testing goes back.
	k.exits(done, "promote", "part", all[0].ID, "stable")
	a.sources(debLine(k.published("part/channels/stable/key.gpg"), server.URL+"/part/channels/stable"))
	offers("1.0")
	k.exits(done, "promote", "part", all[1].ID, "testing")
	offers("1.0")
	k.exits(done, "promote", "--all", "testing", "stable")
	offers("2.0")
	k.exits(done, "promote", "part", all[0].ID, "stable")
	offers("1.0")
	// The generation of its own address never changes.
	snapshot := "part/snapshots/" + all[1].ID
	a.sources(debLine(k.published(snapshot, "key.gpg"), server.URL+"/"+snapshot))
	offers("2.0")
	k.exits(done, "gc")
	offers("2.0")
}

// TestFullMirrorGoesBackAtItsOwnAddress wants the refusal to name the way out, and the way
// to work, also where upstream's root has expired.
func TestFullMirrorGoesBackAtItsOwnAddress(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText("app 1.0 amd64\n")
	s := u.Suite("stable")
	s.Date, s.ValidUntil = time.Now().Add(-2*time.Hour), time.Now().Add(-90*time.Minute)
	u.publish()
	k := newKeeper(t, fullMirror(u.source("debian", "file://"+u.dir, "check-valid-until: false")))
	k.sync()
	first := decode[kept](k.exits(done, "generations", "--output", "json")).Mirrors[0].Generations[0].ID
	s.Remove("app")
	u.AddText("app 2.0 amd64\n")
	s.Date, s.ValidUntil = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	u.publish()
	k.sync()
	k.exits(failed, "rollback", "full").says("upstream", "hint:.*snapshots/ID")
	k.exits(done, "generations", "full", "--keep", first)
	server := serveNginx(t, k.published())
	url := server.URL + "/full/snapshots/" + first
	a := newApt(t, "deb [signed-by="+u.key+" arch=amd64 check-valid-until=no] "+url+" stable main")
	a.update()
	if got := a.version("app"); got != "1.0" {
		t.Errorf("apt offers version %q of the snapshot", got)
	}
	if info, err := os.Lstat(filepath.Join(k.published("full/snapshots"), first)); err != nil || info.Mode().Perm() != 0o755 {
		t.Error(info, err)
	}
}

// TestDnfGoesBack is TestAptGoesBack for dnf.
func TestDnfGoesBack(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.AddText("app 1.0 x86_64\nother 1.0 x86_64\n")
	u.publish()
	k := newKeeper(t, "sources:\n"+u.source("el", "file://"+u.dir)+"mirrors:\n  part: {from: [el], packages: [app]}\n")
	k.sync()
	server := serveNginx(t, k.published())
	at := func(path string) *dnfRoot {
		return newDnf(t, dnfRepository("app", k.published(path, "key.asc"), server.URL+"/"+path))
	}
	d := at("part")
	offers := func(version string) {
		t.Helper()
		d.update()
		if got := d.version("app"); !strings.HasPrefix(got, version) {
			t.Fatalf("dnf offers version %q, expected %q", got, version)
		}
	}
	offers("1.0")
	u.Remove("app")
	u.AddText("app 2.0 x86_64\n")
	u.publish()
	k.sync()
	offers("2.0")
	k.exits(done, "rollback", "part")
	offers("1.0")
	k.sync()
	offers("1.0")
	all := decode[kept](k.exits(done, "generations", "part", "--output", "json")).Mirrors[0].Generations
	k.exits(done, "promote", "part", all[1].ID, "testing")
	k.exits(done, "promote", "part", all[0].ID, "stable")
	d = at("part/channels/stable")
	offers("1.0")
	k.exits(done, "promote", "part", "testing", "stable")
	offers("2.0")
	k.exits(done, "promote", "part", all[0].ID, "stable")
	offers("1.0")
	d = at("part/snapshots/" + all[1].ID)
	offers("2.0")
}
