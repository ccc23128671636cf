package mirrorlist

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// FuzzParse holds what a list promises, whatever a server sends.
func FuzzParse(f *testing.F) {
	f.Add([]byte(manager))
	f.Add([]byte("# remark\nhttp://a.example.org/x/\n/srv/y\nrsync://b.example.org"))
	f.Add([]byte("<!DOCTYPE html><html>"))
	f.Add([]byte(metalinkOf("<size>1</size>")))
	f.Fuzz(func(t *testing.T, content []byte) {
		list, err := Parse(content, "el9", rootPath)
		if err != nil {
			return
		}
		if len(list.URLs) == 0 {
			t.Error("a list without a mirror is no error")
		}
		for i, address := range list.URLs {
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains([]string{"http", "https", "file"}, u.Scheme) || strings.HasSuffix(address, "/") || u.RawQuery != "" {
				t.Errorf("mirror %q", address)
			}
			if slices.Contains(list.URLs[:i], address) {
				t.Errorf("mirror %q is there twice", address)
			}
		}
		for _, root := range list.Roots {
			if root.Digest.IsZero() || root.Size == 0 || root.Size < -1 {
				t.Errorf("root %+v", root)
			}
		}
	})
}
