package rpm

import (
	"maps"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// createdSample is a repository of the sample's packages, with all that it has beside
// them, in a directory.
func createdSample(t *testing.T, signer repo.Signer, compression string) string {
	t.Helper()
	of := sample(t)
	a := made(t, of)
	maps.DeleteFunc(a, func(name string, _ []byte) bool { return !strings.HasSuffix(name, ".rpm") })
	c := &Creator{
		Title: "test", Compression: compression, Comps: []byte(of.Comps), Updateinfo: []byte(of.Updateinfo), Modules: [][]byte{[]byte(of.Modules)},
		Records: map[string][]byte{"productid": []byte("a certificate")},
	}
	maps.Copy(a, created(t, c, a.write(t), signer))
	return a.write(t)
}

// libsolv reads all of it, in each compression.
func TestLibsolvReadsWhatIsCreated(t *testing.T) {
	t.Parallel()
	for _, compression := range []string{".gz", ".xz", ".zst"} {
		text := dumpedByLibsolv(t, createdSample(t, nil, compression))
		for _, want := range append(solvedSample, "name: left+out", "location: ", "checksum: ") {
			if !strings.Contains(text, want) {
				t.Errorf("%s is not in what libsolv reads:\n%s", want, text)
			}
		}
	}
}

// dnf takes the signature, and finds the packages, groups, advisories and modules that it
// finds where createrepo_c has described them; without a signature too where it wants
// none, and not at all where it wants one.
func TestDnfReadsWhatIsCreated(t *testing.T) {
	t.Parallel()
	withModule(t, "dnf")
	key, keyFile := newKey(t)
	want := foundByDnf(t, made(t, sample(t)).write(t), "")
	if len(want) < 13 {
		t.Fatalf("of createrepo_c's repository dnf finds only %q", want)
	}
	signed, unsigned := createdSample(t, key, ".gz"), createdSample(t, nil, ".zst")
	for _, test := range []struct{ dir, key string }{{signed, keyFile}, {unsigned, ""}} {
		if d := cmp.Diff(want, foundByDnf(t, test.dir, test.key)); d != "" {
			t.Error(d)
		}
	}
	if out, err := exec.Command(python, "testdata/ask_dnf.py", unsigned, keyFile, t.TempDir()).CombinedOutput(); err == nil {
		t.Errorf("dnf takes a root without a signature: %s", out)
	}
}
