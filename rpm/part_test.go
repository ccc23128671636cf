package rpm

import "testing"

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
