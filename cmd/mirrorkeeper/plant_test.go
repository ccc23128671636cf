package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdtest"
)

// withEnv runs a command line with an environment.
func withEnv(env map[string]string, args ...string) result {
	var out, errs strings.Builder
	code := run(args, &out, &errs, func(name string) (string, bool) { v, set := env[name]; return v, set })
	return result{code, out.String(), errs.String()}
}

// planted is the JSON of the command.
type planted struct {
	Plant []struct {
		Repository, To, Error, Hint string
		Epoch, Sequence             int64
		Directories                 []struct {
			Directory, Error string
			Planted          bool
		}
	}
}

func TestPlantFromConfiguration(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"pub/a", "pub/b", "other"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	config := write(t, filepath.Join(dir, "mirrorkeeper.yaml"), fmt.Sprintf(`
state: %[1]s/state
watch:
  repositories:
    pub: {directories: [a, b, c]}
    other: {directories: ., stamp: stamp.txt}
  plant:
    - {to: "file://%[1]s/pub", repository: pub}
    - {to: "file://%[1]s/other", repository: other, marks: false}
`, dir))
	r := mirrorkeeper("plant", "--config", config, "--output", "json")
	var p planted
	if err := json.Unmarshal([]byte(r.out), &p); r.code != exitIncomplete || err != nil || len(p.Plant) != 2 {
		t.Fatalf("exit code %d, %v: %s%s", r.code, err, r.out, r.errs)
	}
	first := p.Plant[0]
	if d := first.Directories; first.Repository != "pub" || !d[0].Planted || !d[1].Planted || d[2].Planted || !strings.Contains(d[2].Error, "no such file") {
		t.Errorf("the report is %+v", first)
	}
	stamp, err := os.ReadFile(filepath.Join(dir, "other", "stamp.txt"))
	if err != nil || string(stamp) != fmt.Sprintln(p.Plant[1].Epoch) {
		t.Errorf("the stamp is %q, %v", stamp, err)
	}
	r = mirrorkeeper("plant", "other", "--config", config)
	if r.code != 0 || !strings.Contains(r.out, "planted in 1 of 1 directories") || strings.Contains(r.out, "pub") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.errs)
	}
	if r = mirrorkeeper("plant", "others", "--config", config); r.code != exitUsage || !strings.Contains(r.errs, "watch.plant has no place for others") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.errs)
	}
}

// A password comes from the environment and is never shown; an unknown host is told
// with the line that makes it known.
func TestPlantByPassword(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{Config: []string{"AuthenticationMethods password"}})
	env := map[string]string{"HOME": t.TempDir(), "ORIGIN_PASSWORD": sshdtest.Password}
	args := []string{
		"plant", "--to", fmt.Sprintf("sftp://%s:${ORIGIN_PASSWORD}@127.0.0.1:%d%s", sshdtest.User, s.Port, s.Tree), "--directories", ".,missing",
	}
	r := withEnv(env, args...)
	_, line, found := strings.Cut(r.errs, "add this line to "+env["HOME"]+"/.ssh/known_hosts:\n")
	if r.code != exitFailed || !found || !strings.Contains(r.errs, "error: sftp://"+sshdtest.User+"@127.0.0.1") || strings.Contains(r.errs, sshdtest.Password) {
		t.Fatalf("exit code %d: %s%s", r.code, r.out, r.errs)
	}
	write(t, filepath.Join(env["HOME"], ".ssh", "known_hosts"), line)
	r = withEnv(env, args...)
	if r.code != exitIncomplete || !strings.Contains(r.out, "missing: the directory is not there") || !strings.Contains(r.out, "planted in 1 of 2 directories") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.errs)
	}
	if r = withEnv(env, append(args, "--output", "json")...); r.code != exitIncomplete || strings.Contains(r.out+r.errs, sshdtest.Password) {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.errs)
	}
	delete(env, "ORIGIN_PASSWORD")
	if r = withEnv(env, args...); r.code != exitUsage || !strings.Contains(r.errs, "ORIGIN_PASSWORD is not set") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.errs)
	}
}

func TestPlantByFlags(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	address := fmt.Sprintf("sftp://%s@127.0.0.1:%d/~", sshdtest.User, s.Port)
	r := withEnv(map[string]string{"HOME": t.TempDir()}, "plant", "--to", address, "--directories", ".", "--stamp", "stamp", "--no-marks",
		"--identity", s.Key, "--known-hosts", s.KnownHosts, "--ssh-config", "/dev/null", "--timeout", "30s")
	stamp, err := os.ReadFile(filepath.Join(s.Tree, "stamp"))
	if r.code != 0 || err != nil || len(stamp) != 11 {
		t.Errorf("exit code %d, %q, %v: %s%s", r.code, stamp, err, r.out, r.errs)
	}
}

// A target that does not answer keeps no other one from being planted.
func TestPlantBesideSilence(t *testing.T) {
	dir := t.TempDir()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	config := write(t, filepath.Join(dir, "mirrorkeeper.yaml"), fmt.Sprintf(`
state: %[1]s/state
watch:
  repositories: {pub: {directories: .}}
  plant:
    - {to: "sftp://%[2]s/", repository: pub, timeout: 100ms, ssh-config: /dev/null}
    - {to: "file://%[1]s", repository: pub}
`, dir, silent.Addr()))
	before := time.Now().Unix()
	r := mirrorkeeper("plant", "--config", config)
	if r.code != exitIncomplete || !strings.Contains(r.errs, "no answer within 100ms") || !strings.Contains(r.out, "planted in 1 of 1 directories") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.errs)
	}
	stamp, err := os.ReadFile(filepath.Join(dir, ".timestamp"))
	if err != nil || string(stamp) < fmt.Sprintln(before) {
		t.Errorf("the stamp is %q, %v", stamp, err)
	}
}

func TestPlantMisused(t *testing.T) {
	config := write(t, filepath.Join(t.TempDir(), "mirrorkeeper.yaml"), "state: /s\nwatch: {repositories: {pub: {directories: a}}}\n")
	for want, args := range map[string][]string{
		"the configuration plants nothing":       {"--config", config},
		"--stamp goes with --to":                 {"--config", config, "--stamp", "x"},
		"--to needs --directories":               {"--to", "file:///srv"},
		"is an address of the wrong kind":        {"--to", "ftp://origin/", "--directories", "a"},
		"--to goes without a configuration":      {"--to", "file:///srv", "--directories", "a", "pub"},
		`"a/b" is no name of a stamp`:            {"--to", "file:///srv", "--directories", "a", "--stamp", "a/b"},
		"read the signing key: open /no/key.asc": {"--to", "file:///srv", "--directories", "a", "--key", "/no/key.asc"},
	} {
		r := mirrorkeeper(append([]string{"plant"}, args...)...)
		if r.code == 0 || r.code == exitIncomplete || !strings.Contains(r.errs, want) {
			t.Errorf("%v: exit code %d, expected %q: %s", args, r.code, want, r.errs)
		}
	}
}
