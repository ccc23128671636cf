package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

const (
	allRPMs     = `\.rpm$`
	oneRPM      = `/package07-2\.0-1\.x86_64\.rpm$`
	rpmIndexes  = `/repodata/.*(primary|filelists|other)`
	repomdXML   = `/repodata/repomd\.xml$`
	repomdRoots = `/repodata/repomd\.xml(\.asc)?$`
)

// TestNetworkTroubleOfRPM updates a mirror from one generation to the next under a
// fault. The run has to end with the right mirror, or to fail, say why, and leave
// the old state, which dnf still accepts. A run without the fault mends all.
func TestNetworkTroubleOfRPM(t *testing.T) {
	t.Parallel()
	old := newRPM(t) // something else altogether, signed with another key
	old.AddText("other\n")
	old.publish()
	for name, c := range map[string]struct {
		strike func(s *repotest.Server)
		code   int
		says   []string // where it fails
	}{
		"everything cut once":         {code: done, strike: func(s *repotest.Server) { s.Strike(".", once(repotest.Cut())) }},
		"everything 503 once":         {code: done, strike: func(s *repotest.Server) { s.Strike(".", once(repotest.Unavailable(""))) }},
		"one package stalls once":     {code: done, strike: func(s *repotest.Server) { s.Strike(oneRPM, once(repotest.Stall())) }},
		"one package a page once":     {code: done, strike: func(s *repotest.Server) { s.Strike(oneRPM, once(repotest.HTML())) }},
		"indexes wrong once":          {code: done, strike: func(s *repotest.Server) { s.Strike(rpmIndexes, once(repotest.Corrupt())) }},
		"one package wrong always":    {code: failed, says: []string{"package07", "sha256|digest"}, strike: func(s *repotest.Server) { s.Strike(oneRPM, always(repotest.Corrupt())) }},
		"one package is absent":       {code: failed, says: []string{"package07", "404"}, strike: func(s *repotest.Server) { s.Strike(oneRPM, always(repotest.NotFound())) }},
		"indexes are wrong":           {code: failed, says: []string{"primary|filelists|other", "sha256|digest"}, strike: func(s *repotest.Server) { s.Strike(rpmIndexes, always(repotest.Corrupt())) }},
		"indexes are pages":           {code: failed, says: []string{"primary|filelists|other"}, strike: func(s *repotest.Server) { s.Strike(rpmIndexes, always(repotest.HTML())) }},
		"the root is wrong":           {code: failed, says: []string{"repomd", "signature|signed"}, strike: func(s *repotest.Server) { s.Strike(repomdXML, always(repotest.Corrupt())) }},
		"the root is a page":          {code: failed, says: []string{"repomd"}, strike: func(s *repotest.Server) { s.Strike(repomdRoots, always(repotest.HTML())) }},
		"the root is another's":       {code: failed, says: []string{"key|signature"}, strike: func(s *repotest.Server) { s.Strike(repomdRoots, repotest.From(old.dir)) }},
		"the signature is another's":  {code: failed, says: []string{"signature"}, strike: func(s *repotest.Server) { s.Strike(`\.asc$`, repotest.From(old.dir)) }},
		"the signature is not there":  {code: failed, says: []string{"signature"}, strike: func(s *repotest.Server) { s.Strike(`\.asc$`, repotest.NotFound()) }},
		"whatever is not there is ok": {code: done, strike: func(s *repotest.Server) { s.Strike(`treeinfo|extra_files|\.key$`, repotest.HTML()) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newRPM(t)
			for i := range 12 {
				u.Add(repotest.Package{Name: fmt.Sprintf("package%02d", i), Size: 20000})
			}
			u.publish()
			server := repotest.Serve(t, u.dir)
			k := newKeeper(t, quick+fullMirror(u.source("test", server.URL)))
			k.sync()
			before := readTree(t, k.published("full"))

			u.Remove("package07")
			u.Add(repotest.Package{Name: "package07", Version: "2.0", Size: 20000}, repotest.Package{Name: "package12", Size: 20000})
			u.publish()
			c.strike(server)
			r := k.exits(c.code, "sync")
			d := newDnf(t, dnfRepository("full", u.key, "file://"+k.published("full")))
			if c.code == failed {
				r.says(append([]string{"error:"}, c.says...)...)
				for path, digest := range readTree(t, k.published("full")) {
					if before[path] != digest && !strings.HasSuffix(path, ".rpm") {
						t.Errorf("the failed run changed %s", path)
					}
				}
				if got := d.version("package07"); got != "1.0" {
					t.Errorf("after the failed run dnf sees version %q, expected 1.0", got)
				}
				server.Heal()
				k.sync()
			}
			wantAllOf(t, u.dir, k.published("full"), nil)
			if got := d.version("package07"); got != "2.0" {
				t.Errorf("dnf sees version %q, expected 2.0", got)
			}
		})
	}
}

