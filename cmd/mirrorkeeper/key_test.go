package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

func TestKeyGenerate(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "release.asc")
	wantResult(t, mirrorkeeper("key", "generate", file, "--name", "Example <packages@example.org>"), 0, " is in "+file)
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	before := read(t, file)
	wantResult(t, mirrorkeeper("key", "generate", file), exitFailed, "no key is ever replaced")
	if read(t, file) != before {
		t.Error("the key was replaced")
	}
	wantResult(t, mirrorkeeper("key", "show", file), 0, "Example <packages@example.org>", "RSA 3072", "never", "signing, verifying", "there, without a passphrase")
	wantResult(t, mirrorkeeper("key", "generate", filepath.Join(dir, "b.asc"), "--name", "<>"), exitFailed, `"<>"`)
	if _, err := os.Stat(filepath.Join(dir, "b.asc")); err == nil {
		t.Error("a file is left where no key could be made")
	}
	wantResult(t, mirrorkeeper("key", "generate"), exitUsage, "takes 1 arguments")

	passphrase := write(t, filepath.Join(dir, "passphrase"), "open sesame\n")
	locked := filepath.Join(dir, "locked.asc")
	r := mirrorkeeper("key", "generate", locked, "--passphrase-file", passphrase, "-o", "json")
	var made struct{ File, Fingerprint string }
	if err := json.Unmarshal([]byte(r.out), &made); err != nil || made.File != locked || len(made.Fingerprint) != 40 {
		t.Errorf("%+v, %v: %s%s", made, err, r.out, r.errs)
	}
	wantResult(t, mirrorkeeper("key", "show", locked), 0, made.Fingerprint, "there, with a passphrase")
}

func wantResult(t *testing.T, r result, code int, says ...string) {
	t.Helper()
	for _, s := range says {
		if !strings.Contains(r.out+r.errs, s) {
			t.Errorf("nothing about %q", s)
		}
	}
	if r.code != code || t.Failed() {
		t.Fatalf("exit code %d, expected %d\n%s%s", r.code, code, r.out, r.errs)
	}
}

// A key comes out of a file in every form that clients want.
func TestKeyExportOfAFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "release.asc")
	wantResult(t, mirrorkeeper("key", "generate", file, "--name", "Example"), 0)
	fingerprint := strings.TrimSpace(mirrorkeeper("key", "export", file, "--format", "fingerprint").out)
	for _, format := range []string{"asc", "gpg", "rpm"} {
		r := mirrorkeeper("key", "export", file, "--format", format)
		if r.code != 0 || strings.Contains(r.out, "PRIVATE") {
			t.Fatalf("%s: exit code %d\n%s%s", format, r.code, r.out, r.errs)
		}
		public := write(t, filepath.Join(dir, "public."+format), r.out)
		wantResult(t, mirrorkeeper("key", "show", "./"+relative(t, public)), 0, fingerprint, "not in the file", "good for    verifying")
		if got := shown(t, public); !strings.Contains(got, "pub:") || strings.Contains(got, "sec:") || !strings.Contains(got, fingerprint) {
			t.Errorf("%s: gpg shows\n%s", format, got)
		}
	}
	r := mirrorkeeper("key", "export", file, "--format", "deb822")
	lines := strings.Split(strings.TrimSuffix(r.out, "\n"), "\n")
	if lines[0] != "Signed-By:" || lines[1] != " -----BEGIN PGP PUBLIC KEY BLOCK-----" || lines[2] != " ." {
		t.Errorf("deb822:\n%s", r.out)
	}
	for _, line := range lines[1:] {
		if line[0] != ' ' || strings.TrimSpace(line) == "" {
			t.Errorf("deb822: the field ends before the line %q", line)
		}
	}
	var exported exportedKeys
	if err := json.Unmarshal([]byte(mirrorkeeper("key", "export", file, "--format", "gpg", "-o", "json").out), &exported); err != nil {
		t.Fatal(err)
	}
	if exported.Fingerprints[0] != fingerprint || string(exported.Binary) != mirrorkeeper("key", "export", file, "--format", "gpg").out {
		t.Errorf("%+v", exported)
	}
	wantResult(t, mirrorkeeper("key", "export", file, "--format", "pem"), exitUsage, "fingerprint")
	wantResult(t, mirrorkeeper("key", "export", filepath.Join(dir, "none.asc")), exitFailed, "none.asc")
}

