package signature_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// release is what is signed: with a line that begins with a dash, and an empty
// one.
var release = []byte("Origin: Example\nSuite: stable\n\n- dashed\nSHA256:\n 0123 4567 main/binary-amd64/Packages\n")

// keyring holds the keys of a file.
func keyring(t testing.TB, keys []byte, fingerprints ...string) *signature.Keyring {
	t.Helper()
	k := &signature.Keyring{}
	if err := k.Add("keys.gpg", keys); err != nil {
		t.Fatal(err)
	}
	if err := k.Restrict(fingerprints...); err != nil {
		t.Fatal(err)
	}
	return k
}

func TestInlineJudgesAsAptDoes(t *testing.T) {
	g := withGnuPG(t)
	for _, test := range []struct {
		document string
		keys     []string
		pins     []string
		want     error  // nil: good
		text     string // that stands in the error
		stricter bool   // than gpgv
	}{
		{document: "rsa", keys: []string{"rsa"}},
		{document: "sha256", keys: []string{"rsa"}},
		{document: "ed25519", keys: []string{"rsa", "ed25519"}},
		{document: "subkey", keys: []string{"subkey"}},
		{document: "two", keys: []string{"ed25519"}},
		{document: "two", keys: []string{"ed25519", "other"}},
		{document: "extended", keys: []string{"extended"}},
		{document: "rsa", keys: []string{"ed25519", "other"}, want: signature.ErrUnknownKey, text: "signed by key " + g.fingerprints["rsa"] + ", which is not among the pinned keys " + g.fingerprints["ed25519"] + ", " + g.fingerprints["other"]},
		{document: "two", keys: []string{"rsa"}, want: signature.ErrUnknownKey, text: "signed by the keys " + g.fingerprints["other"] + ", " + g.fingerprints["ed25519"] + ", which are not among the pinned keys " + g.fingerprints["rsa"]},
		{document: "expired", keys: []string{"expired"}, want: signature.ErrExpired, text: "key " + g.fingerprints["expired"] + " expired at 2020-12-3"},
		{document: "brief", keys: []string{"extended"}, want: signature.ErrExpired, text: "expired at 2020-06-03"},
		{document: "subkey-expired", keys: []string{"subkey-expired"}, want: signature.ErrExpired, text: "key " + g.subkeys["subkey-expired"] + " expired at 2020-12-3"},
		{document: "revoked", keys: []string{"revoked"}, want: signature.ErrRevoked, text: "key " + g.fingerprints["revoked"] + " is revoked"},
		{document: "subkey-revoked", keys: []string{"subkey-revoked"}, want: signature.ErrRevoked, text: "key " + g.subkeys["subkey-revoked"] + " is revoked"},
		{document: "sha1", keys: []string{"rsa"}, want: signature.ErrWeak, text: "SHA-1"},
		{document: "md5", keys: []string{"rsa"}, want: signature.ErrUnsupported, text: "MD5"},
		{document: "weak", keys: []string{"weak"}, want: signature.ErrWeak, text: "1024 bits", stricter: true},
		{document: "dsa", keys: []string{"dsa"}, want: signature.ErrWeak, text: "DSA", stricter: true},
		{document: "future", keys: []string{"rsa"}, want: signature.ErrFuture, stricter: true},
		{document: "critical", keys: []string{"rsa"}, want: signature.ErrBadSignature, text: "fit@example.org"},

		{document: "rsa", keys: []string{"rsa", "other"}, pins: []string{g.fingerprints["rsa"]}},
		{document: "rsa", keys: []string{"rsa", "other"}, pins: []string{g.fingerprints["other"] + "," + strings.ToLower(g.fingerprints["rsa"]) + "!"}},
		{document: "rsa", keys: []string{"rsa", "other"}, pins: []string{g.fingerprints["other"]}, want: signature.ErrUnknownKey, text: "pinned keys " + g.fingerprints["other"], stricter: true},
		{document: "subkey", keys: []string{"subkey"}, pins: []string{g.fingerprints["subkey"]}},
		{document: "subkey", keys: []string{"subkey"}, pins: []string{g.subkeys["subkey"]}},
		{document: "subkey", keys: []string{"subkey"}, pins: []string{g.subkeys["subkey"] + "!"}},
		{document: "subkey", keys: []string{"subkey"}, pins: []string{g.fingerprints["subkey"] + "!"}, want: signature.ErrUnknownKey, text: g.fingerprints["subkey"] + "!", stricter: true},
	} {
		name := strings.Join(append([]string{test.document, "by"}, append(test.keys, test.pins...)...), " ")
		t.Run(name, func(t *testing.T) {
			keys := g.export(t, test.keys...)
			content, signers, err := keyring(t, keys, test.pins...).Inline(g.documents[test.document], time.Now())
			if !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error(), test.text) {
				t.Fatalf("error %v\nwant  %v with %q", err, test.want, test.text)
			}
			if apt := aptAccepts(t, keys, g.documents[test.document]); apt != (err == nil) && !test.stricter {
				t.Errorf("apt accepts it: %v", apt)
			}
			if err != nil {
				if content != nil || signers != nil {
					t.Errorf("content %q and signers %q beside an error", content, signers)
				}
				return
			}
			if d := cmp.Diff(string(release), string(content)); d != "" {
				t.Error(d)
			}
			if len(signers) == 0 || !slices.ContainsFunc(test.keys, func(key string) bool {
				return signers[0] == g.fingerprints[key]+" ("+key+" <"+key+"@example.org>)"
			}) {
				t.Errorf("signers %q", signers)
			}
		})
	}
}

