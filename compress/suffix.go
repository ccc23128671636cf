package compress

import (
	"os/exec"
	"slices"
	"strings"
)

// Suffixes returns the suffixes of all compressions that [Reader] reads, ""
// (none) among them, the cheapest one to decompress first.
func Suffixes() []string {
	return []string{"", ".lz4", ".zst", ".zck", ".gz", ".xz", ".bz2"}
}

// SplitSuffix splits the suffix of a compression off a path: "Packages.gz" is
// "Packages" and ".gz". The suffix is "" where the path has none; a file name is
// never all suffix.
func SplitSuffix(path string) (base, suffix string) {
	dot := strings.LastIndexByte(path, '.')
	if dot <= 0 || path[dot-1] == '/' || !slices.Contains(Suffixes(), path[dot:]) {
		return path, ""
	}
	return path[:dot], path[dot:]
}

// CanWrite reports whether [Writer] writes the compression on this machine: xz
// needs the program xz(1); bzip2, lz4 and zchunk are only read.
func CanWrite(suffix string) bool {
	switch suffix {
	case "", ".gz", ".zst":
		return true
	case ".xz":
		_, err := exec.LookPath(xzProgram)
		return err == nil
	}
	return false
}
