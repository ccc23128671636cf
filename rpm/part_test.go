package rpm

import (
	"strings"
	"testing"
)

func TestPart(t *testing.T) {
	for name, want := range map[string]string{
		"repodata/repomd.xml":                    "",
		"repodata/0123-primary.xml.gz":           "",
		"Packages/h/hello-2.10-1.el9.x86_64.rpm": "x86_64",
		"hello-data-2.10-1.el9.noarch.rpm":       "",
		"hello-2.10-1.el9.src.rpm":               "src",
		"odd.rpm":                                "",
	} {
		if component, architecture := (Format{}).Part(nil, name); component != "" || architecture != want {
			t.Errorf("%s is of %q, %q, expected %q", name, component, architecture, want)
		}
	}
}

func TestFileName(t *testing.T) {
	for base, want := range map[string]string{
		"bash-5.1-2.el9.x86_64.rpm": "bash 5.1-2.el9", "python3-a-b-1.0-1.noarch.rpm": "python3-a-b 1.0-1",
		"repomd.xml": "", "bash.rpm": "", "bash-5.1-2.el9.x86_64.deb": "",
	} {
		name, version, ok := (Format{}).FileName(base)
		if got := strings.TrimSpace(name + " " + version); got != want || ok != (want != "") {
			t.Errorf("%s: %q, expected %q", base, got, want)
		}
	}
}
