package packagefile

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// FuzzRead reads anything, and reads it the same way twice.
func FuzzRead(f *testing.F) {
	for _, content := range samples(f) {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		control, paths, err := read(content, true)
		again, pathsAgain, errAgain := read(content, true)
		if control != again || !slices.Equal(paths, pathsAgain) || (err == nil) != (errAgain == nil) {
			t.Errorf("read as %q, %q, %v, then as %q, %q, %v", control, paths, err, again, pathsAgain, errAgain)
		}
		if _, _, errQuick := read(content, false); err == nil && errQuick != nil {
			t.Errorf("read thoroughly without an error, but else: %v", errQuick)
		}
	})
}

func samples(t testing.TB) (all [][]byte) {
	control, data := sample(t)
	for _, s := range []string{"", ".gz", ".xz", ".zst"} {
		all = append(all, archive(version, part{name: "control.tar" + s, content: packed(t, s, control)}, part{name: "data.tar" + s, content: packed(t, s, data)}))
	}
	return all
}

// Of package files in which something was changed, dpkg-deb reads all that are read: but
// for a byte of LZMA2 data that has no meaning, must be 0 for it, and is not looked at
// here. What was compressed is checked by its checksum.
func TestMutants(t *testing.T) {
	all := samples(t)
	r := rand.New(rand.NewPCG(1, 2))
	tries := 100
	if os.Getenv("PROVE") != "" {
		tries = 5000
	}
	file := filepath.Join(t.TempDir(), "mutant.deb")
	accepted := 0
	for i := range tries {
		content := mutant(r, all[i%len(all)])
		if _, _, err := read(content, true); err != nil {
			continue
		}
		accepted++
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		if ok, out := dpkgDeb(t, file); !ok && !strings.Contains(out, "lzma error: compressed data is corrupt") {
			t.Errorf("mutant %d is read, but not by dpkg-deb: %s", i, out)
		}
	}
	if accepted == 0 {
		t.Error("no mutant was read")
	}
}

// mutant changes some bytes; mostly where the archives have their headers.
func mutant(r *rand.Rand, content []byte) []byte {
	content = slices.Clone(content)
	for range 1 + r.IntN(2) {
		at := r.IntN(len(content))
		if r.IntN(2) == 0 {
			at = r.IntN(min(len(content), 800))
		}
		switch r.IntN(4) {
		case 0:
			content[at] ^= 1 << r.IntN(8)
		case 1:
			content[at] = " 0/\n\x00._9"[r.IntN(8)]
		case 2:
			content = slices.Insert(content, at, " 0/\n\x00._9"[r.IntN(8)])
		case 3:
			content = slices.Delete(content, at, min(at+1+r.IntN(3), len(content)))
		}
	}
	return content
}
