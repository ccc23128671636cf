package repo

import (
	"path"
	"strings"
	"testing"
)

func TestCleanPath(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"pool/main/h/hello/hello_1_amd64.deb", "pool/main/h/hello/hello_1_amd64.deb"},
		{"./hello.deb", "hello.deb"},
		{"pool//main/./x.deb", "pool/main/x.deb"},
		{"dists/../pool/x.deb", "pool/x.deb"},
		{"a b/ü+~%2e.deb", "a b/ü+~%2e.deb"},
		{"..a/...", "..a/..."},
		{"pool/.mirrorkeeper/x", "pool/.mirrorkeeper/x"},
	} {
		if got, err := CleanPath(test.in); err != nil || got != test.want {
			t.Errorf("CleanPath(%q) = %q, %v, expected %q", test.in, got, err, test.want)
		}
	}
	for in, reason := range map[string]string{
		"":                        "empty",
		"/etc/passwd":             "absolute",
		"..":                      "leaves",
		"../x":                    "leaves",
		"a/../../x":               "leaves",
		".":                       "leaves",
		"a/..":                    "leaves",
		"a\\..\\b":                "backslash",
		"a\nb":                    "control character",
		"a\x00b":                  "control character",
		"a\x7f":                   "control character",
		".mirrorkeeper/lock":      "state directory",
		"x/../.mirrorkeeper":      "state directory",
		strings.Repeat("a/", 3e3): "too long",
	} {
		if got, err := CleanPath(in); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("CleanPath(%.40q) = %q, %v, expected an error that says %q", in, got, err, reason)
		}
	}
}

// FuzzCleanPath: whatever is accepted stays within the tree, wherever that is, and is
// clean already.
func FuzzCleanPath(f *testing.F) {
	for _, p := range []string{"a", "../a", "a/../b", "/a", "a//b/./c", "..", "a/..", ".mirrorkeeper/x", "a\\b", "\x00", "...", "a/.../b"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, in string) {
		p, err := CleanPath(in)
		if err != nil {
			return
		}
		if joined := path.Join("/srv/mirror", in); joined != "/srv/mirror/"+p {
			t.Errorf("CleanPath(%q) = %q, but below a tree it leads to %q", in, p, joined)
		}
		if strings.HasPrefix(p, ".mirrorkeeper/") || p == ".mirrorkeeper" {
			t.Errorf("CleanPath(%q) = %q is in the state directory", in, p)
		}
		if again, err := CleanPath(p); err != nil || again != p {
			t.Errorf("CleanPath(%q) = %q, and of that again %q, %v", in, p, again, err)
		}
	})
}