func TestSquidIsTheOnlyWayOutForRPM(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.AddText(someRPMs)
	u.publish()
	server := serveNginx(t, u.dir, `if ($http_via = "") { return 403; }`)
	source := u.source("test", throughProxyOnly(server.URL))
	proxy := serveSquid(t, "user", "secret")
	k := newKeeper(t, "transfer: {proxy: 'http://user:secret@"+proxy+"'}\n"+fullMirror(source))
	k.sync()
	wantSameTree(t, u.dir, k.published("full"), nil)
	d := newDnf(t, dnfRepository("full", u.key, "file://"+k.published("full")))
	d.update()
	d.simulates("app")

	k = newKeeper(t, quick+fullMirror(source))
	k.exits(failed, "sync").says(archiveHost)
}

const metalink = `<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:mm0="http://fedorahosted.org/mirrormanager" type="dynamic">
 <files>
  <file name="repomd.xml">
   <mm0:timestamp>1767225600</mm0:timestamp>
   <size>%d</size>
   <verification><hash type="sha256">%s</hash></verification>
   <resources maxconnections="1">
    %s
   </resources>
  </file>
 </files>
</metalink>
`

// TestListsOfRPMMirrors finds upstream by a list: the first site of it is not there,
// the second shows another generation, the third lacks packages.
func TestListsOfRPMMirrors(t *testing.T) {
	t.Parallel()
	u, stale := newRPM(t), tempDir(t)
	u.AddText("old\n")
	u.publish()
	if err := os.CopyFS(stale, os.DirFS(u.dir)); err != nil {
		t.Fatal(err)
	}
	u.AddText(someRPMs)
	u.publish()
	behind, bad, good, lists := repotest.Serve(t, stale), repotest.Serve(t, u.dir), repotest.Serve(t, u.dir), tempDir(t)
	bad.Strike(allRPMs, repotest.NotFound())
	root := readFile(t, filepath.Join(u.dir, "repodata/repomd.xml"))
	resources := ""
	for i, site := range []string{"http://127.0.0.1:1", behind.URL, bad.URL, good.URL} {
		resources += fmt.Sprintf(`<url protocol="http" type="http" location="XX" preference="%d">%s/repodata/repomd.xml</url>`, 100-i, site)
	}
	write(t, filepath.Join(lists, "metalink"), fmt.Sprintf(metalink, len(root), sha256Hex(string(root)), resources))
	write(t, filepath.Join(lists, "mirrorlist"), "# sites\nhttp://127.0.0.1:1\n"+bad.URL+"/\n"+good.URL+"/\n")
	server := repotest.Serve(t, lists)
	for _, kind := range []string{"metalink", "mirrorlist"} {
		k := newKeeper(t, quick+fullMirror(u.source("test", "", kind+": "+server.URL+"/"+kind)))
		k.sync()
		wantSameTree(t, u.dir, k.published("full"), nil)
		if got := k.run("sync"); got.code != done || !strings.Contains(got.stdout, "unchanged") {
			t.Errorf("%s: the second run: code %d, %s", kind, got.code, got.stdout)
		}
	}
}

// TestPackagesOfRPMAreChecked takes packages that are signed themselves, with the
// right key, with another one, and not at all.
func TestPackagesOfRPMAreChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sign func(u *rpmUpstream, p *repotest.Package)
		code int
		says string
	}{
		"all signed": {func(u *rpmUpstream, p *repotest.Package) { p.Key = u.Key }, done, ""},
		"one not signed": {func(u *rpmUpstream, p *repotest.Package) {
			p.Key = map[bool]*repotest.Key{true: nil, false: u.Key}[p.Name == "lib"]
		}, failed, "lib.*sign"},
		"one by another key": {func(u *rpmUpstream, p *repotest.Package) {
			p.Key = map[bool]*repotest.Key{true: repotest.NewKey(t), false: u.Key}[p.Name == "lib"]
		}, failed, "lib.*(key|sign)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newRPM(t)
			u.Unsigned = true
			u.AddText(someRPMs)
			for _, p := range u.Packages() {
				c.sign(u, p)
			}
			u.publish()
			source := u.source("test", repotest.Serve(t, u.dir).URL, "trusted: true", "check-packages: true", "keys: ['"+u.key+"']")
			for _, config := range []string{fullMirror(source), partialMirror(source, "packages: [app]")} {
				r := newKeeper(t, config).exits(c.code, "sync")
				if c.says != "" {
					r.says(c.says)
				}
			}
		})
	}
}

