package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Packages")
	text := `Package: a
Version: 1
Architecture: arm64
Depends: b (>= 1) | c, d
Recommends: e
Filename: pool/a.deb
Size: 1
SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

Package: b
Version: 2
Architecture: all
Filename: pool/b.deb
Size: 1
SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	packages, err := read(file, "arm64")
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) != 2 || len(packages[0].Relations) != 3 {
		t.Errorf("read %v", packages)
	}
}
