package deb

import (
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestPart(t *testing.T) {
	suite := &repo.Repository{Name: "stable", IndexDir: "dists/stable"}
	flat := &repo.Repository{Name: "./"}
	for name, want := range map[string][2]string{
		"dists/stable/InRelease":                                  {},
		"dists/stable/main/binary-amd64/Packages.xz":              {"main", "amd64"},
		"dists/stable/main/binary-all/Packages.xz":                {"main", ""},
		"dists/stable/main/binary-arm64/by-hash/SHA256/0123":      {"main", "arm64"},
		"dists/stable/main/debian-installer/binary-i386/Packages": {"main", "i386"},
		"dists/stable/main/source/Sources.gz":                     {"main", "source"},
		"dists/stable/main/source/by-hash/SHA256/0123":            {"main", "source"},
		"dists/stable/main/i18n/Translation-en.bz2":               {"main", ""},
		"dists/stable/updates/main/binary-amd64/Packages":         {"updates/main", "amd64"},
		"dists/stable/main/Contents-amd64.gz":                     {"main", "amd64"},
		"pool/main/h/hello/hello_2.10-3_amd64.deb":                {"main", "amd64"},
		"pool/updates/main/h/hello/hello_2.10-3_all.deb":          {"updates/main", ""},
		"pool/main/h/hello/hello_2.10.orig.tar.gz":                {"main", "source"},
		"pool/main/h/hello/hello_2.10-3.dsc":                      {"main", "source"},
		"pool/hello_1_arm64.deb":                                  {"", "arm64"},
		"elsewhere/hello_1_arm64.deb":                             {"", "arm64"},
		"pool/main/h/hello/README":                                {"main", ""},
	} {
		if component, architecture := (Format{}).Part(suite, name); [2]string{component, architecture} != want {
			t.Errorf("%s is of %q, %q, expected %q", name, component, architecture, want)
		}
	}
	if component, architecture := (Format{}).Part(flat, "hello_1_amd64.deb"); component != "" || architecture != "amd64" {
		t.Errorf("in a flat repository: %q, %q", component, architecture)
	}
}

func TestFileName(t *testing.T) {
	for base, want := range map[string]string{
		"libc6_2.36-9+deb12u7_amd64.deb": "libc6 2.36-9+deb12u7", "x_1%3a2.0~rc1_all.udeb": "x 1:2.0~rc1",
		"x_1.0.tar.xz": "", "Packages.gz": "", "x_1.0_amd64.rpm": "", "_1_all.deb": "", "a_b_c_d.deb": "",
	} {
		name, version, ok := (Format{}).FileName(base)
		if got := strings.TrimSpace(name + " " + version); got != want || ok != (want != "") {
			t.Errorf("%s: %q, expected %q", base, got, want)
		}
	}
}
