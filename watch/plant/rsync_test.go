package plant_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
)

// origin is a tree of this machine, with directories that rsync sorts around ours.
func origin(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pub")
	noise := make([]byte, 1<<20) // nothing makes it smaller on the way
	_, _ = rand.Read(noise)
	for _, name := range []string{".hidden/f", "!a", "#b", "+c", "README", "Zoo/f", "a/f", "repodata/repomd.xml", "zz/f", "zz/~tail", "~backup"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, noise, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// marks are those of a copy; a missing one is zero.
func marks(t *testing.T, dir string) (begin, end plant.Mark) {
	t.Helper()
	names := plant.NamesOf(".timestamp")
	for name, m := range map[string]*plant.Mark{names.Begin: &begin, names.End: &end} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		if *m, err = plant.ParseMark(b); err != nil {
			t.Fatal(err)
		}
	}
	return begin, end
}

// rsync copies the begin mark before all other files and the end mark after them,
// whether it lists directories one by one or all at first.
func TestRsyncOrder(t *testing.T) {
	rsync := need(t, "rsync")
	dir := origin(t)
	p := planter(t, plant.Target{Path: dir}, plant.Options{})
	plants(t, p, []string{"."}, moment)
	for _, option := range []string{"--inc-recursive", "--no-inc-recursive"} {
		out, err := exec.Command(rsync, "-a", option, "--out-format=%n", dir+"/", t.TempDir()+"/").Output()
		if err != nil {
			t.Fatalf("rsync: %v", err)
		}
		files := slices.DeleteFunc(strings.Fields(string(out)), func(name string) bool { return strings.HasSuffix(name, "/") })
		if len(files) < 15 || files[0] != "!.timestamp.begin" || files[len(files)-1] != "~.timestamp/.timestamp.end" {
			t.Errorf("rsync %s copies in the order %q", option, files)
		}
	}
}

// While a mirror copies, its marks say so; when it is done, they say that all of it is
// as new as the begin mark, though more was planted meanwhile. A copy that broke off
// says so until the next one.
func TestRsyncWhilePlanting(t *testing.T) {
	daemon := need(t, "rsync")
	dir := origin(t)
	p := planter(t, plant.Target{Path: dir}, plant.Options{})
	mirror := t.TempDir()
	r := newRelay(t, rsyncDaemon(t, daemon, dir))
	copying := func() *exec.Cmd {
		c := exec.Command(daemon, "-a", "--timeout=60", fmt.Sprintf("rsync://127.0.0.1:%d/pub/", r.port()), mirror+"/")
		c.Stderr = &bytes.Buffer{}
		return c
	}
	plantsAt := func(minute int) plant.Report {
		now := moment.Add(time.Duration(minute) * time.Minute)
		report := plants(t, p, []string{"."}, now)
		// rsync looks at whole seconds, and this test does not wait for them.
		names := plant.NamesOf(".timestamp")
		for _, name := range []string{names.Begin, names.Statement, names.Stamp, names.End} {
			if err := os.Chtimes(filepath.Join(dir, name), now, now); err != nil {
				t.Fatal(err)
			}
		}
		return report
	}
	plantsAt(0)
	if err := copying().Run(); err != nil {
		t.Fatalf("rsync: %v", err)
	}
	if begin, end := marks(t, mirror); plant.Syncing(begin, end) || begin != end {
		t.Fatalf("after the first copy the marks are %v and %v", begin, end)
	}

	// Everything changes, and a copy stops half way: its first bytes have the begin mark.
	change(t, dir, 1)
	second := plantsAt(1)
	gate := r.hold(200 << 10)
	c := copying()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for begin, _ := marks(t, mirror); begin.Sequence != second.Sequence; begin, _ = marks(t, mirror) {
		select {
		case <-t.Context().Done():
			t.Fatal("the begin mark is not copied")
		case <-time.After(10 * time.Millisecond):
		}
	}
	third := plantsAt(2)
	if begin, end := marks(t, mirror); !plant.Syncing(begin, end) || begin.Time() != moment.Add(time.Minute).UTC() {
		t.Errorf("in the middle of a copy the marks are %v and %v", begin, end)
	}
	close(gate)
	if err := c.Wait(); err != nil {
		t.Fatalf("rsync: %v: %s", err, c.Stderr)
	}
	begin, end := marks(t, mirror)
	if plant.Syncing(begin, end) || begin.Sequence != second.Sequence || end.Sequence != third.Sequence {
		t.Errorf("after the copy the marks are %v and %v", begin, end)
	}

	// A copy breaks off.
	change(t, dir, 3)
	plantsAt(3)
	r.limit(-1, 3<<20)
	if err := copying().Run(); err == nil {
		t.Fatal("rsync did not notice that it was cut")
	}
	if begin, end := marks(t, mirror); !plant.Syncing(begin, end) {
		t.Errorf("after a copy broke off the marks are %v and %v", begin, end)
	}
	if err := copying().Run(); err != nil {
		t.Fatalf("rsync: %v", err)
	}
	if begin, end := marks(t, mirror); plant.Syncing(begin, end) {
		t.Errorf("after a whole copy the marks are %v and %v", begin, end)
	}
}

// change gives all files of the origin new content.
func change(t *testing.T, dir string, minute int) {
	t.Helper()
	noise := make([]byte, 1<<20)
	_, _ = rand.Read(noise)
	for _, name := range []string{"README", "Zoo/f", "a/f", "repodata/repomd.xml", "zz/f"} {
		file, at := filepath.Join(dir, name), moment.Add(time.Duration(minute)*time.Minute)
		if err := errors.Join(os.WriteFile(file, noise, 0o644), os.Chtimes(file, at, at)); err != nil {
			t.Fatal(err)
		}
	}
}

// rsyncDaemon serves a directory as the module pub, and returns its address.
func rsyncDaemon(t *testing.T, rsync, dir string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().(*net.TCPAddr)
	l.Close()
	file := filepath.Join(t.TempDir(), "rsyncd.conf")
	text := fmt.Sprintf("use chroot = no\nuid = %d\ngid = %d\nreverse lookup = no\n[pub]\npath = %s\nread only = yes\n", os.Getuid(), os.Getgid(), dir)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(rsync, "--daemon", "--no-detach", "--config="+file, "--address=127.0.0.1", fmt.Sprintf("--port=%d", address.Port))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address.String()); err == nil {
			conn.Close()
			return address.String()
		}
		if time.Now().After(deadline) {
			t.Fatal("the rsync daemon does not listen")
		}
	}
}
