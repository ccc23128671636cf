package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// gnupg is a GnuPG with one key, whose passphrase is "open sesame".
func gnupg(t *testing.T) (home string) {
	t.Helper()
	need(t, "gpg")
	home, err := os.MkdirTemp("", "gnupg") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		exec.Command("gpgconf", "--homedir", home, "--kill", "gpg-agent").Run() // of this home only
		os.RemoveAll(home)
	})
	write(t, filepath.Join(home, "gpg-agent.conf"), "s2k-count 65536\npinentry-program /nonexistent\n")
	for _, args := range [][]string{
		{"gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "open sesame", "--quick-gen-key", "signer", "rsa2048", "sign", "never"},
		{"gpgconf", "--homedir", home, "--kill", "gpg-agent"}, // it remembers the passphrase
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
	}
	return home
}

// A mirror is signed by gpg and by a command, which stands for a hardware module. When
// one of them cannot sign, the mirror stays as it is.
func TestSigningByPrograms(t *testing.T) {
	home := gnupg(t)
	r := newRPMs(t, twoPackages)
	r.Publish(r.served)
	write(t, filepath.Join(r.dir, "passphrase"), "open sesame\n")
	script := write(t, filepath.Join(r.dir, "sign.sh"), `
test -e "$1/locked" && { echo "the module is locked" >&2; exit 2; }
case $2 in inline) how=--clear-sign;; detached) how="--armor --detach-sign";; *) exit 9;; esac
exec gpg --homedir "$1" --batch --quiet --pinentry-mode loopback --passphrase-file passphrase.of.module $how
`)
	public, err := exec.Command("gpg", "--homedir", home, "--batch", "--armor", "--export").Output()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(r.dir, "public.asc"), string(public))
	write(t, script, strings.Replace(read(t, script), "passphrase.of.module", filepath.Join(r.dir, "passphrase"), 1))
	signs := func(sign string) string {
		return r.configured("url: URL, keys: KEY", ", packages: app, sign: "+sign)
	}
	agent := fmt.Sprintf("{gpg: signer, command: [gpg, --homedir, %s]", home)
	module := fmt.Sprintf("{command: [/bin/sh, %s, %s], public: public.asc}", script, home)

	r.want(exitFailed, "cannot ask for the passphrase", "sync", "-c", signs(agent+"}"))
	r.want(exitFailed, "passphrase-file: FILE", "sync", "-c", signs(agent+"}")) // the hint
	if _, err := os.Stat(r.published("repodata")); err == nil {
		t.Error("something was published without a signature")
	}
	r.want(0, "published", "sync", "-c", signs(agent+", passphrase-file: passphrase}"))
	r.want(0, "all right", "verify", r.published(""), "--level", "signature", "--key", filepath.Join(r.dir, "public.asc"))
	before := read(t, r.published("repodata/repomd.xml"))

	r.AddText("app 2.0-1 noarch\n Requires: lib\n")
	r.Publish(r.served)
	locked := write(t, filepath.Join(home, "locked"), "")
	r.want(exitFailed, "the module is locked", "sync", "-c", signs(module))
	if read(t, r.published("repodata/repomd.xml")) != before {
		t.Error("what is published has changed, though nobody signed it")
	}
	if err := os.Remove(locked); err != nil {
		t.Fatal(err)
	}
	r.want(0, "published", "sync", "-c", signs(module))
	r.want(0, "all right", "verify", r.published(""), "--level", "signature", "--key", filepath.Join(r.dir, "public.asc"))

	r.Key.WriteFile(t, filepath.Join(r.dir, "public.asc")) // not the module's
	r.AddText("app 3.0-1 noarch\n Requires: lib\n")
	r.Publish(r.served)
	r.want(exitFailed, "does not verify", "sync", "-c", signs(module))
}

// A protected key in a file is opened with what the environment has.
func TestSigningWithAPassphrase(t *testing.T) {
	r := newRPMs(t, twoPackages)
	r.Publish(r.served)
	file := protectedKey(t)
	c := r.configured("url: URL, keys: KEY", fmt.Sprintf(`, packages: app, sign: {key: %s, passphrase: "${PASSPHRASE}"}`, file))
	for passphrase, code := range map[string]int{"close sesame": exitFailed, "open sesame": 0} {
		var out, errs strings.Builder
		got := run([]string{"sync", "-c", c}, &out, &errs, func(name string) (string, bool) { return passphrase, name == "PASSPHRASE" })
		if got != code || strings.Contains(out.String()+errs.String(), "sesame") {
			t.Errorf("%q: exit code %d, expected %d\n%s%s", passphrase, got, code, &out, &errs)
		}
	}
}
