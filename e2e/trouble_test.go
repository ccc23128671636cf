package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// always and once say how often a fault strikes a path.
func always(f repotest.Fault) repotest.Fault { return f }
func once(f repotest.Fault) repotest.Fault   { return repotest.Times(1, f) }

const (
	allPackages = `\.deb$`
	onePackage  = `/package07_2.0_amd64\.deb$`
	allIndexes  = `/(Packages(\.[gx]z)?|by-hash/.*)$`
	anyRoot     = `/(InRelease|Release|Release\.gpg)$`
)

// TestNetworkTrouble updates a mirror from one generation to the next under a
// fault. The run has to end with the right mirror, or to fail, say why, and leave
// the old state, which apt still accepts. A run without the fault mends all.
func TestNetworkTrouble(t *testing.T) {
	t.Parallel()
	old := newUpstream(t) // something else altogether, signed with another key
	old.Add(repotest.Package{Name: "other"})
	old.Suite("stable").Label = "Something else" // or it could have the same ETag
	old.publish()
	for name, c := range map[string]struct {
		strike func(s *repotest.Server)
		code   int
		says   []string // where it fails
		absent string   // the file of the root that upstream does not show
	}{
		"packages cut once":   {code: done, strike: func(s *repotest.Server) { s.Strike(allPackages, once(repotest.Cut())) }},
		"everything cut once": {code: done, strike: func(s *repotest.Server) { s.Strike(".", once(repotest.Cut())) }},
		"cut once without ranges": {code: done, strike: func(s *repotest.Server) {
			s.Strike(".", once(repotest.Cut()))
			s.Strike(".", always(repotest.NoRanges()))
		}},
		"everything 503 once":       {code: done, strike: func(s *repotest.Server) { s.Strike(".", once(repotest.Unavailable(""))) }},
		"503 once with Retry-After": {code: done, strike: func(s *repotest.Server) { s.Strike(onePackage, once(repotest.Unavailable("1"))) }},
		"one package stalls once":   {code: done, strike: func(s *repotest.Server) { s.Strike(onePackage, once(repotest.Stall())) }},
		"one package wrong once":    {code: done, strike: func(s *repotest.Server) { s.Strike(onePackage, once(repotest.Corrupt())) }},
		"one package a page once":   {code: done, strike: func(s *repotest.Server) { s.Strike(onePackage, once(repotest.HTML())) }},
		"indexes wrong once":        {code: done, strike: func(s *repotest.Server) { s.Strike(allIndexes, once(repotest.Corrupt())) }},
		"no by-hash directories":    {code: done, strike: func(s *repotest.Server) { s.Strike(`/by-hash/`, always(repotest.NotFound())) }},
		"no InRelease":              {code: done, absent: "InRelease", strike: func(s *repotest.Server) { s.Strike(`/InRelease$`, always(repotest.NotFound())) }},
		"the server redirects":      {code: done, strike: func(s *repotest.Server) { s.Strike(allPackages, once(repotest.Redirect(s.URL))) }},
		"one package 503 always":    {code: failed, says: []string{"package07", "503"}, strike: func(s *repotest.Server) { s.Strike(onePackage, always(repotest.Unavailable(""))) }},
		"one package wrong always":  {code: failed, says: []string{"package07", "sha256|digest"}, strike: func(s *repotest.Server) { s.Strike(onePackage, always(repotest.Corrupt())) }},
		"one package is absent":     {code: failed, says: []string{"package07", "404"}, strike: func(s *repotest.Server) { s.Strike(onePackage, always(repotest.NotFound())) }},
		"one package is a page":     {code: failed, says: []string{"package07"}, strike: func(s *repotest.Server) { s.Strike(onePackage, always(repotest.HTML())) }},
		"one package stalls always": {code: failed, says: []string{"package07"}, strike: func(s *repotest.Server) {
			s.Strike(onePackage, always(repotest.Stall()))
			s.Strike(onePackage, always(repotest.NoRanges()))
		}},
		"indexes are wrong":     {code: failed, says: []string{"Packages", "sha256|digest"}, strike: func(s *repotest.Server) { s.Strike(allIndexes, always(repotest.Corrupt())) }},
		"indexes are pages":     {code: failed, says: []string{"Packages"}, strike: func(s *repotest.Server) { s.Strike(allIndexes, always(repotest.HTML())) }},
		"indexes are absent":    {code: failed, says: []string{"Packages", "404|does not have"}, strike: func(s *repotest.Server) { s.Strike(allIndexes, always(repotest.NotFound())) }},
		"the root is wrong":     {code: failed, says: []string{"InRelease|Release", "signature|signed"}, strike: func(s *repotest.Server) { s.Strike(anyRoot, always(repotest.Corrupt())) }},
		"the root is a page":    {code: failed, says: []string{"InRelease|Release"}, strike: func(s *repotest.Server) { s.Strike(anyRoot, always(repotest.HTML())) }},
		"the root is another's": {code: failed, says: []string{"key|signature"}, strike: func(s *repotest.Server) { s.Strike(anyRoot, repotest.From(old.dir)) }},
		"a signature that is not the root's": {code: failed, says: []string{"signature"}, strike: func(s *repotest.Server) {
			s.Strike(`/InRelease$`, repotest.NotFound())
			s.Strike(`/Release\.gpg$`, repotest.From(old.dir))
		}},
		"the server is closed to us": {code: failed, says: []string{"401|403|Unauthorized|Forbidden"}, strike: func(s *repotest.Server) { s.Strike(".", repotest.BasicAuth("user", "secret")) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			s := u.Suite("stable")
			for i := range 12 {
				s.Add(repotest.Package{Name: fmt.Sprintf("package%02d", i), Size: 20000})
			}
			u.publish()
			server := repotest.Serve(t, u.dir)
			k := newKeeper(t, quick+fullMirror(u.source("debian", server.URL)))
			k.sync()
			before := readTree(t, k.published("full"))

			s.Remove("package07")
			s.Add(repotest.Package{Name: "package07", Version: "2.0", Size: 20000}, repotest.Package{Name: "package12", Size: 20000})
			u.publish()
			c.strike(server)
			r := k.exits(c.code, "sync")
			a := newApt(t, debLine(u.key, "file://"+k.published("full")))
			if c.code == failed {
				r.says(append([]string{"error:"}, c.says...)...)
				for path, digest := range readTree(t, k.published("full")) {
					if before[path] != digest && !strings.HasSuffix(path, ".deb") {
						t.Errorf("the failed run changed %s", path)
					}
				}
				a.update()
				if got := a.version("package07"); got != "1.0" {
					t.Errorf("after the failed run apt sees version %q, expected 1.0", got)
				}
				server.Heal()
				k.sync()
			}
			wantAllOf(t, u.dir, k.published("full"), func(path string) bool { return filepath.Base(path) != c.absent })
			a.update()
			if got := a.version("package07"); got != "2.0" {
				t.Errorf("apt sees version %q, expected 2.0", got)
			}
		})
	}
}

