package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// stuck is a run of the program that hangs at a server that stalls.
type stuck struct {
	t    *testing.T
	wait func() error
	kill func(os.Signal) error
	err  *bytes.Buffer
}

// startStuck starts a run of sync and waits until n answers hang: what came before
// them has been dealt with then, as the run has n connections.
func startStuck(t *testing.T, k *keeper, server *repotest.Server, n int, hangs func(path string) bool) *stuck {
	t.Helper()
	reached := make(chan struct{}, 100)
	server.Strike(".", func(next http.Handler) http.Handler {
		stalled := repotest.Stall()(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !hangs(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			reached <- struct{}{}
			stalled.ServeHTTP(w, r)
		})
	})
	c := k.command(t.Context(), "sync")
	var output bytes.Buffer
	c.Stdout, c.Stderr = &output, &output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	s := &stuck{t: t, kill: c.Process.Signal, err: &output, wait: sync.OnceValue(c.Wait)}
	t.Cleanup(func() { _ = s.kill(syscall.SIGKILL); _ = s.wait() })
	for range n {
		select {
		case <-reached:
		case <-time.After(patience):
			t.Fatalf("the run does not come as far as expected\n%s", &output)
		}
	}
	return s
}

func (s *stuck) end(signal os.Signal) {
	s.t.Helper()
	if err := s.kill(signal); err != nil {
		s.t.Fatal(err)
	}
	if err := s.wait(); err == nil {
		s.t.Errorf("the run ended well\n%s", s.err)
	}
}

// afterPackages lets n packages pass, and makes the others hang.
func afterPackages(n int) func(path string) bool {
	var mu sync.Mutex
	passed := map[string]bool{}
	return func(path string) bool {
		mu.Lock()
		defer mu.Unlock()
		if ext := filepath.Ext(path); ext != ".deb" && ext != ".rpm" || passed[path] {
			return false
		}
		if len(passed) < n {
			passed[path] = true
			return false
		}
		return true
	}
}

func bigUpstream(t *testing.T) *upstream {
	u := newUpstream(t)
	for i := range 20 {
		u.Add(repotest.Package{Name: fmt.Sprintf("package%02d", i), Size: 300000})
	}
	u.publish()
	return u
}

func TestAKilledRunResumes(t *testing.T) {
	t.Parallel()
	u := bigUpstream(t)
	server := repotest.Serve(t, u.dir)
	k := newKeeper(t, "transfer: {connections: 4, per-host: 4}\n"+fullMirror(u.source("debian", server.URL)))
	startStuck(t, k, server, 4, afterPackages(10)).end(syscall.SIGKILL)
	if got := readTree(t, k.published()); len(got) > 0 && got["full/dists/stable/InRelease"] != "" {
		t.Error("the killed run published a root")
	}
	finished := map[string]bool{}
	for _, r := range server.Requests(allPackages) {
		if r.Bytes == fileSize(t, u.dir+r.Path) {
			finished[r.Path] = true
		}
	}
	if len(finished) != 10 {
		t.Errorf("%d packages were finished, expected 10", len(finished))
	}
	server.Heal()
	server.Reset()
	k.sync()
	for _, r := range server.Requests(".") {
		if finished[r.Path] {
			t.Errorf("%s was finished and fetched again", r.Path)
		}
	}
	wantSameTree(t, u.dir, k.published("full"), nil)
}

func TestAnInterruptedRunLeavesTheOldState(t *testing.T) {
	t.Parallel()
	u := bigUpstream(t)
	server := repotest.Serve(t, u.dir)
	k := newKeeper(t, fullMirror(u.source("debian", server.URL)))
	k.sync()
	u.Add(repotest.Package{Name: "package20", Size: 300000})
	u.publish()
	before := readTree(t, k.published("full"))
	run := startStuck(t, k, server, 1, afterPackages(0))
	run.end(os.Interrupt)
	for path, digest := range readTree(t, k.published("full")) {
		if before[path] != digest {
			t.Errorf("the interrupted run changed %s", path)
		}
	}
	server.Heal()
	k.sync()
	wantAllOf(t, u.dir, k.published("full"), nil)
}

func TestASecondRunAtTheSameTime(t *testing.T) {
	t.Parallel()
	u := bigUpstream(t)
	server := repotest.Serve(t, u.dir)
	k := newKeeper(t, fullMirror(u.source("debian", server.URL)))
	run := startStuck(t, k, server, 1, afterPackages(5))
	k.exits(contended, "sync").says("lock|another run")
	server.Heal()
	k.exits(done, "plan") // looking is free
	run.end(syscall.SIGKILL)
	k.sync() // the lock went with its process
	wantSameTree(t, u.dir, k.published("full"), nil)
}
