package plant_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdtest"
)

// Directories that fail do not stop the others, and each says why.
func TestFailingDirectories(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{Setup: []string{
		`mkdir "$TREE/full" "$TREE/readonly" "$TREE/others"`,
		`mount -t tmpfs -o size=4k,mode=777 none "$TREE/full"`,
		`dd if=/dev/zero of="$TREE/full/x" bs=4k count=1 2>/dev/null`,
		`mount -t tmpfs -o ro,mode=777 none "$TREE/readonly"`,
		`touch "$TREE/file"`,
	}})
	directories(t, s, "a", "b")
	p := planter(t, at(s), plant.Options{})
	for range 2 { // over one connection
		r := p.Plant(t.Context(), []string{"a", "full", "missing", "readonly", "others", "file", "../x", "b"}, moment)
		if r.Err != nil || r.Planted() != 2 {
			t.Fatalf("%d are planted: %v", r.Planted(), r.Err)
		}
		for i, want := range []string{"", "the file system is full", "the directory is not there", "the file system is read-only", "permission denied", "it is no directory", "leaves the repository", ""} {
			o := r.Directories[i]
			if (o.Err == nil) != (want == "") || o.Err != nil && !strings.Contains(o.Err.Error(), want) {
				t.Errorf("%s: %v, expected %q", o.Directory, o.Err, want)
			}
		}
		for _, d := range []string{"a", "b"} {
			holds(t, filepath.Join(s.Tree, d), moment.Unix(), r.Sequence)
		}
	}
	if n := strings.Count(s.Log(), "Accepted publickey"); n != 1 {
		t.Errorf("there were %d logins, expected one", n)
	}
}

// observer reads stamps all the time until it is stopped, and wants each to be one
// that was planted.
type observer struct {
	t       testing.TB
	stop    chan struct{}
	stopped sync.WaitGroup
	reads   atomic.Int64
	latest  atomic.Int64 // the highest that may be seen
}

func observe(t testing.TB, first time.Time, files ...string) *observer {
	o := &observer{t: t, stop: make(chan struct{})}
	o.latest.Store(first.Unix())
	for _, file := range files {
		o.stopped.Go(func() {
			for {
				select {
				case <-o.stop:
					return
				case <-time.After(100 * time.Microsecond): // others want to work, too
				}
				b, err := os.ReadFile(file)
				n, parseErr := strconv.ParseInt(strings.TrimSuffix(string(b), "\n"), 10, 64)
				if err != nil || parseErr != nil || len(b) != 11 || n < first.Unix() || n > o.latest.Load() {
					t.Errorf("%s holds %q, %v", file, b, err)
					return
				}
				o.reads.Add(1)
			}
		})
	}
	return o
}

func (o *observer) end() {
	close(o.stop)
	o.stopped.Wait()
	if o.reads.Load() == 0 {
		o.t.Error("nothing was observed")
	}
}

// Wherever the connection is cut, readers see the old stamp or the new one, the
// planting goes on over a new connection, and nothing unfinished stays for long.
func TestCutConnection(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	dirs := directories(t, s, "a", "b")
	r := newRelay(t, s.Address())
	target := at(s)
	target.Server.Port = r.port()
	target.Server.HostKeys = []string{string(ssh.MarshalAuthorizedKey(s.HostKeys[0]))}
	now := moment
	plants(t, planter(t, target, plant.Options{}), dirs, now)
	up, down := r.counts()
	o := observe(t, now, filepath.Join(s.Tree, "a", ".timestamp"), filepath.Join(s.Tree, "b", ".timestamp"))
	defer o.end()
	rounds := int64(6)
	if os.Getenv("PROVE") != "" {
		rounds = 60
	}
	for i := range 2 * rounds {
		now = now.Add(time.Second)
		o.latest.Store(now.Unix())
		if at := i/2 + 1; i%2 == 0 {
			r.limit(up*at/(rounds+1), -1)
		} else {
			r.limit(-1, down*at/(rounds+1))
		}
		p := planter(t, target, plant.Options{})
		report := p.Plant(t.Context(), dirs, now)
		if report.Err != nil { // the first connection was not even made
			if report.Planted() > 0 {
				t.Fatalf("planted, and failed: %+v", report)
			}
			p = planter(t, target, plant.Options{})
			report = plants(t, p, dirs, now)
		}
		for _, d := range dirs {
			holds(t, filepath.Join(s.Tree, d), now.Unix(), report.Sequence)
		}
		p.Close()
	}
}

