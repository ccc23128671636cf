package rpm

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/rpm/header"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// signer signs packages with the real rpmsign and GnuPG.
type signer struct {
	home string
	gpg  string
}

func newSigner(t testing.TB) *signer {
	t.Helper()
	s := &signer{gpg: tool(t, "gpg")}
	home, err := os.MkdirTemp("", "gnupg") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	s.home = home
	t.Cleanup(func() {
		s.run(t, tool(t, "gpgconf"), "--kill", "gpg-agent") // of this home only
		os.RemoveAll(home)
	})
	return s
}

func (s *signer) run(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), "GNUPGHOME="+s.home)
	var messages bytes.Buffer
	c.Stderr = &messages
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, &messages)
	}
	return out
}

// key makes a key and returns a keyring that has it.
func (s *signer) key(t testing.TB, name, algorithm string) *signature.Keyring {
	t.Helper()
	s.run(t, s.gpg, "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", name+"@example.org", algorithm, "sign", "never")
	k := &signature.Keyring{}
	if err := k.Add(name, s.run(t, s.gpg, "--batch", "--export", name+"@example.org")); err != nil {
		t.Fatal(err)
	}
	return k
}

// sign returns the package, signed with a key.
func (s *signer) sign(t testing.TB, content []byte, name string, options ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "signed.rpm")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--define", "__gpg " + s.gpg, "--define", "_gpg_name " + name + "@example.org", "--define", "_gpg_digest_algo sha256"}, options...)
	s.run(t, tool(t, "rpmsign"), append(args, "--addsign", path)...)
	signed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// built is a package by the real rpmbuild.
