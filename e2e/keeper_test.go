package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The exit codes of the program.
const (
	done      = 0
	failed    = 1
	misused   = 2
	findings  = 3
	contended = 4
	changed   = 10
)

// patience is how long one run of the program may take before it counts as hung.
const patience = 2 * time.Minute

// keeper is an administrator with a configuration: mirrors are published below
// its directory "mirror".
type keeper struct {
	t   *testing.T
	dir string
	env []string // further variables of the environment
}

// newKeeper makes a keeper of a configuration without its destination.
func newKeeper(t *testing.T, config string) *keeper {
	t.Helper()
	k := &keeper{t: t, dir: tempDir(t)}
	k.configure(config)
	return k
}

func (k *keeper) configure(config string) {
	k.t.Helper()
	write(k.t, filepath.Join(k.dir, "mirrorkeeper.yaml"), "destination: mirror\n"+config)
}

// published is a path below the destination.
func (k *keeper) published(elem ...string) string {
	return filepath.Join(append([]string{k.dir, "mirror"}, elem...)...)
}

func (k *keeper) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, binary, args...)
	c.Dir, c.Env = k.dir, environment(k.dir, k.env...)
	return c
}

// result is what a run of the program left behind.
type result struct {
	t              *testing.T
	args           []string
	code           int
	stdout, stderr string
}

// run runs the program to its end.
func (k *keeper) run(args ...string) *result {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	defer cancel()
	r := finish(k.t, k.command(ctx, args...))
	if ctx.Err() != nil {
		k.t.Fatalf("mirrorkeeper %s: still running after %s\n%s", strings.Join(args, " "), patience, r.stderr)
	}
	return r
}

func finish(t *testing.T, c *exec.Cmd) *result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", c, err)
	}
	return &result{t, c.Args[1:], c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// exits runs the program and wants its exit code.
func (k *keeper) exits(code int, args ...string) *result {
	k.t.Helper()
	r := k.run(args...)
	if r.code != code {
		k.t.Fatalf("mirrorkeeper %s: exit code %d, expected %d\nstdout:\n%s\nstderr:\n%s", strings.Join(args, " "), r.code, code, r.stdout, r.stderr)
	}
	return r
}

// sync is a run that must succeed in full.
func (k *keeper) sync(args ...string) *result {
	k.t.Helper()
	return k.exits(done, append([]string{"sync"}, args...)...)
}

// says wants each pattern in what the program told people on standard error.
func (r *result) says(patterns ...string) {
	r.t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile("(?is)" + p).MatchString(r.stderr) {
			r.t.Errorf("mirrorkeeper %s: nothing about %q on standard error:\n%s", strings.Join(r.args, " "), p, r.stderr)
		}
	}
}

// decode reads the JSON of standard output.
func decode[T any](r *result) (v T) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil {
		r.t.Fatalf("mirrorkeeper %s: standard output is no JSON of the form: %v\n%s", strings.Join(r.args, " "), err, r.stdout)
	}
	return v
}

// plan is the JSON of the command of the name.
type plan struct {
	Mirrors []struct {
		Name       string
		Packages   []planned
		Unresolved []unresolved
		Add        int
		Remove     int
		Bytes      int64
	}
}

type planned struct {
	Name, Version, Architecture, Source, File, Reason string
	Size                                              int64
}

type unresolved struct {
	Requirement string
	WantedBy    string `json:"wanted_by"`
	Reason      string
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
