package system

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// releaseProvides are the names that packages which make a machine a release of a
// distribution provide, in the order in which dnf asks for them.
var releaseProvides = []string{
	"system-release(releasever)", "system-release",
	"distribution-release(releasever)", "distribution-release",
	"redhat-release", "suse-release",
}

// releasever is the value of $releasever: the version that the package of the
// release gives for it, else the package's own, else the version of os-release(5);
// "" where nothing tells it.
func (f files) releasever(installed rpmDatabase) (string, error) {
	for _, name := range releaseProvides {
		text, err := installed.query("%{NAME}\n%{VERSION}\n[%{PROVIDENAME} %{PROVIDEFLAGS} %{PROVIDEVERSION}\n]\n", "--whatprovides", name)
		if err != nil {
			return "", err
		}
		if version := providedRelease(text, name); version != "" {
			return version, nil
		}
	}
	return f.osRelease("VERSION_ID")
}

// providedRelease is the release that the first package of a query tells: the
// version of what it provides under the name, if that is another's, else its own.
func providedRelease(text, name string) string {
	const equal = "8" // RPMSENSE_EQUAL
	lines := strings.Split(text, "\n")
	if len(lines) < 2 {
		return ""
	}
	if lines[0] == name {
		return lines[1]
	}
	for _, line := range lines[2:] {
		if line == "" {
			break // of the first package
		}
		provide := strings.Split(line, " ")
		if len(provide) == 3 && provide[0] == name {
			if provide[1] == equal && provide[2] != "" {
				return provide[2]
			}
			break
		}
	}
	return lines[1]
}

// osRelease returns a value of os-release(5), "" if there is none.
func (f files) osRelease(key string) (string, error) {
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		text, err := f.text(path)
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(text) {
			if value, found := strings.CutPrefix(strings.TrimSpace(line), key+"="); found {
				return strings.Trim(value, `"'`), nil
			}
		}
	}
	return "", nil
}

// productVersion is the version of the product that zypper takes for the base of
// the machine, "" if there is none.
func (f files) productVersion() (string, error) {
	const path = "/etc/products.d/baseproduct"
	text, err := f.text(path)
	if err != nil || text == "" {
		return "", err
	}
	var product struct {
		Version string `xml:"version"`
	}
	if err := xml.Unmarshal([]byte(text), &product); err != nil {
		return "", fmt.Errorf("%s: %w", f.on(path), err)
	}
	return strings.TrimSpace(product.Version), nil
}
