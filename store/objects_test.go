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
