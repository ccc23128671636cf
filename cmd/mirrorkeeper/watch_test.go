package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdtest"
)

// logged is a text that is written to while it is read.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// runWatch runs the command until the test ends, and returns what tells what it has logged.
func runWatch(t *testing.T, env map[string]string, config string) func() string {
	t.Helper()
	var errs logged
	a := &app{Console: console.Console{Out: io.Discard, Err: &errs, Env: func(name string) (string, bool) { v, set := env[name]; return v, set }, Output: "text", Verbose: true}, config: config}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- (&watcher{app: a}).run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("watch ended with %v", err)
		}
		if t.Failed() {
			t.Log(errs.String())
		}
	})
	return errs.String
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come to this: %s", what)
		}
	}
}

// fetched is the body of an answer, "" where there is none.
func fetched(address string) string {
	r, err := http.Get(address)
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return string(b)
}

func anyPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// A deployment of mirrorchecker goes on with its files: timestamps are planted by SFTP,
// mirrors are asked for them, and the old paths answer as they did.
func TestWatchAsMirrorchecker(t *testing.T) {
	sshd := sshdtest.Start(t, sshdtest.Options{})
	for _, dir := range []string{"pub/a", "pub/b"} {
		if err := os.MkdirAll(filepath.Join(sshd.Tree, dir), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(sshd.Tree, dir), sshdtest.UserID, sshdtest.UserID); err != nil {
			t.Fatal(err)
		}
	}
	good := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(sshd.Tree, "pub")))) // a mirror that copies at once
	defer good.Close()
	old := strconv.FormatInt(time.Now().Add(-50*time.Hour).Unix(), 10)
	stale := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/b/") { // one directory stands still
			fmt.Fprintln(w, old)
			return
		}
		http.FileServer(http.Dir(filepath.Join(sshd.Tree, "pub"))).ServeHTTP(w, r)
	}))
	defer stale.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>200</html>") }))
	defer page.Close()

	home, port := t.TempDir(), anyPort(t)
	write(t, filepath.Join(home, "mirrors.txt"), fmt.Sprintf("url='%s',interval=0.3\nurl='%s/',interval=0.3\nurl='%s',interval=0.3\n", good.URL, stale.URL, page.URL))
	if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	known, err := os.ReadFile(sshd.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(home, ".ssh", "known_hosts"), string(known))
	config := write(t, filepath.Join(home, "mirrors.yaml"), fmt.Sprintf(`
http_host: 127.0.0.1
http_port: %d
backends:
  - name: resources
    remote_path: %s
    dirs: [a, b]
    stamp_interval: 0.5
    ssh_args: {hostname: 127.0.0.1, port: %d, username: %s, key_filename: %s, allow_agent: false}
    http_prefix: /mirrors
    yum_request: 'yum/mirrorlist-{version}'
    yum_response: 'rpm/{version}/'
    prometheus_metrics: /metrics
    mirrors_file: mirrors.txt
`, port, filepath.Join(sshd.Tree, "pub"), sshd.Port, sshdtest.User, sshd.Key))
	runWatch(t, map[string]string{"HOME": home, "STATE_DIRECTORY": filepath.Join(home, "state")}, config)

	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	name := func(url string) string { return strings.TrimPrefix(url, "http://") }
	seconds := func(url string) int {
		var answer map[string]int
		if json.Unmarshal([]byte(fetched(address+"/mirrors/"+name(url))), &answer) != nil {
			return -2
		}
		return answer[url]
	}
	eventually(t, "the good mirror has the planted timestamp", func() bool { n := seconds(good.URL); return n >= 0 && n < 60 })
	eventually(t, "the stale mirror is judged by its oldest directory", func() bool { return seconds(stale.URL) >= 50*3600 })
	if n := seconds(page.URL); n != -1 {
		t.Errorf("a page of HTML is a timestamp of %d seconds", n)
	}
	eventually(t, "the list has the good mirror alone", func() bool {
		return fetched(address+"/mirrors/yum/mirrorlist-4.4") == good.URL+"/rpm/4.4/\n"
	})
	if body := fetched(address + "/metrics"); !strings.Contains(body, `mirror_health_check{url="`+page.URL+`"} -1`) {
		t.Errorf("metrics:\n%s", body)
	}
	entries, err := os.ReadDir(filepath.Join(sshd.Tree, "pub", "a"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries { // one may be on its way
		if e.Name() != ".timestamp" && !strings.Contains(e.Name(), ".timestamp.new-") {
			t.Errorf("planted is more than the timestamp: %v", entries)
		}
	}
}

func TestWatchMisused(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ config, says string }{
		"no part":     {"destination: " + dir + "/m\nsources: {a: {type: rpm, url: https://a.example.org, trusted: true, architectures: x86_64}}\nmirrors: {m: {from: a}}\n", "no part watch"},
		"old, broken": {"backends:\n  - {name: a}\n", "has no dirs"},
	} {
		t.Run(name, func(t *testing.T) {
			config := write(t, filepath.Join(t.TempDir(), "c.yaml"), c.config)
			if r := mirrorkeeper("watch", "--config", config); r.code != exitUsage || !strings.Contains(r.errs, c.says) {
				t.Errorf("exit code %d: %s", r.code, r.errs)
			}
		})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	config := write(t, filepath.Join(dir, "busy.yaml"), fmt.Sprintf("state: %s/state\nwatch: {listen: %q, repositories: {p: {directories: a}}}\n", dir, l.Addr()))
	if r := mirrorkeeper("watch", "--config", config); r.code != exitFailed || !strings.Contains(r.errs, "address already in use") {
		t.Errorf("exit code %d: %s", r.code, r.errs)
	}
}

// Sites may have several repositories, each at its path below their URL.
func TestRepositoriesBelowSites(t *testing.T) {
	for name, c := range map[string]struct{ url, path, base, root, says string }{
		"at the URL": {url: "https://a.example.org/pub/app", base: "https://a.example.org/pub/app", root: ""},
		"below":      {url: "https://a.example.org/pub/app", path: "pub/app", base: "https://a.example.org", root: "pub/app"},
		"elsewhere":  {url: "https://a.example.org/app", path: "pub/app", says: "does not end in its path pub/app"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, path := t.TempDir(), ""
			if c.path != "" {
				path = ", path: " + c.path
			}
			file := write(t, filepath.Join(dir, "c.yaml"), fmt.Sprintf(
				"state: %s/state\nsources: {app: {type: rpm, url: %q, architectures: [x86_64], trusted: true}}\nwatch: {repositories: {r: {source: app%s}}}\n", dir, c.url, path))
			a := &app{Console: console.Console{Out: io.Discard, Err: io.Discard, Env: func(string) (string, bool) { return "", false }, Output: "text"}, config: file}
			w := &watcher{app: a, log: a.Log(io.Discard)}
			got, err := w.configuration(t.Context())
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("%v, expected %q", err, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			r := got.setup.Repositories[0]
			if r.Origin.URL != c.base || r.Roots[0].Path != c.root || r.Sources[0].Path != c.root {
				t.Errorf("the base is %s, the path %q", r.Origin.URL, r.Roots[0].Path)
			}
		})
	}
}