func TestInlineHeedsRevocationsInAnyCopyOfAKey(t *testing.T) {
	g := withGnuPG(t)
	revoked := g.export(t, "revoked")
	for _, copies := range [][][]byte{{g.unrevoked, revoked}, {revoked, g.unrevoked}} {
		k := keyring(t, bytes.Join(copies, nil))
		if _, _, err := k.Inline(g.documents["revoked"], time.Now()); !errors.Is(err, signature.ErrRevoked) {
			t.Error(err)
		}
	}
	if _, _, err := keyring(t, g.unrevoked).Inline(g.documents["revoked"], time.Now()); err != nil {
		t.Errorf("with the copy from before: %v", err)
	}
}

func TestInlineReportsEverySigner(t *testing.T) {
	g := withGnuPG(t)
	document := gpg(t, release, "-u", g.fingerprints["other"], "-u", g.fingerprints["rsa"], "-u", g.fingerprints["ed25519"], "--clear-sign")
	_, signers, err := keyring(t, g.export(t, "ed25519", "other")).Inline(document, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(signers)
	want := []string{g.fingerprints["ed25519"] + " (ed25519 <ed25519@example.org>)", g.fingerprints["other"] + " (other <other@example.org>)"}
	slices.Sort(want)
	if d := cmp.Diff(want, signers); d != "" {
		t.Error(d)
	}
}

func TestInlineFrame(t *testing.T) {
	g := withGnuPG(t)
	document := string(g.clearSign(t, release, "ed25519"))
	head, tail, _ := strings.Cut(document, "-----BEGIN PGP SIGNATURE-----")
	for name, test := range map[string]struct {
		document string
		want     error
		text     string
	}{
		"as it is":                 {document: document},
		"CRLF":                     {document: strings.ReplaceAll(document, "\n", "\r\n")},
		"white space around":       {document: "\n \r\n" + document + "\n\n\t \r\n"},
		"white space at line ends": {document: strings.Replace(document, "Suite: stable", "Suite: stable \t", 1)},
		"no last line end":         {document: strings.TrimSpace(document)},
		"empty":                    {"", signature.ErrUnsigned, `begins with ""`},
		"a web page":               {"<!DOCTYPE html>\n<title>Please log in</title>", signature.ErrUnsigned, "<!DOCTYPE html>"},
		"not signed":               {string(release), signature.ErrUnsigned, "Origin: Example"},
		"cut":                      {document[:len(document)-40], signature.ErrUnsigned, "truncated"},
		"cut before the signature": {head, signature.ErrUnsigned, "truncated"},
		"text before":              {"Origin: Evil\n" + document, signature.ErrUnsigned, "Origin: Evil"},
		"byte order mark":          {"\ufeff" + document, signature.ErrUnsigned, "begins with"},
		"text behind":              {document + "Origin: Evil\n", signature.ErrBadSignature, "Origin: Evil"},
		"text right behind":        {strings.TrimSpace(document) + "Origin: Evil\n", signature.ErrBadSignature, "Origin: Evil"},
		"signed twice":             {document + document, signature.ErrBadSignature, "behind the signed text"},
		"second signature block":   {document + "-----BEGIN PGP SIGNATURE-----" + tail, signature.ErrBadSignature, "behind the signed text"},
		"a line more":              {strings.Replace(document, "SHA256:", "Label: Evil\nSHA256:", 1), signature.ErrBadSignature, "does not belong to this content"},
		"a line less":              {strings.Replace(document, "Origin: Example\n", "", 1), signature.ErrBadSignature, "does not belong to this content"},
		"text in the header":       {strings.Replace(document, "Hash: ", "Origin: Evil\nHash: ", 1), signature.ErrUnsigned, "malformed"},
		"an empty line more":       {strings.Replace(document, "\n-----BEGIN PGP SIG", "\n\n-----BEGIN PGP SIG", 1), signature.ErrBadSignature, "does not belong to this content"},
		"no signature":             {head + "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n", signature.ErrUnsigned, "no signature"},
		"a key as signature":       {head + armored(t, g.export(t, "ed25519")), signature.ErrUnsigned, "something else"},
	} {
		t.Run(name, func(t *testing.T) {
			keys := g.export(t, "ed25519")
			content, _, err := keyring(t, keys).Inline([]byte(test.document), time.Now())
			if !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error(), test.text) {
				t.Fatalf("error %v\nwant  %v with %q", err, test.want, test.text)
			}
			if err == nil && !bytes.Equal(content, release) {
				t.Error(cmp.Diff(string(release), string(content)))
			}
		})
	}
}

