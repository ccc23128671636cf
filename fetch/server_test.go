package fetch

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// odd are names as archives have them, and worse.
var odd = map[string][]byte{
	"pool/g/g++_1.0~rc1+b2_amd64.deb": content(3000, 1),
	"pool/a b/x%3a1.deb":              content(2000, 2),
	"pool/ä#1?x.deb":                  content(1000, 3),
	"pool/large.deb":                  content(1_000_000, 4),
	"pool/empty":                      {},
}

func plant(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for path, c := range files {
		name := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, c, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func realClient(t *testing.T) *http.Client {
	t.Helper()
	c, err := transport.New(transport.Options{Proxy: "none"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func TestFiles(t *testing.T) {
	dir := plant(t, odd)
	f := New(Options{Client: realClient(t)})
	fetchAll(t, f, requestsFor(odd, "file://"+filepath.Join(dir, "missing"), "file://"+dir), odd)
	testResume(t, f, dir, "file://"+dir)
}

func TestNginx(t *testing.T) {
	dir := plant(t, odd)
	f := New(Options{Client: realClient(t)})
	base := nginx(t, dir)
	fetchAll(t, f, requestsFor(odd, base), odd)
	testResume(t, f, dir, base)
}

// testResume breaks off a transfer and goes on with it in a second run, once with
// the file as it was and once with a new one.
func testResume(t *testing.T, f *Fetcher, dir, base string) {
	t.Helper()
	path, whole := "pool/large.deb", odd["pool/large.deb"]
	interrupted := func() *memory {
		sink := newMemory()
		p, err := sink.Create(repo.File{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		// What a kill leaves: some bytes and the validator that came before them.
		resp, err := f.client.Head(base + "/" + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		p.Write(whole[:600_000])
		p.SetValidator(base + "/" + path + " " + validator(resp.Header))
		p.Close()
		return sink
	}
	sink, now := interrupted(), content(1_000_000, 5)
	changed := interrupted()
	report, err := f.Fetch(t.Context(), requestsFor(map[string][]byte{path: whole}, base), sink)
	if err != nil || report.Bytes != 400_000 || !bytes.Equal(sink.files[path], whole) {
		t.Errorf("unchanged: %d bytes received for the last 400000, %v", report.Bytes, err)
	}

	name := filepath.Join(dir, path)
	if err := os.WriteFile(name, now, 0o644); err != nil {
		t.Fatal(err)
	}
	when := time.Now().Add(time.Hour)
	if err := os.Chtimes(name, when, when); err != nil {
		t.Fatal(err)
	}
	report, err = f.Fetch(t.Context(), requestsFor(map[string][]byte{path: now}, base), changed)
	if err != nil || report.Bytes != 1_000_000 || !bytes.Equal(changed.files[path], now) {
		t.Errorf("changed: %d bytes received for 1000000, %v", report.Bytes, err)
	}

	first, err := f.Get(t.Context(), []string{base}, path, Validators{}, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, held := range []Validators{first.Validators, {ETag: first.ETag}, {LastModified: first.LastModified}} {
		again, err := f.Get(t.Context(), []string{base}, path, held, 1<<20)
		if err != nil || !again.NotModified {
			t.Errorf("get with %+v: %v, %v", held, again, err)
		}
		if d := cmp.Diff(held, again.Validators); d != "" {
			t.Error(d)
		}
	}
}

// nginx serves a directory until the test ends.
func nginx(t *testing.T, root string) (base string) {
	t.Helper()
	binary, err := exec.LookPath("nginx")
	if err != nil {
		binary = "/usr/sbin/nginx"
		if _, err := os.Stat(binary); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal("nginx is not installed")
			}
			t.Skip("nginx is not installed")
		}
	}
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := socket.Addr().String()
	socket.Close()
	dir := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
	server { listen %[2]s; root %[3]s; }
}`, dir, address, root)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-c", file, "-p", dir)
	var output bytes.Buffer
	cmd.Stderr = &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 500 {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			return "http://" + address
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("nginx does not answer: %s", output.String())
	return ""
}