func built(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	spec := filepath.Join(dir, "sample.spec")
	text := "Name: sample\nVersion: 1\nRelease: 1\nSummary: A sample\nLicense: MIT\nBuildArch: noarch\n%description\nSome text.\n" +
		"%install\nmkdir -p %{buildroot}/usr/share\necho hello >%{buildroot}/usr/share/sample\n%files\n/usr/share/sample\n"
	if err := os.WriteFile(spec, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tool(t, "rpmbuild"), "-bb", "--quiet", "--define", "_topdir "+dir, spec).CombinedOutput(); err != nil {
		t.Fatalf("rpmbuild: %v\n%s", err, out)
	}
	content, err := os.ReadFile(filepath.Join(dir, "RPMS/noarch/sample-1-1.noarch.rpm"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestCheckPackage(t *testing.T) {
	s := newSigner(t)
	keys := map[string]*signature.Keyring{"rsa": s.key(t, "rsa", "rsa2048"), "ed25519": s.key(t, "ed25519", "ed25519")}
	plain := built(t)
	now := time.Now()
	check := func(content []byte, name string) error {
		return Format{}.CheckPackage("sample.rpm", bytes.NewReader(content), keys[name], now)
	}
	for name := range keys {
		for _, options := range [][]string{nil, {"--rpmv3"}} {
			signed := s.sign(t, plain, name, options...)
			if err := check(signed, name); err != nil {
				t.Errorf("signed by %s %v: %v", name, options, err)
			}
		}
	}

	signed := s.sign(t, plain, "rsa")
	if err := check(signed, "ed25519"); !errors.Is(err, signature.ErrUnknownKey) || !strings.Contains(err.Error(), "sample.rpm: ") {
		t.Errorf("signed by a key that is not pinned: %v", err)
	}
	if err := check(plain, "rsa"); !errors.Is(err, signature.ErrUnsigned) || !strings.Contains(err.Error(), "not signed") {
		t.Errorf("not signed: %v", err)
	}
	if err := (Format{}).CheckPackage("sample.rpm", bytes.NewReader(signed), nil, now); err == nil || !strings.Contains(err.Error(), "no keys") {
		t.Errorf("without keys: %v", err)
	}

	p, err := header.Read(bytes.NewReader(signed))
	if err != nil {
		t.Fatal(err)
	}
	// Each byte of header and payload is covered.
	for i := int(p.Start); i < len(signed); i += 1 + i%5 {
		damaged := bytes.Clone(signed)
		damaged[i] ^= 1
		if err := check(damaged, "rsa"); err == nil {
			t.Errorf("a flipped bit in byte %d is not noticed", i)
		}
	}
	if err := check(signed[:len(signed)-1], "rsa"); err == nil || !strings.Contains(err.Error(), "the payload has the digest") {
		t.Errorf("without its last byte: %v", err)
	}
	if err := check(append(bytes.Clone(signed), 0), "rsa"); err == nil || !strings.Contains(err.Error(), "the payload has the digest") {
		t.Errorf("with a byte too many: %v", err)
	}
	// A signature header that was made anew for other content does not help.
	other := bytes.Clone(signed)
	copy(other[p.Start:], bytes.Replace(p.Header.Bytes(), []byte("A sample"), []byte("B sample"), 1))
	if err := check(other, "rsa"); err == nil {
		t.Error("another header is not noticed")
	}
	broken := errors.New("connection lost")
	err = Format{}.CheckPackage("sample.rpm", io.MultiReader(bytes.NewReader(signed[:len(signed)-9]), iotest.ErrReader(broken)), keys["rsa"], now)
	if !errors.Is(err, broken) {
		t.Errorf("an error of the reader: %v", err)
	}
}

func TestCheckPackageWithoutHeaderSignature(t *testing.T) {
	s := newSigner(t)
	k := s.key(t, "rsa", "rsa2048")
	signed := s.sign(t, built(t), "rsa", "--rpmv3")
	// The header's signature gets a tag that means nothing: one of format 3 is left.
	i := bytes.Index(signed, []byte{0, 0, 1, 12, 0, 0, 0, 7})
	if i < 0 {
		t.Fatal("rpmsign makes no signature of the header")
	}
	signed[i+3] = 9
	err := Format{}.CheckPackage("sample.rpm", bytes.NewReader(signed), k, time.Now())
	if !errors.Is(err, signature.ErrUnsigned) || !strings.Contains(err.Error(), "header and payload together") {
		t.Errorf("signed as rpm 3 does it: %v", err)
	}
}

// A package of format 6 has its signatures in base64. rpm of format 4 makes none, so
// one is put together of what it makes.
func TestCheckPackageOfFormat6(t *testing.T) {
	s := newSigner(t)
	k := s.key(t, "ed25519", "ed25519")
	signed := s.sign(t, built(t), "ed25519")
	p, err := header.Read(bytes.NewReader(signed))
	if err != nil {
		t.Fatal(err)
	}
	with := func(signatures ...[]byte) []byte {
		var texts []byte
		for _, s := range signatures {
			texts = append(append(texts, base64.StdEncoding.EncodeToString(s)...), 0)
		}
		b := append(bytes.Clone(signed[:96]), 0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0)
		for _, n := range []int{1, len(texts), int(header.SigOpenPGP), 8, 0, len(signatures)} {
			b = binary.BigEndian.AppendUint32(b, uint32(n))
		}
		b = append(b, texts...)
		b = append(b, make([]byte, -len(b)&7)...)
		return append(b, signed[p.Start:]...)
	}
	good := p.Signature.Binary(header.SigDSA)
	bad := bytes.Clone(good)
	bad[len(bad)-1] ^= 1
	now := time.Now()
	for _, signatures := range [][][]byte{{good}, {bad, good}, {good, bad}} {
		if err := (Format{}).CheckPackage("sample.rpm", bytes.NewReader(with(signatures...)), k, now); err != nil {
			t.Errorf("%d signatures: %v", len(signatures), err)
		}
	}
	for _, signatures := range [][][]byte{{bad}, {bad, bad}, {nil}} {
		if err := (Format{}).CheckPackage("sample.rpm", bytes.NewReader(with(signatures...)), k, now); err == nil {
			t.Errorf("%d bad signatures are accepted", len(signatures))
		}
	}
	damaged := bytes.Replace(with(good), []byte(base64.StdEncoding.EncodeToString(good)[:8]), []byte("!!!!!!!!"), 1)
	if err := (Format{}).CheckPackage("sample.rpm", bytes.NewReader(damaged), k, now); err == nil || !strings.Contains(err.Error(), "base64") {
		t.Errorf("what is no base64: %v", err)
	}
}