// armored dresses packets up as a signature.
func armored(t *testing.T, packets []byte) string {
	text := string(gpg(t, packets, "--enarmor"))
	return strings.NewReplacer("PGP ARMORED FILE", "PGP SIGNATURE", "Comment: Use \"gpg --dearmor\" for unpacking\n", "").Replace(text)
}

func TestInlineNoticesEveryFlippedBit(t *testing.T) {
	g := withGnuPG(t)
	document := g.clearSign(t, release, "ed25519")
	k := keyring(t, g.export(t, "ed25519"))
	for i := range document {
		damaged := bytes.Clone(document)
		damaged[i] ^= 1 << (i % 8)
		content, _, err := k.Inline(damaged, time.Now())
		if err == nil && !bytes.Equal(content, release) {
			t.Errorf("byte %d flipped: accepted as %q", i, content)
		}
	}
}

func TestInlineToleratesClocksThatDiffer(t *testing.T) {
	g := withGnuPG(t)
	document := g.clearSign(t, release, "ed25519")
	k := keyring(t, g.export(t, "ed25519"))
	if _, _, err := k.Inline(document, time.Now().Add(-2*time.Minute)); err != nil {
		t.Errorf("signature of two minutes ahead: %v", err)
	}
	if _, _, err := k.Inline(document, time.Now().Add(-10*time.Minute)); !errors.Is(err, signature.ErrFuture) {
		t.Errorf("signature of ten minutes ahead: %v", err)
	}
}

