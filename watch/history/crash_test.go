package history_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

// childEnvironment names the database that a child process of the tests writes to.
const childEnvironment = "HISTORY_TEST_CHILD"

// child writes to a database without end, and prints how many rounds are written.
func child(address string) int {
	ctx := context.Background()
	clock := newClock()
	s, err := history.Open(ctx, address, history.Settings{Now: clock.Now})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ledgers, err := s.Ledgers(ctx, root)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	n := len(ledgers[0].Generations)
	clock.add(time.Duration(n) * roundSpan)
	for ; ; n++ {
		round(s, n)
		if err := s.Flush(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if n%20 == 19 {
			if err := s.Upkeep(ctx); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		fmt.Println(n)
		clock.add(roundSpan)
	}
}

// roundSpan is the time between rounds: in a few hundred, hours and days end.
const roundSpan = 20 * time.Minute

// round is what happens in a round: at 50 sites.
func round(s *history.Store, n int) {
	at := newClock().Now().Add(time.Duration(n) * roundSpan)
	s.Published(root, published(n, at))
	for i := range 50 {
		o, k := looked(at, over4, generation(n))
		o.Site = fmt.Sprintf("https://mirror%d.example.net", i)
		v := inSync(at, over4)
		if n%2 == 1 {
			v = behind(at, time.Minute)
		}
		v.Site = o.Site
		s.Observed(o, k)
		s.Judged(with(v, map[string]repo.Digest{root: generation(n)}))
	}
}

// complete shows that a history has all of the first rounds, and what came of later ones
// only as a whole.
func complete(t *testing.T, s *history.Store, rounds int) {
	t.Helper()
	ctx := t.Context()
	begin := newClock().Now()
	ledgers, err := s.Ledgers(ctx, root)
	must(t, err)
	written := len(ledgers[0].Generations)
	if written < rounds {
		t.Fatalf("%d rounds are there, expected at least %d", written, rounds)
	}
	end := begin.Add(time.Duration(written) * roundSpan)
	for _, i := range []int{0, 17, 49} {
		key := watch.Key{Site: fmt.Sprintf("https://mirror%d.example.net", i), Repository: repository}
		looks, err := s.Looks(ctx, key, begin, end.Add(time.Hour), 1_000_000)
		must(t, err)
		states, err := s.States(ctx, key, begin, end.Add(time.Hour))
		must(t, err)
		held, err := s.Holdings(ctx, key, root, begin, end.Add(time.Hour))
		must(t, err)
		if len(looks) != written || len(states) != written || len(held) != written {
			t.Errorf("%s: %d looks, %d states, %d holdings, expected %d", key.Site, len(looks), len(states), len(held), written)
		}
		for j := range written - 1 {
			if !states[j].Until.Equal(states[j+1].Since) || !held[j].Until.Equal(held[j+1].Since) {
				t.Errorf("%s: round %d does not end where the next begins", key.Site, j)
			}
		}
	}
	known, err := s.Known(ctx)
	must(t, err)
	for key, k := range known {
		if k[0].Roots[0].Digest != generation(written-1) {
			t.Errorf("%s: known is another round than the last", key.Site)
		}
	}
	if len(known) != 50 {
		t.Errorf("%d sites are known", len(known))
	}
}

// TestKilled kills a process that writes, and shows that what it had written is there.
func TestKilled(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		address, reached := fresh(), -1
		for _, more := range []int{1, 50, 93} {
			target := reached + more
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), childEnvironment+"="+address)
			c.Stderr = os.Stderr
			out, err := c.StdoutPipe()
			must(t, err)
			must(t, c.Start())
			lines := bufio.NewScanner(out)
			for lines.Scan() {
				if reached, err = strconv.Atoi(lines.Text()); err != nil {
					t.Fatal(lines.Text())
				}
				if reached == target {
					must(t, c.Process.Kill())
				}
			}
			_ = c.Wait() // it was killed
			if reached < target {
				t.Fatalf("the child ended in round %d", reached)
			}
			s := open(t, address, history.Settings{})
			complete(t, s, reached+1)
			if !strings.HasPrefix(address, "postgres") {
				var answer string
				must(t, s.One(t.Context(), &answer, "PRAGMA integrity_check"))
				if answer != "ok" {
					t.Fatal(answer)
				}
			}
		}
	})
}

// TestServerCrash stops PostgreSQL while a store is open, and shows that what happens
// meanwhile is written when it is back.
func TestServerCrash(t *testing.T) {
	cluster.start(t)
	ctx := t.Context()
	s := open(t, cluster.schema(t), history.Settings{})
	round(s, 0)
	must(t, s.Flush(ctx))
	must(t, cluster.stop("QUIT"))
	for n := 1; n < 5; n++ {
		round(s, n)
		if err := s.Flush(ctx); err == nil {
			t.Fatal("it was written to no server")
		}
	}
	if h := s.Health(); h.Err == nil || h.Waiting == 0 || h.Dropped != 0 {
		t.Errorf("health: %+v", h)
	}
	cluster.start(t)
	must(t, s.Flush(ctx))
	if h := s.Health(); h.Err != nil || h.Waiting != 0 {
		t.Errorf("health: %+v", h)
	}
	complete(t, s, 5)
}

// TestWaiting shows that what cannot be written does not fill the memory.
func TestWaiting(t *testing.T) {
	s, err := history.Open(t.Context(), filepath.Join(t.TempDir(), history.File), history.Settings{Waiting: 100})
	must(t, err)
	must(t, s.Close())
	for n := range 20 {
		round(s, n)
		if err := s.Flush(t.Context()); err == nil {
			t.Fatal("it was written to a closed database")
		}
	}
	if h := s.Health(); h.Waiting > 3*100+50+20 || h.Dropped < 500 {
		t.Errorf("health: %+v", h)
	}
}

// TestDiskFull fills the disk of an SQLite file, and shows that nothing is lost when
// there is room again.
func TestDiskFull(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	mount := func(flags uintptr, size string) error { return unix.Mount("tmpfs", dir, "tmpfs", flags, "size="+size) }
	err := mount(0, "4m")
	mounted := err == nil
	if mounted {
		t.Cleanup(func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	} else if !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) {
		t.Fatal(err)
	}
	address := filepath.Join(dir, history.File)
	s := open(t, address, history.Settings{})
	if !mounted { // a bound of SQLite's own instead
		must(t, s.Limit(ctx, 200))
	}
	n := 0
	for ; ; n++ {
		round(s, n)
		if err = s.Flush(ctx); err != nil {
			break
		}
	}
	if !errors.Is(err, history.ErrFull) {
		t.Fatalf("round %d: %v", n, err)
	}
	t.Logf("it is full in round %d: %v", n, err)
	for range 3 { // and goes on being full
		n++
		round(s, n)
		if err := s.Flush(ctx); !errors.Is(err, history.ErrFull) {
			t.Fatal(err)
		}
	}
	if _, err := s.Verdicts(ctx, history.Selection{}); err != nil { // reading goes on
		t.Error(err)
	}
	if mounted {
		must(t, mount(unix.MS_REMOUNT, "64m"))
	} else {
		must(t, s.Limit(ctx, 1<<30))
	}
	must(t, s.Flush(ctx))
	complete(t, s, n+1)
	var answer string
	must(t, s.One(ctx, &answer, "PRAGMA integrity_check"))
	if h := s.Health(); answer != "ok" || h.Dropped != 0 {
		t.Error(answer, h)
	}
}
