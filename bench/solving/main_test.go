package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/bench/library"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

const index = `Package: a
Version: 1
Architecture: amd64
Depends: b
Recommends: c
Filename: pool/a.deb
Size: 1
SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

Package: b
Version: 2
Architecture: all
Filename: pool/b.deb
Size: 1
SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

Package: c
Version: 3
Architecture: all
Depends: absent
Filename: pool/c.deb
Size: 1
SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
`

func TestAnswers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "Packages")
	if err := os.WriteFile(file, []byte(index), 0o644); err != nil {
		t.Fatal(err)
	}
	rules, packages, err := library.Read("deb", "amd64", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		question  string
		seeds     []string
		says      string
		lists     string
		incorrect bool
	}{
		{"pick", []string{"a"}, "2 packages are picked for 1 seeds\n", "a 1 amd64\nb 2 all\n", false},
		{"pick", []string{"c"}, "1 packages are picked for 1 seeds\n", "c 3 all\n", true},
		{"pick", nil, "0 packages are picked for 0 seeds\n", "", true},
		{"check", nil, "1 of 3 packages cannot be installed\n", "c 3 all\n", false},
		{"unresolved", nil, "1 relations of 3 packages are unresolved\n", "c 3 all absent\n", false},
		{"guess", nil, "", "", true},
	} {
		for list, want := range map[bool]string{false: x.says, true: x.lists} {
			var out bytes.Buffer
			a := answers{catalog: repo.NewCatalog(rules, packages), native: "amd64", to: &out, list: list}
			if err := a.answer(x.question, x.seeds); (err != nil) != x.incorrect {
				t.Errorf("%s %v: error %v", x.question, x.seeds, err)
			}
			if diff := cmp.Diff(want, out.String()); diff != "" {
				t.Errorf("%s %v (-want +got):\n%s", x.question, x.seeds, diff)
			}
		}
	}
}
