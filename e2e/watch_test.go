package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// watcher is a running mirrorkeeper watch.
type watcher struct {
	t       *testing.T
	url     string
	command *exec.Cmd
}

// startWatch runs mirrorkeeper watch until the test ends.
func startWatch(t *testing.T, k *keeper, port int, args ...string) *watcher {
	t.Helper()
	c := k.command(t.Context(), append([]string{"watch", "--verbose"}, args...)...)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	background(t, "", c)
	awaitPort(t, port, "")
	return &watcher{t, fmt.Sprintf("http://127.0.0.1:%d", port), c}
}

// end ends the program as a service manager does, and wants it to end well.
func (w *watcher) end() {
	w.t.Helper()
	if err := w.command.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatal(err)
	}
	for range 3000 {
		c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		if err != nil {
			return
		}
		c.Close()
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatal("the watcher does not end")
}

func (w *watcher) get(path string) string {
	w.t.Helper()
	r, err := http.Get(w.url + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// states are the states of all sites, with the sentences of the evidence.
func (w *watcher) states() map[string]verdict {
	w.t.Helper()
	var answer struct {
		Sites []struct {
			URL          string
			Repositories []verdict
		}
	}
	if err := json.Unmarshal([]byte(w.get("/api/v1/sites")), &answer); err != nil {
		w.t.Fatal(err)
	}
	all := map[string]verdict{}
	for _, site := range answer.Sites {
		all[site.URL] = site.Repositories[0]
	}
	return all
}

// await waits until all sites are in the states that are wanted.
func (w *watcher) await(want map[string]string) map[string]verdict {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		states := w.states()
		wrong := map[string]string{}
		for site, state := range want {
			if states[site].State != state {
				wrong[site] = fmt.Sprintf("%s, expected %s: %+v", states[site].State, state, states[site].Evidence)
			}
		}
		if len(wrong) == 0 {
			return states
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("after %s: %v", patience, wrong)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestWatch watches sites that each have one fault, and one that has none. Real clients
// install through the lists that the watcher makes.
func TestWatch(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"deb", "rpm"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			testWatch(t, format)
		})
	}
}

func testWatch(t *testing.T, format string) {
	key := repotest.NewKey(t)
	r := repotest.NewRepository(t, format, key)
	dir := tempDir(t)
	keyFile := filepath.Join(dir, "key.asc")
	write(t, keyFile, string(key.Public(t, true)))
	origin, old, now := filepath.Join(dir, "origin"), filepath.Join(dir, "old"), filepath.Join(dir, "now")
	r.AddText("stays 1.0\ngoes 1.0\n")
	r.Publish(origin)
	copyTree(t, old, origin)
	r.Remove("goes")
	r.AddText("comes 1.0\n")
	r.Publish(origin)
	copyTree(t, now, origin)
	stranger, foreign := repotest.NewRepository(t, format, repotest.NewKey(t)), filepath.Join(dir, "foreign")
	stranger.AddText("stays 1.0\n")
	stranger.Publish(foreign)
	comes := r.File("comes")
	source := repotest.Serve(t, origin)

	site := func(name, tree string, damage func(dir string)) *repotest.Server {
		to := filepath.Join(dir, "site-"+name)
		copyTree(t, to, tree)
		if damage != nil {
			damage(to)
		}
		return repotest.Serve(t, to)
	}
	good := site("good", now, nil)
	missing := site("missing", now, func(dir string) { remove(t, filepath.Join(dir, comes)) })
	truncated := site("truncated", now, func(dir string) {
		if err := os.Truncate(filepath.Join(dir, comes), 100); err != nil {
			t.Fatal(err)
		}
	})
	page := site("page", now, nil)
	page.Strike(comes, repotest.HTML())
	stale, odd := site("stale", old, nil), site("odd", foreign, nil)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	expired := serveExpired(t, now)
	want := map[string]string{
		good.URL: "IN_SYNC", missing.URL: "HALF_SYNCED", truncated.URL: "HALF_SYNCED", page.URL: "HALF_SYNCED",
		gone.URL: "UNREACHABLE", expired: "UNREACHABLE",
		odd.URL:   "FOREIGN", // at once: another key signed it
		stale.URL: "BEHIND",  // which the source's signature tells, although nobody saw it published
	}

	port := freePort(t)
	config := fmt.Sprintf("sources:\n  archive:\n    type: %s\n    url: %s\n    keys: [%s]\n", format, source.URL, keyFile)
	if format == "deb" {
		config += "    suites: [stable]\n    components: [main]\n    architectures: [amd64]\n"
	} else {
		config += "    architectures: [x86_64]\n"
	}
	config += fmt.Sprintf("watch:\n  listen: 127.0.0.1:%d\n  period: 300ms\n  repositories:\n    pub: {source: archive}\n  sites:\n", port)
	for _, url := range slices.Sorted(maps.Keys(want)) {
		config += "    - {url: \"" + url + "\", repositories: pub}\n"
	}
	k := newKeeper(t, config)
	w := startWatch(t, k, port)
	states := w.await(want)
	for url, says := range map[string]string{missing.URL: comes, truncated.URL: comes, page.URL: comes, expired: "expired", odd.URL: "not among the pinned keys"} {
		if !slices.ContainsFunc(states[url].Evidence, func(e struct{ Path, Fault, Expected, Seen, Text string }) bool {
			return strings.Contains(e.Path+e.Text, says)
		}) {
			t.Errorf("the evidence on %s does not speak of %s: %+v", url, says, states[url].Evidence)
		}
	}

	w.metalinks(format, now)

	// Clients that go by the lists get to the good site alone.
	install(t, format, w, keyFile, "comes")

	// A new generation: the good site is behind until it has it, the source is not blamed.
	r.AddText("later 1.0\n")
	r.Publish(origin)
	w.await(map[string]string{good.URL: "BEHIND"})
	if out, err := exec.Command("cp", "-a", origin+"/.", filepath.Join(dir, "site-good")).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
	w.await(map[string]string{good.URL: "IN_SYNC"})
	install(t, format, w, keyFile, "later")

	// What was known is known to the next run.
	w.end()
	again := startWatch(t, k, port)
	if got := again.states()[good.URL].State; got != "IN_SYNC" {
		t.Errorf("after a restart the good site is %s", got)
	}
	if !strings.Contains(again.get("/api/v1/who-has?package=later"), good.URL) {
		t.Errorf("nobody has the newest package: %s", again.get("/api/v1/who-has?package=later"))
	}
}

// metalinks wants metalinks to say of the root what is true of the one in the directory.
func (w *watcher) metalinks(format, dir string) {
	w.t.Helper()
	main := map[string]string{"deb": "dists/stable/InRelease", "rpm": "repodata/repomd.xml"}[format]
	content, err := os.ReadFile(filepath.Join(dir, main))
	if err != nil {
		w.t.Fatal(err)
	}
	type link struct {
		File struct {
			Name   string `xml:"name,attr"`
			Size   int64  `xml:"size"`
			Hashes []struct {
				Type string `xml:"type,attr"`
				Hex  string `xml:",chardata"`
			} `xml:"hash"`
			URLs []string `xml:"url"`
		} `xml:"file"`
	}
	for _, kind := range []string{"metalink", "metalink4"} {
		text := w.get("/" + kind + "/pub")
		text = strings.NewReplacer("<files>", "", "</files>", "", "<verification>", "", "</verification>", "", "<resources maxconnections=\"1\">", "", "</resources>", "").Replace(text)
		var l link
		if err := xml.Unmarshal([]byte(text), &l); err != nil {
			w.t.Fatalf("%v\n%s", err, text)
		}
		f, sum := l.File, sha256.Sum256(content)
		if f.Name != filepath.Base(main) || f.Size != int64(len(content)) || len(f.URLs) == 0 || !strings.HasSuffix(f.URLs[0], "/"+main) ||
			len(f.Hashes) != 1 || strings.ReplaceAll(f.Hashes[0].Type, "-", "") != "sha256" || f.Hashes[0].Hex != hex.EncodeToString(sum[:]) {
			w.t.Errorf("%s of a root of %d bytes:\n%s", kind, len(content), text)
		}
	}
}

// install has the real client install a package through the lists.
func install(t *testing.T, format string, w *watcher, key, name string) {
	t.Helper()
	if format == "deb" {
		a := newApt(t, debLine(key, "mirror+"+w.url+"/apt/pub"))
		a.update()
		if got := a.install(name); !slices.Contains(got, name) {
			t.Errorf("installed is %v", got)
		}
		return
	}
	for option, path := range map[string]string{"mirrorlist": "/mirrorlist/pub", "metalink": "/metalink/pub"} {
		d := newDnf(t, strings.Replace(dnfRepository("pub", key, "URL"), "baseurl=URL", option+"="+w.url+path, 1))
		d.update()
		if got := d.install(name); !slices.Contains(got, name) {
			t.Errorf("%s: installed is %v", option, got)
		}
	}
}

// serveExpired serves a directory by https with a certificate that has expired.
func serveExpired(t *testing.T, dir string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate, certificate, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.FileServer(http.Dir(dir)))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}
