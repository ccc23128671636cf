package probe_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/probe"
)

// serveRsync runs rsync(1) as a server of a directory, as module "pub", at an address.
func serveRsync(t *testing.T, dir, address string) (port int) {
	t.Helper()
	program, err := exec.LookPath("rsync")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("rsync is not installed; scripts/install-tools.sh test installs it")
	}
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		t.Skip("no such address here:", err)
	}
	port = listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	work := t.TempDir()
	config := filepath.Join(work, "rsyncd.conf")
	owner := ""
	if os.Getuid() == 0 {
		owner = "uid = 0\ngid = 0\n"
	}
	write(t, config, fmt.Appendf(nil, "use chroot = no\n%s[pub]\npath = %s\nread only = yes\n", owner, dir))
	command := exec.Command(program, "--daemon", "--no-detach", "--config", config, "--address", "127.0.0.1", "--port", fmt.Sprint(port), "--log-file", filepath.Join(work, "log"))
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	for deadline := time.Now().Add(20 * time.Second); ; {
		c, err := net.Dial("tcp4", fmt.Sprint("127.0.0.1:", port))
		if err == nil {
			c.Close()
			return port
		}
		if time.Now().After(deadline) {
			t.Fatal("rsync does not answer:", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestRsyncEndpoint: a site is looked at by rsync alone: its root, and its files by
// listings.
func TestRsyncEndpoint(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		w := newWorld(t, f, 3)
		s := w.site(2)
		os.Remove(s.file(w.File("comes")))
		os.Truncate(s.file(w.File("stays")), 100)
		target := w.target(fmt.Sprintf("rsync://127.0.0.1:%d/pub", serveRsync(t, s.dir, "127.0.0.1:0")))
		target.Endpoint.Scheme = "rsync"
		tasks := append([]watch.Task{w.rootTask()}, w.tasks(2, watch.LevelIndexes, watch.LevelDelta, watch.LevelSample, watch.LevelSweep)...)
		o := w.prober().Look(t.Context(), target, tasks, watch.Known{})
		if o.Fault != "" || len(o.Roots) != 1 || o.Roots[0].Digest != w.roots[2] || o.Roots[0].Moved {
			t.Fatalf("%+v", o)
		}
		want := []string{
			"delta missing " + w.File("comes"),
			"sample missing " + w.File("comes"), "sample wrong-size " + w.File("stays"),
			"sweep missing " + w.File("comes"), "sweep wrong-size " + w.File("stays"),
		}
		slices.Sort(want)
		if got := bad(o); !slices.Equal(got, want) {
			t.Errorf("%q, expected %q", got, want)
		}
		if o.Requests != 6 || o.Bytes < 1000 {
			t.Errorf("%d requests (the root twice, and a listing a level), %d bytes", o.Requests, o.Bytes)
		}
		os.RemoveAll(filepath.Join(s.dir, filepath.Dir(w.Root())))
		if o = w.prober().Look(t.Context(), target, []watch.Task{w.rootTask()}, watch.Known{}); o.Fault != "" || o.Roots[0].Fault != watch.FaultMissing {
			t.Errorf("without a root: %+v", o)
		}
		target.Site.URL = strings.Replace(target.Site.URL, "/pub", "/none", 1)
		if o = w.prober().Look(t.Context(), target, []watch.Task{w.rootTask()}, watch.Known{}); o.Fault != watch.FaultUnreachable || !strings.Contains(o.Detail, "none") {
			t.Errorf("without the module: %+v", o)
		}
		o = probe.New(probe.Options{}).Look(t.Context(), target, []watch.Task{w.rootTask()}, watch.Known{})
		if o.Fault != watch.FaultUnreachable || !strings.Contains(o.Detail, "no public address") {
			t.Errorf("at an address that is not public: %+v", o)
		}
	})
}

// TestSweepByListing: where a site offers rsync, a sweep is one listing; where it does not
// after all, its files are asked for one by one.
func TestSweepByListing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, formats[0], 3)
	s := w.site(2)
	os.Remove(s.file(w.File("comes")))
	serveRsync(t, filepath.Dir(s.dir), "127.0.0.1:873") // the port that is usual
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	for path, listed := range map[string]bool{
		"/pub/" + filepath.Base(s.dir): true, // the module is the directory above
		"/elsewhere":                   false,
	} {
		target := w.target("http://" + u.Host + path)
		target.Site.Schemes = []string{"rsync"}
		s.Heal()
		s.Strike(".", stripPath(path))
		s.Reset()
		o := w.prober().Look(t.Context(), target, w.tasks(2, watch.LevelSweep), watch.Known{})
		if got := bad(o); !slices.Equal(got, []string{"sweep missing " + w.File("comes")}) {
			t.Errorf("%s: %q", path, got)
		}
		if check := o.Roots[0].Checks[0]; check.Checked != check.Of || check.Last != "" {
			t.Errorf("%s: %+v", path, check)
		}
		if files := len(s.Requests(`\.deb`)); listed != (files == 0) {
			t.Errorf("%s: %d requests for packages", path, files)
		}
	}
}
