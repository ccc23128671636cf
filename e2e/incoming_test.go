package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// builder is somebody with a GnuPG of their own, who builds and signs packages.
type builder struct {
	t    *testing.T
	home string
	key  string // file of the public key
}

func newBuilder(t *testing.T) *builder {
	t.Helper()
	need(t, "gpg")
	home, err := os.MkdirTemp("", "gnupg") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{t: t, home: home, key: filepath.Join(tempDir(t), "builder.asc")}
	t.Cleanup(func() {
		b.run("", "gpgconf", "--kill", "gpg-agent") // of this home only
		os.RemoveAll(home)
	})
	b.run("", "gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "builder <builder@example.org>", "rsa2048", "sign", "never")
	write(t, b.key, b.run("", "gpg", "--batch", "--armor", "--export"))
	return b
}

func (b *builder) run(dir, program string, args ...string) string {
	b.t.Helper()
	c := exec.Command(need(b.t, program), args...)
	c.Dir, c.Env = dir, environment(b.home, "GNUPGHOME="+b.home)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		b.t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, out, &stderr)
	}
	return string(out)
}

// debianRules build a package without any tool but dpkg's own.
const debianRules = `#!/usr/bin/make -f
build build-arch build-indep clean:
binary-arch:
binary binary-indep:
	mkdir -p debian/tmp/DEBIAN debian/tmp/usr/share/app
	cp text debian/tmp/usr/share/app/
	dpkg-gencontrol
	dpkg-deb --root-owner-group --build debian/tmp ..
.PHONY: build build-arch build-indep clean binary binary-arch binary-indep
`

// upload builds source and binary packages of "app" with the real dpkg-buildpackage,
// signs their .changes and puts all of it into a directory.
func (b *builder) upload(to, version, text string) {
	b.t.Helper()
	dir := filepath.Join(tempDir(b.t), "app")
	write(b.t, filepath.Join(dir, "debian/control"), "Source: app\nMaintainer: builder <builder@example.org>\nSection: misc\nPriority: optional\nStandards-Version: 4.6.2\n\n"+
		"Package: app\nArchitecture: all\nDescription: a package to upload\n")
	write(b.t, filepath.Join(dir, "debian/changelog"), fmt.Sprintf("app (%s) stable; urgency=medium\n\n  * New.\n\n -- builder <builder@example.org>  Sat, 01 Aug 2026 12:00:00 +0000\n", version))
	write(b.t, filepath.Join(dir, "debian/source/format"), "3.0 (native)\n")
	write(b.t, filepath.Join(dir, "debian/rules"), debianRules)
	write(b.t, filepath.Join(dir, "text"), text)
	if err := os.Chmod(filepath.Join(dir, "debian/rules"), 0o755); err != nil {
		b.t.Fatal(err)
	}
	b.run(dir, "dpkg-buildpackage", "--no-check-builddeps", "--unsigned-source", "--unsigned-changes")
	built, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "app_*"))
	if err != nil || len(built) < 4 {
		b.t.Fatalf("built are %q, %v", built, err)
	}
	for _, file := range built {
		if filepath.Ext(file) == ".changes" {
			b.run("", "gpg", "--batch", "--quiet", "--clear-sign", file)
			if err := os.Rename(file+".asc", file); err != nil {
				b.t.Fatal(err)
			}
		}
		if err := os.Rename(file, filepath.Join(to, filepath.Base(file))); err != nil {
			b.t.Fatal(err)
		}
	}
}

// arrivals is the JSON of incoming --once.
type arrivals struct {
	Repositories []struct {
		Uploads []struct {
			Name, State, Moved         string
			Packages, Signers, Reasons []string
		}
	}
}

