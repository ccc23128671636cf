package repo

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseAlgorithm(t *testing.T) {
	for name, want := range map[string]Algorithm{
		"MD5Sum": MD5, "md5": MD5, "SHA1": SHA1, "sha": SHA1, "SHA256": SHA256, "sha224": SHA224, "SHA384": SHA384, "sha512": SHA512,
	} {
		if got, err := ParseAlgorithm(name); err != nil || got != want {
			t.Errorf("ParseAlgorithm(%q) = %v, %v, expected %v", name, got, err, want)
		}
	}
	for _, name := range []string{"", "sha2", "none", "crc32"} {
		if got, err := ParseAlgorithm(name); err == nil {
			t.Errorf("ParseAlgorithm(%q) = %v, expected an error", name, got)
		}
	}
}

// TestDigestText: a digest is read back from its text, and only from well-formed one.
func TestDigestText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Algorithm(rapid.IntRange(int(MD5), int(SHA512)).Draw(t, "algorithm"))
		h := a.New()
		h.Write(rapid.SliceOf(rapid.Byte()).Draw(t, "content"))
		d := NewDigest(a, h.Sum(nil))
		for _, text := range []string{d.String(), strings.ToUpper(d.String())} {
			if got, err := ParseDigest(text); err != nil || got != d {
				t.Errorf("ParseDigest(%q) = %v, %v, expected %v", text, got, err, d)
			}
		}
		if got, err := ParseHex(a, d.Hex()); err != nil || got != d || got.Algorithm() != a {
			t.Errorf("ParseHex(%v, %q) = %v, %v", a, d.Hex(), got, err)
		}
		if got, err := ParseHex(a, d.Hex()[2:]); err == nil {
			t.Errorf("a digest that is cut was read as %v", got)
		}
		if got, err := ParseHex(a, "x"+d.Hex()[1:]); err == nil {
			t.Errorf("a digest that is no number was read as %v", got)
		}
	})
}

func TestDigestJSON(t *testing.T) {
	for _, d := range []Digest{{}, NewDigest(SHA256, SHA256.New().Sum(nil))} {
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		got := NewDigest(MD5, nil)
		if err := json.Unmarshal(text, &got); err != nil || got != d {
			t.Errorf("%s was read as %v, %v, expected %v", text, got, err, d)
		}
	}
	if err := json.Unmarshal([]byte(`"sha256:abc"`), new(Digest)); err == nil {
		t.Error("a digest that is cut was read")
	}
}

func TestStrongest(t *testing.T) {
	weak, strong := NewDigest(MD5, MD5.New().Sum(nil)), NewDigest(SHA256, SHA256.New().Sum(nil))
	if got := Strongest(weak, strong, Digest{}); got != strong {
		t.Errorf("the strongest of md5 and sha256 is %v", got)
	}
	if got := Strongest(); !got.IsZero() {
		t.Errorf("the strongest of none is %v", got)
	}
	for a := MD5; a <= SHA512; a++ {
		if want := a == MD5 || a == SHA1; a.Weak() != want {
			t.Errorf("%v is weak: %v", a, a.Weak())
		}
	}
}