func TestAKilledRunOfRPMResumes(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	for i := range 20 {
		u.Add(repotest.Package{Name: fmt.Sprintf("package%02d", i), Size: 300000})
	}
	u.publish()
	server := repotest.Serve(t, u.dir)
	k := newKeeper(t, "transfer: {connections: 4, per-host: 4}\n"+fullMirror(u.source("test", server.URL)))
	startStuck(t, k, server, 4, afterPackages(10)).end(syscall.SIGKILL)
	if got := readTree(t, k.published()); got["full/repodata/repomd.xml"] != "" {
		t.Error("the killed run published a root")
	}
	finished := map[string]bool{}
	for _, r := range server.Requests(allRPMs) {
		if r.Bytes == fileSize(t, u.dir+r.Path) {
			finished[r.Path] = true
		}
	}
	if len(finished) != 10 {
		t.Errorf("%d packages were finished, expected 10", len(finished))
	}
	server.Heal()
	server.Reset()
	k.sync()
	for _, r := range server.Requests(".") {
		if finished[r.Path] {
			t.Errorf("%s was finished and fetched again", r.Path)
		}
	}
	wantSameTree(t, u.dir, k.published("full"), nil)
}

// TestAnRPMUpstreamMovesWhileItIsRead publishes the next generation upstream while
// the first is being read: its files by digest are gone then.
func TestAnRPMUpstreamMovesWhileItIsRead(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.AddText(someRPMs)
	u.publish()
	server := repotest.Serve(t, u.dir)
	moved := false
	server.Strike(`primary`, repotest.Before(func(*http.Request) {
		if !moved {
			moved = true
			u.Remove("other")
			u.AddText("newcomer\n")
			u.publish()
		}
	}))
	k := newKeeper(t, "transfer: {connections: 1, per-host: 1, retries: 2}\n"+fullMirror(u.source("test", server.URL)))
	k.sync()
	wantSameTree(t, u.dir, k.published("full"), nil)
}

// TestDnfReadsWhileMirrorsSwitch updates a dnf all the time while a full and a
// partial mirror go from generation to generation.
func TestDnfReadsWhileMirrorsSwitch(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	for i := range 30 {
		u.Add(repotest.Package{Name: fmt.Sprintf("package%02d", i), Fields: []string{"Requires: same"}})
	}
	u.AddText("same\nchanging\n")
	u.publish()
	source := u.source("test", "file://"+u.dir)
	k := newKeeper(t, "sources:\n"+source+"mirrors:\n  full: {from: [test]}\n  part: {from: [test], packages: ['package*', changing]}\n")
	k.sync()
	server := serveNginx(t, k.published())
	generations := 5
	if proving() {
		generations = 100
	}
	readers := make(chan string, 2)
	var both []*reading
	for mirror, key := range map[string]string{"full": u.key, "part": k.published("part/key.asc")} {
		r := &reading{dnfRoot: newDnf(t, dnfRepository(mirror, key, server.URL+"/"+mirror)), mirror: mirror}
		both = append(both, r)
		go func() { readers <- r.on() }()
	}
	seenLittle := func(r *reading) bool { return r.rounds.Load() < 3 && !r.over.Load() }
	for i := 0; i < generations || slices.ContainsFunc(both, seenLittle); i++ {
		u.Remove("changing")
		u.Add(repotest.Package{Name: "changing", Version: fmt.Sprintf("%d.0", i+2)})
		u.publish()
		k.sync()
	}
	for _, r := range both {
		r.over.Store(true)
	}
	for range both {
		if problem := <-readers; problem != "" {
			t.Error(problem)
		}
	}
}

// reading is a dnf that updates and downloads on and on.
type reading struct {
	*dnfRoot
	mirror string
	rounds atomic.Int32
	over   atomic.Bool
}

// on reads until it is over, and returns what went wrong. That repomd.xml and its
// signature are of two generations can happen to who asks for both at the time of the
// switch: it must be over when asked again.
func (r *reading) on() string {
	for ; !r.over.Load(); r.rounds.Add(1) {
		out, err := r.run("makecache", "--refresh")
		if err != nil && strings.Contains(out, "signature") {
			out, err = r.run("makecache", "--refresh")
		}
		if err != nil || strings.Contains(out, "rror:") {
			r.over.Store(true)
			return fmt.Sprintf("%s: dnf makecache: %v\n%s", r.mirror, err, out)
		}
		// What was seen can be fetched, whatever the mirror shows by now.
		if out, err := r.run("install", "--downloadonly", "--setopt=*.metadata_expire=never", "changing"); err != nil {
			r.over.Store(true)
			return fmt.Sprintf("%s: dnf install --downloadonly: %v\n%s", r.mirror, err, out)
		}
	}
	return ""
}