// What the real dpkg-buildpackage made and gpg signed is taken, source package and all,
// and apt installs it; other content under the same version is not.
func TestIncomingOfDebs(t *testing.T) {
	t.Parallel()
	b := newBuilder(t)
	k := newKeeper(t, "repositories:\n  ours:\n    type: deb\n    incoming: {from: in, uploaders: {keys: '"+b.key+"', packages: app}, settle: 100ms}\n")
	in := filepath.Join(k.dir, "in")
	if err := os.Mkdir(in, 0o755); err != nil {
		t.Fatal(err)
	}
	b.upload(in, "1.0", "the first\n")
	got := decode[arrivals](k.exits(done, "incoming", "--once", "-o", "json")).Repositories[0].Uploads
	if len(got) != 1 || got[0].State != "admitted" || len(got[0].Packages) != 2 || !strings.Contains(got[0].Signers[0], "builder") {
		t.Fatalf("%+v", got)
	}
	if left, _ := os.ReadDir(in); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
	a := newApt(t, debLine(k.published("ours/key.asc"), "file://"+k.published("ours")), strings.Replace(debLine(k.published("ours/key.asc"), "file://"+k.published("ours")), "deb ", "deb-src ", 1))
	a.update()
	a.install("app")
	if out, err := a.run("apt-get", "source", "--download-only", "app"); err != nil {
		t.Errorf("apt-get source: %v\n%s", err, out)
	}

	b.upload(in, "1.0", "the second\n")
	k.exits(findings, "incoming", "ours", "--once").says("refused app_1.0_", "other content")
	refused, err := filepath.Glob(filepath.Join(in, "refused/*/REASON"))
	if err != nil || len(refused) != 1 {
		t.Fatalf("reasons in %q, %v", refused, err)
	}
	if text, err := os.ReadFile(refused[0]); err != nil || !strings.Contains(string(text), "other content") {
		t.Errorf("%v\n%s", err, text)
	}
	b.upload(in, "1.1", "the second\n")
	k.exits(done, "incoming", "--once")
	a.update()
	if got := a.version("app"); got != "1.1" {
		t.Errorf("apt would install %q", got)
	}
	stranger := newBuilder(t)
	stranger.upload(in, "1.2", "evil\n")
	k.exits(findings, "incoming", "--once").says("not signed by an uploader")
	k.exits(done, "incoming", "ours", "--once", "--keys", stranger.key) // none of it is left
	k.exits(misused, "incoming", "nobodys")
	k.exits(done, "create", "ours") // what was uploaded stays
	a.update()
	if got := a.version("app"); got != "1.1" {
		t.Errorf("apt would install %q", got)
	}
}

// The same for rpm: packages that the real rpmsign signed, by the flags alone.
func TestIncomingOfRPMs(t *testing.T) {
	t.Parallel()
	b := newBuilder(t)
	need(t, "rpmsign")
	dir := tempDir(t)
	paths := repotest.WritePackages(t, "rpm", dir, "app 1.0-1 noarch\nbare 1.0-1 noarch\n")
	k := newKeeper(t, "repositories:\n  ours: {type: rpm, packages: '"+paths[1]+"', add: true}\n")
	in := filepath.Join(k.dir, "in")
	for _, path := range repotest.WritePackages(t, "rpm", in, "app 1.0-1 noarch\nunsigned 1.0-1 noarch\n") {
		if strings.HasPrefix(filepath.Base(path), "app") {
			b.run("", "rpmsign", "--define", "_gpg_name builder@example.org", "--define", "__gpg "+need(t, "gpg"), "--addsign", path)
		}
	}
	k.exits(misused, "incoming").says("no repository of the configuration has incoming")
	k.exits(misused, "incoming", "ours", "--from", in).says("--from and --keys")
	k.exits(done, "create")
	k.exits(findings, "incoming", "ours", "--once", "--from", in, "--keys", b.key).says("refused unsigned-1.0-1.noarch.rpm")
	d := newDnf(t, dnfRepository("ours", k.published("ours/key.asc"), "file://"+k.published("ours")))
	if got := strings.Join(d.available(), " "); got != "app bare" {
		t.Errorf("dnf sees %q", got)
	}
	k.watches(in, b, func() {
		path := repotest.WritePackages(t, "rpm", dir, "later 1.0-1 noarch\n")[0]
		b.run("", "rpmsign", "--define", "_gpg_name builder@example.org", "--define", "__gpg "+need(t, "gpg"), "--addsign", path)
		if err := os.Rename(path, filepath.Join(in, filepath.Base(path))); err != nil {
			t.Fatal(err)
		}
	})
	if got := strings.Join(d.available(), " "); got != "app bare later" {
		t.Errorf("dnf sees %q", got)
	}
}

// watches has the program watch the directory while something is put there, until it
// is admitted, and wants it to end in peace when it is asked to.
func (k *keeper) watches(in string, b *builder, put func()) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	defer cancel()
	c := k.command(ctx, "incoming", "ours", "--from", in, "--keys", b.key, "-o", "json")
	out, err := c.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		k.t.Fatal(err)
	}
	put()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), `"state":"admitted"`) {
			break
		}
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		k.t.Error(err)
	}
	if err := c.Wait(); err != nil {
		k.t.Errorf("mirrorkeeper incoming: %v", err)
	}
}