// What a planter that was killed has left is removed after a while, and what another
// one is about to write is not.
func TestUnfinishedFiles(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	dirs := directories(t, s, "a")
	plants(t, planter(t, at(s), plant.Options{}), dirs, moment)
	workspace := filepath.Join(s.Tree, "a", "~.timestamp")
	file := func(name string, age time.Duration) string {
		file := filepath.Join(workspace, name)
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
		return file
	}
	old := file("..timestamp.new-0123456789abcdef", 2*time.Hour)
	young := file("..timestamp.new-0123456789abcdee", time.Minute)
	foreign := file("README", 2*time.Hour)
	plants(t, planter(t, at(s), plant.Options{}), dirs, moment)
	for file, stays := range map[string]bool{old: false, young: true, foreign: true} {
		if _, err := os.Stat(file); (err == nil) != stays {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A server whose processes are killed while a file is being written.
func TestKilledSessions(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	dirs := directories(t, s, "a", "b", "c")
	p := planter(t, at(s), plant.Options{})
	now := moment
	plants(t, p, dirs, now)
	var stamps []string
	for _, d := range dirs {
		stamps = append(stamps, filepath.Join(s.Tree, d, ".timestamp"))
	}
	o := observe(t, now, stamps...)
	defer o.end()
	killed := 0
	for range 8 {
		now = now.Add(time.Second)
		o.latest.Store(now.Unix())
		unfinished := filepath.Join(s.Tree, "b", "~.timestamp", ".*.new-*")
		for _, file := range glob(t, unfinished) { // of the planting before
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		stop := make(chan struct{})
		var killer sync.WaitGroup
		killer.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if len(glob(t, unfinished)) > 0 {
					s.Signal(t, syscall.SIGKILL)
					killed++
					return
				}
			}
		})
		r := plants(t, p, dirs, now)
		close(stop)
		killer.Wait()
		for _, d := range dirs {
			holds(t, filepath.Join(s.Tree, d), now.Unix(), r.Sequence)
		}
	}
	if killed == 0 {
		t.Error("no session was killed")
	}
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Error(err)
	}
	return found
}

// A server that stops answering is given up after the timeout, is left alone for a
// while, and planted at again when it answers.
func TestHangingServer(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	dirs := directories(t, s, "a")
	target := at(s)
	target.Server.Timeout = 5 * time.Second // what a login may take on a busy machine
	p := planter(t, target, plant.Options{Backoff: plant.Backoff{Base: time.Hour, Max: time.Hour}})
	plants(t, p, dirs, moment)
	s.Signal(t, syscall.SIGSTOP)
	// What is stopped is given up, and a new connection made: the listener still runs.
	plants(t, p, dirs, moment.Add(time.Minute))
	holds(t, filepath.Join(s.Tree, "a"), moment.Unix()+60, moment.Unix()+1)
	s.Signal(t, syscall.SIGCONT)

	// One that only takes connections.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	target.Server.Port, target.Server.Timeout = silent.Addr().(*net.TCPAddr).Port, 200*time.Millisecond
	p = planter(t, target, plant.Options{Backoff: plant.Backoff{Base: time.Hour, Max: time.Hour}})
	refused(t, p, "no answer within 200ms")
	err = refused(t, p, "not tried before", "no answer within 200ms")
	if w, ok := errors.AsType[*plant.WaitingError](err); !ok || time.Until(w.Until) < 20*time.Minute {
		t.Errorf("the back-off is %v", err)
	}
}

// A planting ends with its context, whatever the server does, and does not count as
// the server's failure.
func TestContextEnds(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	dirs := directories(t, s, "a")
	p := planter(t, at(s), plant.Options{})
	plants(t, p, dirs, moment)
	s.Signal(t, syscall.SIGSTOP)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if r := p.Plant(ctx, dirs, moment); !errors.Is(r.Err, context.Canceled) {
		t.Errorf("the planting ended with %v", r.Err)
	}
	s.Signal(t, syscall.SIGKILL)
	plants(t, p, dirs, moment)
}
