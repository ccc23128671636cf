package library

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReadPackages(t *testing.T) {
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
	_, packages, err := Read("deb", "arm64", file)
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) != 2 || len(packages[0].Relations) != 3 {
		t.Errorf("read %v", packages)
	}
}

func TestReadPrimary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "primary.xml")
	text := `<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="1">
<package type="rpm"><name>a</name><arch>noarch</arch><version epoch="0" ver="1" rel="1"/>
<checksum type="sha256" pkgid="YES">e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855</checksum>
<size package="1"/><location href="a.rpm"/>
<format><rpm:requires><rpm:entry name="b"/><rpm:entry name="(c or d)"/></rpm:requires></format></package></metadata>`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, packages, err := Read("rpm", "", file)
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) != 1 || len(packages[0].Relations) != 2 {
		t.Errorf("read %v", packages)
	}
}
