package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// TestWatchByRsync watches a site by HTTP and by a real rsyncd, which have a directory each:
// what is wrong by rsync alone is told of rsync alone.
func TestWatchByRsync(t *testing.T) {
	t.Parallel()
	rsync := need(t, "rsync")
	needRoot(t) // for the port that is usual
	const host = "127.0.0.9"
	key := repotest.NewKey(t)
	r := repotest.NewRepository(t, "deb", key)
	r.AddText("stays 1.0\ncomes 1.0\n")
	dir := tempDir(t)
	keyFile := filepath.Join(dir, "key.asc")
	write(t, keyFile, string(key.Public(t, true)))
	origin, byHTTP, byRsync := filepath.Join(dir, "origin"), filepath.Join(dir, "http"), filepath.Join(dir, "rsync")
	r.Publish(origin)
	copyTree(t, byHTTP, origin)
	copyTree(t, byRsync, origin)

	conf, log := filepath.Join(dir, "rsyncd.conf"), filepath.Join(dir, "rsyncd.log")
	write(t, conf, fmt.Sprintf("use chroot = no\nuid = 0\ngid = 0\n[pub]\npath = %s\nread only = yes\n", byRsync))
	background(t, log, exec.Command(rsync, "--daemon", "--no-detach", "--config", conf, "--address", host, "--port", "873", "--log-file", log))
	listener, err := net.Listen("tcp4", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.StripPrefix("/pub", http.FileServer(http.Dir(byHTTP))))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	site, port := "http://"+listener.Addr().String()+"/pub", freePort(t)
	k := newKeeper(t, fmt.Sprintf(`sources:
  archive: {type: deb, url: %q, keys: [%s], suites: [stable], components: [main], architectures: [amd64]}
watch:
  listen: 127.0.0.1:%d
  period: 300ms
  budget: {sweep: 1s}
  repositories:
    pub: {source: archive}
  sites:
    - {url: %q, repositories: pub, schemes: [http, rsync]}
`, repotest.Serve(t, origin).URL, keyFile, port, site))
	w := startWatch(t, k, port)
	byScheme := func() (http, rsync string, v verdict) {
		v = w.states()[site]
		for _, e := range v.Endpoints {
			if e.Endpoint.Scheme == "rsync" {
				rsync = e.State
			} else {
				http = e.State
			}
		}
		return http, rsync, v
	}
	await := func(wantHTTP, wantRsync string) verdict {
		t.Helper()
		for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
			h, r, v := byScheme()
			if h == wantHTTP && r == wantRsync {
				return v
			}
			if time.Now().After(deadline) {
				t.Fatalf("by http %s, by rsync %s, expected %s and %s: %+v", h, r, wantHTTP, wantRsync, v)
			}
		}
	}
	await("IN_SYNC", "IN_SYNC")
	remove(t, filepath.Join(byRsync, r.File("stays")))
	v := await("IN_SYNC", "HALF_SYNCED")
	if told := fmt.Sprintf("%+v", v.Evidence); v.State != "HALF_SYNCED" || !strings.Contains(told, r.File("stays")) {
		t.Errorf("%s: %s", v.State, told)
	}
	copyTree(t, filepath.Join(byRsync, filepath.Dir(r.File("stays"))), filepath.Join(origin, filepath.Dir(r.File("stays"))))
	await("IN_SYNC", "IN_SYNC")
}
