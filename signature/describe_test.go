package signature_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// describe describes the only key of a file.
func describe(t testing.TB, content []byte, now time.Time) signature.Description {
	t.Helper()
	all := keyring(t, content).Describe(now)
	if len(all) != 1 {
		t.Fatalf("%d keys", len(all))
	}
	return all[0]
}

// shownByGnuPG are the facts that gpg tells of a key and its subkeys (doc/DETAILS of
// GnuPG): fingerprint, size, creation, expiry and names.
func shownByGnuPG(t testing.TB, content []byte) (facts []string) {
	t.Helper()
	for line := range strings.Lines(string(gpg(t, content, "--with-colons", "--show-keys"))) {
		f := strings.Split(line, ":")
		switch f[0] {
		case "pub", "sub", "sec", "ssb":
			facts = append(facts, fmt.Sprintf("made %s ends %s", f[5], f[6]))
		case "fpr":
			facts[len(facts)-1] = f[9] + " " + facts[len(facts)-1]
		case "uid":
			facts = append(facts, "name "+f[9])
		}
	}
	slices.Sort(facts)
	return facts
}

func factsOf(d signature.Description) (facts []string) {
	for _, k := range append([]signature.Description{d}, d.Subkeys...) {
		end := ""
		if k.Expires != nil {
			end = strconv.FormatInt(k.Expires.Unix(), 10)
		}
		facts = append(facts, fmt.Sprintf("%s made %d ends %s", k.Fingerprint, k.Created.Unix(), end))
		for _, name := range k.UserIDs {
			facts = append(facts, "name "+name)
		}
	}
	slices.Sort(facts)
	return facts
}

// What is told of keys is what GnuPG tells of them.
func TestDescribeAsGnuPGDoes(t *testing.T) {
	g := withGnuPG(t)
	for name := range g.fingerprints {
		key := g.export(t, name)
		if diff := cmp.Diff(shownByGnuPG(t, key), factsOf(describe(t, key, time.Now()))); diff != "" {
			t.Errorf("%s: -gpg +ours:\n%s", name, diff)
		}
	}
}

func TestDescribe(t *testing.T) {
	g := withGnuPG(t)
	secret := func(name string, how string) []byte {
		return gpg(t, nil, "--passphrase", "", "--"+how, g.fingerprints[name])
	}
	in2020 := time.Date(2020, 12, 20, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		key       []byte
		now       time.Time
		algorithm string
		secret    signature.Secret
		good      string // s and v: for signing, verifying; behind a slash that of the subkey
		warning   string
	}{
		"a public key":        {g.export(t, "rsa"), time.Time{}, "RSA 2048", signature.SecretAbsent, "v", ""},
		"a secret key":        {secret("rsa", "export-secret-keys"), time.Time{}, "RSA 2048", signature.SecretOpen, "sv", ""},
		"Ed25519":             {g.export(t, "ed25519"), time.Time{}, "Ed25519", signature.SecretAbsent, "v", ""},
		"too short":           {secret("weak", "export-secret-keys"), time.Time{}, "RSA 1024", signature.SecretOpen, "", "no signature by it is believed"},
		"DSA":                 {g.export(t, "dsa"), time.Time{}, "DSA 1024", signature.SecretAbsent, "", "no signature by it is believed"},
		"expired":             {g.export(t, "expired"), time.Time{}, "Ed25519", signature.SecretAbsent, "", "no signature by it is believed"},
		"before it expired":   {g.export(t, "expired"), in2020, "Ed25519", signature.SecretAbsent, "v", "expires soon, at 2020-12-3"},
		"revoked":             {g.export(t, "revoked"), time.Time{}, "Ed25519", signature.SecretAbsent, "", "no signature by it is believed"},
		"a subkey that signs": {secret("subkey", "export-secret-keys"), time.Time{}, "Ed25519", signature.SecretOpen, "/sv", ""},
		"a subkey alone":      {secret("subkey", "export-secret-subkeys"), time.Time{}, "Ed25519", signature.SecretElsewhere, "/sv", ""},
		"an expired subkey":   {g.export(t, "subkey-expired"), time.Time{}, "Ed25519", signature.SecretAbsent, "/", "no signature by it is believed"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.now.IsZero() {
				test.now = time.Now()
			}
			d := describe(t, test.key, test.now)
			if d.Algorithm != test.algorithm || d.Secret != test.secret {
				t.Errorf("a key of %s whose secret half is %s, expected %s, %s", d.Algorithm, d.Secret, test.algorithm, test.secret)
			}
			good := goodFor(d)
			for _, s := range d.Subkeys {
				good += "/" + goodFor(s)
			}
			if good != test.good {
				t.Errorf("it is good for %q, expected %q: %s", good, test.good, d.Reason)
			}
			if warnings := strings.Join(d.Warnings, "; "); test.warning == "" && warnings != "" || !strings.Contains(warnings, test.warning) {
				t.Errorf("warnings %q, expected %q", warnings, test.warning)
			}
		})
	}
}

func goodFor(d signature.Description) (good string) {
	if d.Signs {
		good += "s"
	}
	if d.Verifies {
		return good + "v"
	}
	if d.Reason == "" {
		good += "(for no reason)"
	}
	return good
}

// A key that vouches for itself by SHA-1 is good here, and not everywhere.
func TestDescribeWarnsOfSHA1(t *testing.T) {
	withGnuPG(t)
	gpg(t, nil, "--passphrase", "", "--cert-digest-algo", "SHA1", "--quick-gen-key", "old <old@example.org>", "rsa2048", "sign", "never")
	key := gpg(t, nil, "--export", "=old <old@example.org>")
	d := describe(t, key, time.Now())
	if !d.Verifies || !strings.Contains(strings.Join(d.Warnings, ";"), "SHA-1") {
		t.Errorf("%+v", d)
	}
}

func TestDescribeTellsProtectedKeys(t *testing.T) {
	var b strings.Builder
	if err := generatedKey(t).WritePrivate(&b, []byte("open sesame")); err != nil {
		t.Fatal(err)
	}
	if d := describe(t, []byte(b.String()), time.Now()); d.Secret != signature.SecretProtected || !d.Signs {
		t.Errorf("%+v", d)
	}
}
