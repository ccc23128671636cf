// Program watching is a fleet of mirror sites for measuring a watcher: many sites, each
// with many deb repositories of many packages, served from memory at addresses of
// 127.0.0.0/8. After a time each source publishes a generation with some packages more,
// and the sites follow. At the end it says what the fleet was asked for.
//
//	watching -sites 1000 -repositories 20 -packages 5000 -config mirrorkeeper.yaml -state DIR
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// fleet is what all sites serve.
type fleet struct {
	now      atomic.Int64 // the generation that sources show
	sites    atomic.Int64 // the generation that sites show
	gens     []map[string]file
	heads    atomic.Int64
	gets     atomic.Int64
	notNew   atomic.Int64
	bytes    atomic.Int64
	source   string
	modified []time.Time
}

// file is a file that is served: content, or only a size.
type file struct {
	content []byte
	size    int
}

func main() {
	log.SetFlags(0)
	var (
		sites, repositories, packages, changes int
		config, state, listen                  string
		period, publish                        time.Duration
	)
	flag.IntVar(&sites, "sites", 1000, "sites")
	flag.IntVar(&repositories, "repositories", 20, "repositories of each site")
	flag.IntVar(&packages, "packages", 5000, "packages of each repository")
	flag.IntVar(&changes, "changes", 50, "packages that the second generation has more")
	flag.StringVar(&config, "config", "", "configuration to write for the watcher")
	flag.StringVar(&state, "state", "", "directory of the watcher's state")
	flag.StringVar(&listen, "listen", "127.0.0.1:28480", "address of the watcher")
	flag.DurationVar(&period, "period", 90*time.Second, "time between looks")
	flag.DurationVar(&publish, "publish", 4*time.Minute, "when the second generation comes; sites have it a minute later")
	flag.Parse()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	listeners := make([]net.Listener, 1+sites)
	for i := range listeners {
		host := "127.0.0.1"
		if i > 0 {
			host = address(i - 1)
		}
		if listeners[i], err = net.Listen("tcp4", net.JoinHostPort(host, strconv.Itoa(port))); err != nil {
			log.Fatal(err)
		}
	}
	f := &fleet{source: "127.0.0.1", modified: []time.Time{time.Now().Add(-time.Hour), time.Now()}}
	f.gens = append(f.gens, generation(repositories, packages, f.modified[0]), generation(repositories, packages+changes, f.modified[1]))
	if err := os.WriteFile(config, configuration(state, listen, port, sites, repositories, period), 0o600); err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Handler: f}
	for _, l := range listeners {
		go func() { _ = server.Serve(l) }()
	}
	fmt.Println("serving", sites, "sites at port", port)
	select {
	case <-ctx.Done():
	case <-time.After(publish):
		f.now.Store(1)
		fmt.Println("published")
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
			f.sites.Store(1)
			fmt.Println("copied")
		}
	}
	<-ctx.Done()
	_ = json.NewEncoder(os.Stdout).Encode(map[string]int64{
		"head": f.heads.Load(), "get": f.gets.Load(), "not_modified": f.notNew.Load(), "body_bytes": f.bytes.Load(),
	})
}

// address is that of a site.
func address(site int) string { return fmt.Sprintf("127.1.%d.%d", site/250, 1+site%250) }

// ServeHTTP serves the generation that the host shows.
func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := f.sites.Load()
	if strings.HasPrefix(r.Host, f.source+":") {
		g = f.now.Load()
	}
	x, ok := f.gens[g][strings.TrimPrefix(r.URL.Path, "/")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Last-Modified", f.modified[g].UTC().Format(http.TimeFormat))
	if r.Method == http.MethodHead {
		f.heads.Add(1)
		w.Header().Set("Content-Length", strconv.Itoa(x.size))
		return
	}
	if since, err := http.ParseTime(r.Header.Get("If-Modified-Since")); err == nil && !f.modified[g].Truncate(time.Second).After(since) {
		f.notNew.Add(1)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	f.gets.Add(1)
	if x.content == nil { // a package
		f.bytes.Add(4096)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(make([]byte, x.size)))
		return
	}
	f.bytes.Add(int64(len(x.content)))
	w.Header().Set("Content-Length", strconv.Itoa(x.size))
	_, _ = w.Write(x.content) // who asked is gone
}

// generation makes the files of all repositories.
func generation(repositories, packages int, at time.Time) map[string]file {
	files := map[string]file{}
	for r := range repositories {
		var index bytes.Buffer
		for p := range packages {
			name := fmt.Sprintf("r%d/pool/main/p/p%d/p%d_1.0_amd64.deb", r, p, p)
			sum := sha256.Sum256(make([]byte, 1000+p))
			fmt.Fprintf(&index, "Package: p%d\nVersion: 1.0\nArchitecture: amd64\nFilename: %s\nSize: %d\nSHA256: %x\n\n", p, strings.TrimPrefix(name, fmt.Sprintf("r%d/", r)), 1000+p, sum)
			files[name] = file{size: 1000 + p}
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write(index.Bytes())
		_ = z.Close()
		var release bytes.Buffer
		fmt.Fprintf(&release, "Suite: s\nCodename: s\nDate: %s\nArchitectures: amd64\nComponents: main\nSHA256:\n", at.UTC().Format(time.RFC1123))
		for name, content := range map[string][]byte{"main/binary-amd64/Packages": index.Bytes(), "main/binary-amd64/Packages.gz": packed.Bytes()} {
			sum := sha256.Sum256(content)
			fmt.Fprintf(&release, " %s %d %s\n", hex.EncodeToString(sum[:]), len(content), name)
		}
		files[fmt.Sprintf("r%d/dists/s/main/binary-amd64/Packages.gz", r)] = file{packed.Bytes(), packed.Len()}
		files[fmt.Sprintf("r%d/dists/s/Release", r)] = file{release.Bytes(), release.Len()}
	}
	return files
}

// configuration is that of a watcher of the fleet: roots, indexes and deltas each period,
// samples daily, no sweeps.
func configuration(state, listen string, port, sites, repositories int, period time.Duration) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "state: %s\nsources:\n", state)
	var names []string
	for r := range repositories {
		names = append(names, fmt.Sprintf("r%d", r))
		fmt.Fprintf(&b, "  r%d: {type: deb, url: \"http://127.0.0.1:%d/r%d\", suites: [s], components: [main], architectures: [amd64], trusted: true}\n", r, port, r)
	}
	fmt.Fprintf(&b, "watch:\n  listen: %s\n  period: %s\n  allow: [127.0.0.0/8]\n  budget: {sweep: 87600h}\n  repositories:\n", listen, period)
	for _, name := range names {
		fmt.Fprintf(&b, "    %s: {source: %s, path: %s}\n", name, name, name)
	}
	b.WriteString("    few: {source: r0, path: r0}\n  sites:\n")
	for s := range sites {
		held := names
		if s < 20 {
			held = append(slices.Clone(names), "few")
		}
		fmt.Fprintf(&b, "    - {url: \"http://%s:%d\", repositories: [%s]}\n", address(s), port, strings.Join(held, ", "))
	}
	return b.Bytes()
}
