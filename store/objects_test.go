package store

import (
	"io"
	"os"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func fileOf(content string) repo.File {
	h := repo.SHA256.New()
	h.Write([]byte(content))
	return repo.File{Path: "pool/x", Size: int64(len(content)), Digest: repo.NewDigest(repo.SHA256, h.Sum(nil))}
}

func TestPartialIsTakenUp(t *testing.T) {
	t.Parallel()
	o := open(t).Objects()
	f := fileOf("hello world")
	p, err := o.Create(f, epoch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if o.Has(f) {
		t.Error("half a file counts as there")
	}
	p, err = o.Create(f, epoch)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Reader()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := io.ReadAll(r)
	if string(kept) != "hello" || p.Size() != 5 || err != nil {
		t.Errorf("kept %q, size %d: %v", kept, p.Size(), err)
	}
	if _, err := p.Write([]byte(" world")); err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error("close after commit:", err)
	}
	if ok, err := o.Check(f); !ok || err != nil {
		t.Error("check:", ok, err)
	}
}

func TestEmptyFile(t *testing.T) {
	t.Parallel()
	o := open(t).Objects()
	f := fileOf("")
	p, err := o.Create(f, epoch)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	if ok, err := o.Check(f); !ok || err != nil {
		t.Error("check:", ok, err)
	}
}

func TestValidatorIsKeptForLargeFiles(t *testing.T) {
	t.Parallel()
	o := open(t).Objects()
	f := repo.File{Path: "pool/big", Size: largeFile, Digest: fileOf("big").Digest}
	p, err := o.Create(f, epoch)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetValidator(`"etag"`); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write([]byte("b")); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if p, err = o.Create(f, epoch); err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.Validator() != `"etag"` {
		t.Errorf("validator %q", p.Validator())
	}
}

func TestCheckThrowsAwayAWrongObject(t *testing.T) {
	t.Parallel()
	o := open(t).Objects()
	f, err := o.Put("pool/x", []byte("right"), epoch)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.Path(f.Digest), []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !o.Has(f) {
		t.Error("the fast check looks at more than the size")
	}
	if ok, err := o.Check(f); ok || err != nil {
		t.Error("the full check passed:", ok, err)
	}
	if o.Has(f) {
		t.Error("the wrong object is still there")
	}
}

func TestTwoFetchOneFile(t *testing.T) {
	t.Parallel()
	o := open(t).Objects()
	f := fileOf("hello world")
	one, err := o.Create(f, epoch)
	if err != nil {
		t.Fatal(err)
	}
	two, err := o.Create(f, epoch)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		p    *Partial
		text string
	}{{one, "hello"}, {two, "hello w"}, {one, " world"}, {two, "orld"}} {
		if _, err := step.p.Write([]byte(step.text)); err != nil {
			t.Fatal(err)
		}
	}
	three, err := o.Create(f, epoch) // while one holds the bytes
	if err != nil || three.Size() != 0 {
		t.Errorf("a third one takes up %d bytes of the first: %v", three.Size(), err)
	}
	for _, p := range []*Partial{one, two} {
		if err := p.Commit(); err != nil {
			t.Error(err)
		}
	}
	if ok, err := o.Check(f); !ok || err != nil {
		t.Error("check:", ok, err)
	}
	if err := three.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(o.partial); len(left) > 0 {
		t.Error("left behind:", left)
	}
}
