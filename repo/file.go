package repo

import (
	"fmt"
	"path"
	"strings"
)

// File is one file of a repository.
type File struct {
	// Path is relative to the URL of the repository's source, slash-separated
	// and clean. For deb it starts at the archive root ("pool/main/h/...").
	Path string `json:"path"`
	// Size is in bytes; -1 where the metadata does not tell.
	Size int64 `json:"size"`
	// Digest is the strongest one that the metadata lists.
	Digest Digest `json:"digest"`
}

// CleanPath returns the clean form of a path that upstream metadata names, or an
// error when it is absolute, leaves the tree, or holds bytes that no package file
// name has. Metadata is hostile input: every path from it passes through here.
func CleanPath(p string) (string, error) {
	switch {
	case p == "":
		return "", fmt.Errorf("path is empty")
	case len(p) > 4096:
		return "", fmt.Errorf("path of %d bytes is too long (at most 4096)", len(p))
	case p[0] == '/':
		return "", fmt.Errorf("path %q is absolute", p)
	}
	odd := p[0] == '.' // an element is empty or begins with a dot
	for i := range len(p) {
		switch {
		case p[i] < ' ' || p[i] == 0x7f || p[i] == '\\':
			return "", fmt.Errorf("path %q holds a control character or a backslash", p)
		case p[i] == '/':
			odd = odd || i+1 == len(p) || p[i+1] == '/' || p[i+1] == '.'
		}
	}
	if !odd {
		return p, nil // nearly all are clean
	}
	c := path.Clean(p)
	if c == "." || c == ".." || strings.HasPrefix(c, "../") {
		return "", fmt.Errorf("path %q leaves the repository", p)
	}
	if first, _, _ := strings.Cut(c, "/"); first == ".mirrorkeeper" {
		return "", fmt.Errorf("path %q is in mirrorkeeper's own state directory", p)
	}
	return c, nil
}
