package signature_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	code := m.Run()
	for _, home := range []string{gnupgHome, lockedHome} {
		if home != "" {
			// Ends the agent of this home only.
			exec.Command("gpgconf", "--homedir", home, "--kill", "gpg-agent").Run()
			os.RemoveAll(home)
		}
	}
	if err := goleak.Find(); code == 0 && err != nil {
		os.Stderr.WriteString(err.Error())
		code = 1
	}
	os.Exit(code)
}

// gnupgHome is the directory of the real GnuPG that the tests ask, "" until then.
var gnupgHome string

// lockedHome is one with a key that has a passphrase, "" until it is needed.
var lockedHome string

// gnupg is the keys that GnuPG made for the tests, by name.
type gnupg struct {
	fingerprints map[string]string // of primary keys
	subkeys      map[string]string // of signing subkeys
	documents    map[string][]byte // clear-signed, in many ways
	unrevoked    []byte            // the key "revoked" before that
}

// gpg runs gpg over the input and returns its output.
func gpg(t testing.TB, input []byte, args ...string) []byte {
	t.Helper()
	c := exec.Command("gpg", append([]string{"--homedir", gnupgHome, "--batch", "--yes", "--no-tty", "--quiet", "--pinentry-mode", "loopback"}, args...)...)
	var messages bytes.Buffer
	c.Stdin, c.Stderr = bytes.NewReader(input), &messages
	out, err := c.Output()
	if err != nil {
		t.Fatalf("gpg %q: %v\n%s", args, err, &messages)
	}
	return out
}

var gnupgOnce sync.Once

var gnupgKeys = gnupg{map[string]string{}, map[string]string{}, map[string][]byte{}, nil}

// withGnuPG makes the keys, once for all tests.
func withGnuPG(t testing.TB) gnupg {
	t.Helper()
	for _, tool := range []string{"gpg", "gpgv", "gpgconf"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	gnupgOnce.Do(func() {
		home, err := os.MkdirTemp("", "gnupg") // 0700, and short enough for a socket
		if err != nil {
			t.Fatal(err)
		}
		gnupgHome = home
		long := []string{"--faked-system-time", "20200101T000000"}
		generate(t, "rsa", "rsa2048", "never")
		generate(t, "ed25519", "ed25519", "never")
		generate(t, "other", "ed25519", "never")
		generate(t, "weak", "rsa1024", "never")
		generate(t, "dsa", "dsa1024", "never")
		generate(t, "expired", "ed25519", "1y", long...)
		generate(t, "extended", "ed25519", "1y", long...)
		generate(t, "revoked", "ed25519", "never")
		for name, expires := range map[string]string{"subkey": "never", "subkey-expired": "1y", "subkey-revoked": "never"} {
			options := long
			if name != "subkey-expired" {
				options = nil
			}
			generate(t, name, "ed25519 cert", "never", options...)
			gpg(t, nil, append(options, "--passphrase", "", "--quick-add-key", gnupgKeys.fingerprints[name], "ed25519", "sign", expires)...)
			gnupgKeys.subkeys[name] = fingerprintsOf(t, name)[1]
		}
		gnupgKeys.signDocuments(t)
		gnupgKeys.unrevoked = gnupgKeys.export(t, "revoked")
		gnupgKeys.spoilKeys(t)
	})
	if gnupgKeys.unrevoked == nil {
		t.Fatal("GnuPG made no keys")
	}
	return gnupgKeys
}

// generate makes a key of the algorithm, and its usage if that is not to sign.
func generate(t testing.TB, name, algorithm, expires string, options ...string) {
	algorithm, usage, _ := strings.Cut(algorithm, " ")
	if usage == "" {
		usage = "sign"
	}
	gpg(t, nil, append(options, "--passphrase", "", "--quick-gen-key", name+" <"+name+"@example.org>", algorithm, usage, expires)...)
	gnupgKeys.fingerprints[name] = fingerprintsOf(t, name)[0]
}

// fingerprintsOf returns the fingerprint of a key, and those of its subkeys.
func fingerprintsOf(t testing.TB, name string) (all []string) {
	for line := range strings.Lines(string(gpg(t, nil, "--with-colons", "--list-keys", "="+name+" <"+name+"@example.org>"))) {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" {
			all = append(all, fields[9])
		}
	}
	return all
}