func TestInlineTriesEveryCopyOfAKey(t *testing.T) {
	// The copy that a machine had for years has expired, a newer one has not.
	e, err := openpgp.NewEntity("renewed", "", "", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: 3600,
		Time: func() time.Time { return time.Now().AddDate(-2, 0, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	var old, renewed, secret bytes.Buffer
	e.Serialize(&old)
	for _, id := range e.Identities {
		never := uint32(0)
		id.SelfCertifications[0].Packet.KeyLifetimeSecs = &never
		if err := id.ReSign(&packet.Config{Time: func() time.Time { return time.Now().AddDate(-2, 0, 0) }}); err != nil {
			t.Fatal(err)
		}
	}
	e.Serialize(&renewed)
	e.SerializePrivateWithoutSigning(&secret, nil)
	path := t.TempDir() + "/key"
	write(t, path, secret.Bytes())
	key, err := signature.ReadKey(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	document, err := key.Inline(release)
	if err != nil {
		t.Fatal(err)
	}
	k := keyring(t, old.Bytes())
	if _, _, err := k.Inline(document, time.Now()); !errors.Is(err, signature.ErrExpired) {
		t.Errorf("with the old copy alone: %v", err)
	}
	if err := k.Add("renewed.gpg", renewed.Bytes()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Inline(document, time.Now()); err != nil {
		t.Errorf("with both: %v", err)
	}
}

func TestInlineRefusesSubkeysOfStrangers(t *testing.T) {
	// A stranger binds another's signing subkey to its own key, for signing or not.
	g := withGnuPG(t)
	document := g.clearSign(t, release, "subkey")
	victims, err := openpgp.ReadKeyRing(bytes.NewReader(g.export(t, "subkey")))
	if err != nil {
		t.Fatal(err)
	}
	stolen := victims[0].Subkeys[0].PublicKey
	for _, flags := range []bool{true, false} {
		stranger, err := openpgp.NewEntity("stranger", "", "", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA})
		if err != nil {
			t.Fatal(err)
		}
		id := stranger.PrimaryKey.KeyId
		binding := &packet.Signature{
			Version: 4, SigType: packet.SigTypeSubkeyBinding, PubKeyAlgo: packet.PubKeyAlgoEdDSA, Hash: 5, // SHA-256
			CreationTime: time.Now(), IssuerKeyId: &id, FlagsValid: flags, FlagSign: flags,
		}
		binding.EmbeddedSignature = victims[0].Subkeys[0].Bindings[0].Packet.EmbeddedSignature
		if err := binding.SignKey(stolen, stranger.PrivateKey, nil); err != nil {
			t.Fatal(err)
		}
		stranger.Subkeys = []openpgp.Subkey{{Primary: stranger, PublicKey: stolen, Bindings: []*packet.VerifiableSignature{packet.NewVerifiableSig(binding)}}}
		var keys bytes.Buffer
		if err := stranger.Serialize(&keys); err != nil {
			t.Fatal(err)
		}
		if _, _, err := keyring(t, keys.Bytes()).Inline(document, time.Now()); !errors.Is(err, signature.ErrUnusableKey) {
			t.Errorf("with flags %v: %v", flags, err)
		}
	}
}

func TestDetached(t *testing.T) {
	g := withGnuPG(t)
	sign := func(options ...string) []byte {
		return gpg(t, release, append(options, "--local-user", g.fingerprints["ed25519"], "--detach-sign")...)
	}
	binary, text := sign(), sign("--armor")
	other := gpg(t, release, "--armor", "--local-user", g.fingerprints["other"], "--detach-sign")
	crlf := bytes.ReplaceAll(release, []byte("\n"), []byte("\r\n"))
	for name, test := range map[string]struct {
		content, signature []byte
		want               error
		stricter           bool // than gpgv
	}{
		"binary":                   {release, binary, nil, false},
		"armoured":                 {release, text, nil, false},
		"armoured with CRLF":       {release, bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), nil, false},
		"of text":                  {crlf, sign("--textmode"), nil, false},
		"by two, binary":           {release, append(gpg(t, release, "-u", g.fingerprints["other"], "--detach-sign"), binary...), nil, false},
		"by two, blocks":           {release, append(bytes.Clone(other), text...), nil, false},
		"of a stranger":            {release, other, signature.ErrUnknownKey, false},
		"other content":            {append(bytes.Clone(release), '\n'), text, signature.ErrBadSignature, false},
		"other line ends":          {crlf, text, signature.ErrBadSignature, false},
		"empty":                    {release, nil, signature.ErrUnsigned, false},
		"a web page":               {release, []byte("<!DOCTYPE html>"), signature.ErrUnsigned, false},
		"a key":                    {release, g.export(t, "ed25519"), signature.ErrUnsigned, false},
		"an armoured key":          {release, gpg(t, nil, "--armor", "--export", g.fingerprints["ed25519"]), signature.ErrUnsigned, false},
		"truncated":                {release, binary[:len(binary)-9], signature.ErrUnsigned, false},
		"truncated armour":         {release, text[:len(text)-40], signature.ErrUnsigned, false},
		"a great many":             {release, bytes.Repeat(binary, 65), signature.ErrBadSignature, true},
		"as many as can be":        {release, bytes.Repeat(binary, 64), nil, false},
		"clear-signed by the way":  {release, g.clearSign(t, release, "ed25519"), signature.ErrUnsigned, false},
		"by a certification":       {release, certification(t, g), signature.ErrBadSignature, false},
		"with text in front of it": {release, append([]byte("signature:\n"), text...), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			keys := g.export(t, "ed25519")
			signers, err := keyring(t, keys).Detached(test.content, test.signature, time.Now())
			if !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			if err == nil && (len(signers) != 1 || !strings.HasPrefix(signers[0], g.fingerprints["ed25519"])) {
				t.Errorf("signers %q", signers)
			}
			if apt := aptAccepts(t, keys, test.signature, test.content); apt != (err == nil) && !test.stricter {
				t.Errorf("gpgv accepts it: %v", apt)
			}
		})
	}
}

// certification returns the signature of a key over its own name: genuine, and
// of no document.
func certification(t *testing.T, g gnupg) []byte {
	keys, err := openpgp.ReadKeyRing(bytes.NewReader(g.export(t, "ed25519")))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, id := range keys[0].Identities {
		if err := id.SelfCertifications[0].Packet.Serialize(&b); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestKeyringIsUsedConcurrently(t *testing.T) {
	g := withGnuPG(t)
	document := g.clearSign(t, release, "subkey")
	k := keyring(t, g.export(t, "subkey"))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, _, err := k.Inline(document, time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestUnchecked(t *testing.T) {
	g := withGnuPG(t)
	document := bytes.Replace(g.clearSign(t, release, "ed25519"), []byte("stable"), []byte("oldest"), 1)
	content, signers, err := signature.Unchecked{}.Inline(document, time.Now())
	if err != nil || signers != nil || !bytes.Equal(content, bytes.Replace(release, []byte("stable"), []byte("oldest"), 1)) {
		t.Errorf("%q, %q, %v", content, signers, err)
	}
	if _, _, err := (signature.Unchecked{}).Inline(append(document, "Origin: Evil\n"...), time.Now()); err == nil {
		t.Error("text behind the signed text is accepted")
	}
	if _, err := (signature.Unchecked{}).Detached(release, []byte("anything"), time.Now()); err != nil {
		t.Error(err)
	}
}
