package history_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

// cluster is the PostgreSQL that all tests share; each has a schema of its own.
var cluster postgres

func TestMain(m *testing.M) {
	if work := os.Getenv(childEnvironment); work != "" {
		os.Exit(child(work))
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err := cluster.remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
		os.Exit(code)
	}))
}

// backends runs a test on both databases. Fresh gives the address of an empty one.
func backends(t *testing.T, test func(t *testing.T, fresh func() string)) {
	t.Run("SQLite", func(t *testing.T) {
		test(t, func() string { return filepath.Join(t.TempDir(), history.File) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		cluster.start(t)
		test(t, func() string { return cluster.schema(t) })
	})
}

// postgres is a cluster in a temporary directory that answers on a socket in it.
type postgres struct {
	mu      sync.Mutex
	dir     string
	server  *exec.Cmd
	signals io.WriteCloser // takes the name of the signal that ends the server
	schemas int
}

// start starts it, and makes it where it is not there yet. It runs as an unprivileged
// user: initdb refuses root.
func (p *postgres) start(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		return
	}
	initdb, err := postgresProgram("initdb")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if p.dir == "" {
		if err := p.make(initdb); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	// The shell ends the server when these tests end, however they do.
	server := p.command("/bin/sh", "-c", `"$@" & read -r signal; kill -"${signal:-INT}" $!; wait $!`, "sh",
		filepath.Join(filepath.Dir(initdb), "postgres"), "-D", filepath.Join(p.dir, "data"), "-k", p.dir,
		"-c", "listen_addresses=", "-c", "max_connections=200", "-c", "fsync=off", "-c", "full_page_writes=off")
	server.Stdout, server.Stderr = log, log
	if p.signals, err = server.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	p.server = server
	deadline := time.Now().Add(time.Minute)
	for {
		c, err := pgx.Connect(context.Background(), p.address("public"))
		if err == nil {
			_ = c.Close(context.Background())
			return
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("PostgreSQL does not answer: %v\n%s", err, text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (p *postgres) make(initdb string) error {
	dir, err := os.MkdirTemp("", "history")
	if err != nil {
		return err
	}
	p.dir = dir
	if uid, gid, ok := unprivileged(); ok {
		if err := os.Chown(dir, uid, gid); err != nil {
			return err
		}
	}
	out, err := p.command(initdb, "-D", filepath.Join(dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (p *postgres) command(program string, arguments ...string) *exec.Cmd {
	c := exec.Command(program, arguments...)
	c.Dir = p.dir
	if uid, gid, ok := unprivileged(); ok {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	return c
}

// unprivileged is the user that the package made, where the tests run as root.
func unprivileged() (uid, gid int, ok bool) {
	if os.Getuid() != 0 {
		return 0, 0, false
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, false
	}
	uid, _ = strconv.Atoi(u.Uid)
	gid, _ = strconv.Atoi(u.Gid)
	return uid, gid, true
}

// postgresProgram finds a program that Debian keeps out of the PATH.
func postgresProgram(name string) (string, error) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		return found[len(found)-1], nil
	}
	return exec.LookPath(name)
}

func (p *postgres) address(schema string) string {
	return "postgres://postgres@/postgres?host=" + p.dir + "&search_path=" + schema
}

// schema makes an empty schema.
func (p *postgres) schema(t testing.TB) string {
	t.Helper()
	p.mu.Lock()
	p.schemas++
	name := fmt.Sprintf("history%d", p.schemas)
	p.mu.Unlock()
	c, err := pgx.Connect(context.Background(), p.address("public"))
	must(t, err)
	defer c.Close(context.Background())
	_, err = c.Exec(context.Background(), "CREATE SCHEMA "+name)
	must(t, err)
	return p.address(name)
}

// stop ends the server: by QUIT as a crash does, by INT in good order.
func (p *postgres) stop(signal string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil {
		return nil
	}
	if _, err := fmt.Fprintln(p.signals, signal); err != nil {
		return err
	}
	err := p.server.Wait()
	p.server = nil
	if e := new(exec.ExitError); errors.As(err, &e) {
		err = nil // it says so after a crash
	}
	return err
}

func (p *postgres) remove() error {
	if err := p.stop("INT"); err != nil {
		return err
	}
	return os.RemoveAll(p.dir)
}

// clock is a time that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

func open(t testing.TB, address string, settings history.Settings) *history.Store {
	t.Helper()
	s, err := history.Open(context.Background(), address, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must(t interface {
	Fatal(...any)
	Helper()
}, err error,
) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