func relative(t *testing.T, path string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	path, err = filepath.Rel(dir, path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// shown is what gpg shows of a file of keys.
func shown(t *testing.T, file string) string {
	t.Helper()
	need(t, "gpg")
	out, err := exec.Command("gpg", "--homedir", t.TempDir(), "--batch", "--quiet", "--with-colons", "--show-keys", file).CombinedOutput()
	if err != nil {
		t.Fatalf("gpg: %v\n%s", err, out)
	}
	return string(out)
}

// need returns the path of a program. Without it the test is skipped, or fails where
// everything has to be there.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		lacking(t, err)
	}
	return path
}

func lacking(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// rpm imports all keys of the form that is for it.
func TestRPMImportsExportedKeys(t *testing.T) {
	rpmkeys := need(t, "rpmkeys")
	dir := t.TempDir()
	var both string
	for _, name := range []string{"a", "b"} {
		file := filepath.Join(dir, name+".asc")
		wantResult(t, mirrorkeeper("key", "generate", file, "--name", "key "+name), 0)
		both += mirrorkeeper("key", "export", file).out
	}
	file := write(t, filepath.Join(dir, "both.asc"), both)
	keys := write(t, filepath.Join(dir, "rpm.asc"), mirrorkeeper("key", "export", file, "--format", "rpm").out)
	root := filepath.Join(dir, "root")
	if out, err := exec.Command(rpmkeys, "--root", root, "--import", keys).CombinedOutput(); err != nil {
		t.Fatalf("rpmkeys: %v\n%s", err, out)
	}
	out, err := exec.Command(need(t, "rpm"), "--root", root, "-q", "gpg-pubkey", "--qf", "%{summary}\n").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "key a") || !strings.Contains(string(out), "key b") {
		t.Errorf("rpm knows %v\n%s", err, out)
	}
}

// Before the first run there is no key; then it is the one that signed, and with a
// configured one that, whatever was published.
func TestKeyExportOfAMirror(t *testing.T) {
	r := newRPMs(t, twoPackages)
	r.Publish(r.served)
	c := r.configured("url: URL, keys: KEY", ", packages: app")
	r.want(exitFailed, "there is no key yet", "key", "export", "m", "-c", c)
	r.want(exitUsage, `no mirror or repository "x"; the configuration has m`, "key", "export", "x", "-c", c)
	r.want(0, "published", "sync", "-c", c)
	if got := mirrorkeeper("key", "export", "m", "-c", c).out; got != read(t, r.published("key.asc")) {
		t.Errorf("exported\n%s", got)
	}
	if got := mirrorkeeper("key", "export", "m", "-c", c, "--format", "gpg").out; got != read(t, r.published("key.gpg")) {
		t.Errorf("exported\n%s", got)
	}

	old := filepath.Join(r.dir, "old.asc")
	wantResult(t, mirrorkeeper("key", "generate", old, "--passphrase-file", write(t, filepath.Join(r.dir, "passphrase"), "open sesame")), 0)
	fingerprint := strings.TrimSpace(mirrorkeeper("key", "export", old, "--format", "fingerprint").out)
	c = r.configured("url: URL, keys: KEY", ", packages: app, sign: {key: old.asc, passphrase-file: passphrase}")
	r.want(0, fingerprint, "key", "export", "m", "-c", c, "--format", "fingerprint")
	r.want(0, "published", "sync", "-c", c)
	r.want(0, fingerprint, "key", "export", "m", "--destination", filepath.Join(r.dir, "out"), "--format", "fingerprint")
	r.want(exitFailed, "no keys are known of x", "key", "export", "x", "--destination", filepath.Join(r.dir, "out"))

	full := r.configured("url: URL, keys: KEY", "")
	r.want(0, r.Key.Fingerprint(), "key", "show", "m", "-c", full)
}

