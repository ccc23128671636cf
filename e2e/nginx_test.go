package e2e_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nginx serves a directory as a common web server does, as the user nobody: what
// it cannot read was published with wrong modes.
type nginx struct {
	t       *testing.T
	URL     string
	log     string
	markers int
}

const nginxConfiguration = `
pid %[1]s/pid;
error_log %[1]s/error.log crit;
daemon off;
worker_processes 1;
%[4]s
events { worker_connections 512; }
http {
  types { }
  default_type application/octet-stream;
  log_format request '$request_method $uri $status conditional=$http_if_none_match$http_if_modified_since range=$http_range';
  access_log %[1]s/access.log request;
  client_body_temp_path %[1]s/tmp; proxy_temp_path %[1]s/tmp; fastcgi_temp_path %[1]s/tmp;
  uwsgi_temp_path %[1]s/tmp; scgi_temp_path %[1]s/tmp;
  sendfile on;
  server {
    listen 127.0.0.1:%[2]d;
    root %[3]s;
    %[5]s
  }
}
`

// serveNginx serves a directory until the test ends; directives go into the server.
func serveNginx(t *testing.T, root string, directives ...string) *nginx {
	t.Helper()
	program := need(t, "nginx")
	dir, port := tempDir(t), freePort(t)
	user := ""
	if os.Getuid() == 0 {
		user = "user nobody nogroup;"
	}
	write(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(nginxConfiguration, dir, port, root, user, strings.Join(directives, "\n    ")))
	background(t, filepath.Join(dir, "error.log"), exec.Command(program, "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", filepath.Join(dir, "nginx.conf")))
	n := &nginx{t: t, URL: fmt.Sprintf("http://127.0.0.1:%d", port), log: filepath.Join(dir, "access.log")}
	awaitPort(t, port, filepath.Join(dir, "error.log"))
	return n
}

// nginxRequest is one line of the log.
type nginxRequest struct {
	method, path, status string
	conditional, ranged  bool
}

func (r nginxRequest) String() string {
	return fmt.Sprintf("%s %s %s conditional=%v range=%v", r.method, r.path, r.status, r.conditional, r.ranged)
}

// requests are all since the last call. The server logs a request after its
// answer, so a request of our own marks the end.
func (n *nginx) requests() (all []nginxRequest) {
	n.t.Helper()
	n.markers++
	marker := fmt.Sprintf("/marker-%d", n.markers)
	response, err := http.Get(n.URL + marker)
	if err != nil {
		n.t.Fatal(err)
	}
	response.Body.Close()
	for range 500 {
		log, err := os.ReadFile(n.log)
		if err != nil {
			n.t.Fatal(err)
		}
		if bytes.Contains(log, []byte(marker+" ")) {
			return n.parse(string(log))
		}
		time.Sleep(10 * time.Millisecond)
	}
	n.t.Fatal("nginx does not log")
	return nil
}

func (n *nginx) parse(log string) (all []nginxRequest) {
	for line := range strings.Lines(log) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		if strings.HasPrefix(f[1], "/marker-") {
			if f[1] != fmt.Sprintf("/marker-%d", n.markers) {
				all = nil // what came before was told before
			}
			continue
		}
		conditional := strings.TrimPrefix(strings.Join(f[3:len(f)-1], " "), "conditional=")
		all = append(all, nginxRequest{f[0], f[1], f[2], strings.Trim(conditional, "- ") != "", !strings.HasSuffix(line, "range=-\n")})
	}
	return all
}

// background runs a server until the test ends.
func background(t *testing.T, log string, c *exec.Cmd) {
	t.Helper()
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	var output bytes.Buffer
	c.Stdout, c.Stderr = &output, &output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
		if t.Failed() {
			content, _ := os.ReadFile(log)
			t.Logf("%s: %s%s", c.Path, output.Bytes(), content)
		}
	})
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// awaitPort waits until something accepts connections.
func awaitPort(t *testing.T, port int, log string) {
	t.Helper()
	for range 1500 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	content, _ := os.ReadFile(log)
	t.Fatalf("nothing listens on port %d\n%s", port, content)
}
