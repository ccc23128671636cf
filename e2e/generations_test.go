package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
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

// TestClientConfig wants apt and dnf to use what is printed for them, and nothing else.
func TestClientConfig(t *testing.T) {
	t.Parallel()
	u, r := newUpstream(t), newRPM(t)
	u.AddText("app 1.0 amd64\n")
	u.publish()
	r.AddText("app 1.0 x86_64\n")
	r.publish()
	k := newKeeper(t, "sources:\n"+u.source("debian", "file://"+u.dir)+r.source("el", "file://"+r.dir)+
		"mirrors:\n  full: {from: [debian]}\n  part: {from: [debian], packages: [app]}\n  rpms: {from: [el], packages: [app]}\n  wholerpms: {from: [el]}\n")
	k.sync()
	k.exits(done, "promote", "part", "current", "stable")
	server := serveNginx(t, k.published())
	config := func(args ...string) string {
		t.Helper()
		return k.exits(done, append([]string{"client-config", "--url", server.URL}, args...)...).stdout
	}
	for _, args := range [][]string{{"full"}, {"part"}, {"part", "--channel", "stable"}} {
		a := newApt(t)
		write(t, filepath.Join(a.dir, "etc/apt/sources.list.d/mirror.sources"), config(append(args, "--format", "sources")...))
		a.update()
		if got := a.version("app"); got != "1.0" {
			t.Errorf("%v: apt offers %q", args, got)
		}
		key := filepath.Join(a.dir, "mirror.asc")
		a = newApt(t, config(append(args, "--format", "list", "--key-file", key)...))
		write(t, key, config(append(args, "--format", "key")...))
		a.update()
		if got := a.version("app"); got != "1.0" {
			t.Errorf("%v: apt offers %q by a line", args, got)
		}
	}
	for _, mirror := range []string{"rpms", "wholerpms"} {
		key := filepath.Join(tempDir(t), "key.asc")
		write(t, key, config(mirror, "--format", "key"))
		d := newDnf(t, config(mirror, "--format", "repo", "--key-file", key))
		d.update()
		if got := d.version("app"); !strings.HasPrefix(got, "1.0") {
			t.Errorf("%s: dnf offers %q", mirror, got)
		}
	}
	if text := config("part", "--format", "cloud-init"); !strings.HasPrefix(text, "#cloud-config\n") || !strings.Contains(text, "signed-by=$KEY_FILE") || !strings.Contains(text, "BEGIN PGP") {
		t.Error(text)
	}
	if text := config("rpms", "--format", "cloud-init"); !strings.Contains(text, "yum_repos:") || !strings.Contains(text, "repo_gpgcheck: true") {
		t.Error(text)
	}
}

// TestRepair damages what is published, and wants only that to be fetched.
func TestRepair(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText("app 1.0 amd64\nlib 1.0 amd64\nother 1.0 amd64\n")
	u.publish()
	server := repotest.Serve(t, u.dir)
	k := newKeeper(t, fullMirror(u.source("debian", server.URL)))
	k.sync()
	server.Reset()
	bad := k.published("full/pool/main/a/app/app_1.0_amd64.deb")
	write(t, bad, "damaged")
	if err := os.Remove(k.published("full/pool/main/l/lib/lib_1.0_amd64.deb")); err != nil {
		t.Fatal(err)
	}
	k.exits(findings, "verify", k.published("full"))
	k.exits(findings, "scrub")
	k.exits(done, "scrub")
	k.exits(done, "verify", k.published("full"), "--repair")
	k.exits(done, "verify", k.published("full"), "--level", "closure")
	if got := countRequests(server); len(got) != 1 || got["/pool/main/a/app/app_1.0_amd64.deb"] != 1 {
		t.Errorf("fetched were %v", got)
	}
}