// One key takes the place of another: what knows either believes the mirror, as long as
// both sign. The first one here is the one that is made where none is configured.
func TestKeyRotation(t *testing.T) {
	r := newRPMs(t, twoPackages)
	r.Publish(r.served)
	c := r.configured("url: URL, keys: KEY", ", packages: app")
	r.want(0, "published", "sync", "-c", c)
	before, after := filepath.Join(r.dir, "before.asc"), filepath.Join(r.dir, "after.asc")
	write(t, before, read(t, r.published("key.asc")))
	wantResult(t, mirrorkeeper("key", "generate", filepath.Join(r.dir, "new.asc")), 0)
	write(t, after, mirrorkeeper("key", "export", filepath.Join(r.dir, "new.asc")).out)
	believe := func(key string, code int) {
		t.Helper()
		if got := mirrorkeeper("verify", r.published(""), "--level", "signature", "--key", key); got.code != code {
			t.Errorf("verify with %s: exit code %d, expected %d\n%s%s", key, got.code, code, got.out, got.errs)
		}
	}
	believe(before, 0)
	believe(after, exitIncomplete)

	c = r.configured("url: URL, keys: KEY", ", packages: app, sign: [{key: out/.mirrorkeeper/release-key.asc}, {key: new.asc}]")
	r.want(0, "published", "sync", "-c", c)
	r.want(0, "unchanged", "sync", "-c", c)
	believe(before, 0)
	believe(after, 0)
	if got := shown(t, r.published("key.asc")) + shown(t, r.published("key.gpg")); strings.Count(got, "pub:") != 4 {
		t.Errorf("the published keys are\n%s", got)
	}

	c = r.configured("url: URL, keys: KEY", ", packages: app, sign: {key: new.asc}")
	r.want(0, "published", "sync", "-c", c)
	believe(before, exitIncomplete)
	believe(after, 0)
}

// The keys of a repository that was created without a configuration are known where it
// is.
func TestKeyExportOfACreatedRepository(t *testing.T) {
	dir := t.TempDir()
	packages := repotest.WritePackages(t, "deb", filepath.Join(dir, "in"), "app 1.0 amd64\n")
	wantResult(t, mirrorkeeper("create", "local", "--type", "deb", "--destination", filepath.Join(dir, "out"), packages[0]), 0)
	r := mirrorkeeper("key", "export", "local", "--destination", filepath.Join(dir, "out"))
	wantResult(t, r, 0)
	if want := read(t, filepath.Join(dir, "out/local/key.asc")); r.out != want {
		t.Errorf("exported\n%s\nexpected\n%s", r.out, want)
	}
	file := protectedKey(t)
	wantResult(t, mirrorkeeper("create", "local", "--type", "deb", "--destination", filepath.Join(dir, "out"), "--key", file,
		"--passphrase-file", filepath.Join(filepath.Dir(file), "passphrase"), packages[0]), 0)
	wantResult(t, mirrorkeeper("key", "export", "local", "--destination", filepath.Join(dir, "out")), 0, mirrorkeeper("key", "export", file).out)
}

func TestKeyShowWarns(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "release.asc")
	wantResult(t, mirrorkeeper("key", "generate", file), 0)
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	wantResult(t, mirrorkeeper("key", "show", file), exitIncomplete, "others can read its secret half", "0644")
	r := mirrorkeeper("key", "show", file, "-o", "json")
	var shown struct {
		Keys []struct {
			Fingerprint, Algorithm, Secret string
			Signs, Verifies                bool
			Warnings                       []string
		}
	}
	if err := json.Unmarshal([]byte(r.out), &shown); err != nil || len(shown.Keys) != 1 || !shown.Keys[0].Signs || len(shown.Keys[0].Warnings) != 1 {
		t.Errorf("%+v, %v", shown, err)
	}
}

// protectedKey is the file of a key with the passphrase "open sesame".
func protectedKey(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "release.asc")
	passphrase := write(t, filepath.Join(dir, "passphrase"), "open sesame\n")
	wantResult(t, mirrorkeeper("key", "generate", file, "--passphrase-file", passphrase), 0)
	return file
}