func TestResumedFilesAreNotFetchedTwice(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	for i := range 4 {
		u.Add(repotest.Package{Name: fmt.Sprintf("package%d", i), Size: 1 << 20})
	}
	u.publish()
	server := repotest.Serve(t, u.dir)
	server.Strike(allPackages, once(repotest.Cut()))
	k := newKeeper(t, quick+fullMirror(u.source("debian", server.URL)))
	k.sync()
	wantSameTree(t, u.dir, k.published("full"), nil)
	sent := map[string]int64{}
	for _, r := range server.Requests(allPackages) {
		sent[r.Path] += r.Bytes
	}
	for path, bytes := range sent {
		if size := fileSize(t, filepath.Join(u.dir, path)); bytes != size {
			t.Errorf("%d bytes of %s were sent, which has %d", bytes, path, size)
		}
	}
}

func TestUpstreamMovesWhileItIsRead(t *testing.T) {
	t.Parallel()
	for _, byHash := range []bool{true, false} {
		t.Run(fmt.Sprintf("by-hash=%v", byHash), func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			u.Suite("stable").ByHash = byHash
			u.AddText(someText)
			u.publish()
			server := repotest.Serve(t, u.dir)
			moved := false
			server.Strike(`/(Packages\.[gx]z|by-hash/.*)$`, repotest.Before(func(*http.Request) {
				if !moved {
					moved = true
					u.Suite("stable").Remove("other")
					u.AddText("newcomer 1.0 amd64")
					u.publish()
				}
			}))
			k := newKeeper(t, "transfer: {connections: 1, per-host: 1, retries: 2}\n"+fullMirror(u.source("debian", server.URL)))
			k.sync()
			wantSameTree(t, u.dir, k.published("full"), nil)
		})
	}
}

func TestFailOverToTheNextAddress(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	bad, good := repotest.Serve(t, u.dir), repotest.Serve(t, u.dir)
	bad.Strike(allPackages, repotest.Corrupt())
	bad.Strike(allIndexes, repotest.Unavailable(""))
	k := newKeeper(t, quick+fullMirror(u.source("debian", "[http://127.0.0.1:1, "+bad.URL+", "+good.URL+"]")))
	k.sync()
	wantSameTree(t, u.dir, k.published("full"), nil)
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	server := repotest.Serve(t, u.dir)
	server.Strike(".", repotest.BasicAuth("user", "sec:ret"))
	withUser := strings.Replace(server.URL, "http://", "http://user:sec%3Aret@", 1)
	for name, source := range map[string]string{
		"in the address": u.source("debian", withUser),
		"in the source":  u.source("debian", server.URL, "auth: {username: user, password: '${PASSWORD}'}"),
		"in a netrc":     u.source("debian", server.URL, "auth: {netrc: netrc}"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeeper(t, fullMirror(source))
			k.env = []string{"PASSWORD=sec:ret"}
			write(t, filepath.Join(k.dir, "netrc"), "machine 127.0.0.1 login user password sec:ret\n")
			k.sync()
			wantSameTree(t, u.dir, k.published("full"), nil)
		})
	}
	k := newKeeper(t, quick+fullMirror(u.source("debian", strings.Replace(withUser, "ret@", "rat@", 1))))
	if r := k.exits(failed, "sync"); strings.Contains(r.stderr+r.stdout, "sec") {
		t.Errorf("the password is told:\n%s%s", r.stdout, r.stderr)
	}
}

func TestPackagesThatCannotBeFetchedMayBeLeftOut(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	server := repotest.Serve(t, u.dir)
	server.Strike(`/doc_`, repotest.NotFound())
	k := newKeeper(t, "transfer: {retries: 1, ignore-errors: 1}\n"+partialMirror(u.source("debian", server.URL), "packages: [app, doc, other]"))
	k.exits(findings, "sync").says("doc")
	a := newApt(t, debLine(k.published("part/key.gpg"), "file://"+k.published("part")))
	a.update()
	a.simulates("app", "other")
	if got := a.version("doc"); got != "" {
		t.Errorf("apt sees version %q of the package that was left out", got)
	}
	k.exits(done, "verify", k.published("part"), "--level", "closure")
	server.Heal()
	k.sync()
	a.update()
	a.simulates("doc")
}