// export returns the binary public keys of the names.
func (g gnupg) export(t testing.TB, names ...string) []byte {
	args := []string{"--export"}
	for _, name := range names {
		args = append(args, g.fingerprints[name])
	}
	return gpg(t, nil, args...)
}

// clearSign signs with the key of the name.
func (g gnupg) clearSign(t testing.TB, content []byte, name string, options ...string) []byte {
	return gpg(t, content, append(options, "--local-user", g.fingerprints[name], "--clear-sign")...)
}

// signDocuments signs in every way that is judged, while all keys are good.
func (g *gnupg) signDocuments(t testing.TB) {
	in2020 := []string{"--faked-system-time", "20200601T000000"}
	future := []string{"--faked-system-time", time.Now().AddDate(1, 0, 0).UTC().Format("20060102T150405")}
	for _, name := range []string{"rsa", "ed25519", "other", "subkey", "subkey-revoked", "revoked", "weak"} {
		g.documents[name] = g.clearSign(t, release, name)
	}
	for _, name := range []string{"expired", "extended", "subkey-expired"} {
		g.documents[name] = g.clearSign(t, release, name, in2020...)
	}
	g.documents["two"] = gpg(t, release, "-u", g.fingerprints["other"], "-u", g.fingerprints["ed25519"], "--clear-sign")
	g.documents["dsa"] = g.clearSign(t, release, "dsa", "--digest-algo", "SHA256")
	g.documents["sha1"] = g.clearSign(t, release, "rsa", "--digest-algo", "SHA1")
	g.documents["md5"] = g.clearSign(t, release, "rsa", "--allow-weak-digest-algos", "--digest-algo", "MD5")
	g.documents["sha256"] = g.clearSign(t, release, "rsa", "--digest-algo", "SHA256")
	g.documents["future"] = g.clearSign(t, release, "rsa", future...)
	g.documents["brief"] = g.clearSign(t, release, "extended", append(in2020, "--default-sig-expire", "2d")...)
	g.documents["critical"] = g.clearSign(t, release, "rsa", "--sig-notation", "!fit@example.org=no")
}

// spoilKeys revokes keys, and takes back an expiry.
func (g *gnupg) spoilKeys(t testing.TB) {
	gpg(t, nil, "--passphrase", "", "--quick-set-expire", g.fingerprints["extended"], "never")
	revocation := gnupgHome + "/openpgp-revocs.d/" + g.fingerprints["revoked"] + ".rev"
	gpg(t, bytes.Replace(read(t, revocation), []byte(":-----BEGIN"), []byte("-----BEGIN"), 1), "--import")
	gpg(t, []byte("y\n0\n\ny\n"), "--command-fd", "0", "--edit-key", g.fingerprints["subkey-revoked"], "key 1", "revkey", "save")
}

// aptAccepts asks gpgv, and judges its answer as apt does: a signature counts
// when it is good, its key is neither expired nor revoked, and its digest is
// neither MD5 nor SHA-1 nor RIPEMD-160 (numbers 1 to 3 in RFC 9580, section 9.5).
func aptAccepts(t testing.TB, keys []byte, files ...[]byte) bool {
	t.Helper()
	dir := t.TempDir()
	keyring := filepath.Join(dir, "keys.gpg")
	write(t, keyring, keys)
	args := []string{"--status-fd", "1", "--homedir", dir, "--keyring", keyring}
	for i, content := range files {
		path := filepath.Join(dir, string(rune('a'+i)))
		write(t, path, content)
		args = append(args, path)
	}
	status, _ := exec.Command("gpgv", args...).Output()
	good := false
	for line := range strings.Lines(string(status)) {
		switch fields := strings.Fields(line); fields[1] {
		case "GOODSIG":
			good = true
		case "NEWSIG":
			good = false
		case "VALIDSIG": // follows its GOODSIG
			if good && !strings.Contains(" 1 2 3 ", " "+fields[9]+" ") {
				return true
			}
		}
	}
	return false
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
