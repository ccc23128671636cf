package assembly

import (
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
)

// Formats are all formats that the programs know.
func Formats() []repo.Format { return []repo.Format{deb.Format{}, rpm.Format{}} }

// FormatNamed is the format of the name, nil where there is none.
func FormatNamed(name string) repo.Format {
	for _, f := range Formats() {
		if f.Name() == name {
			return f
		}
	}
	return nil
}

// FormatNames are the names of all formats, for messages.
func FormatNames() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name())
	}
	return strings.Join(names, ", ")
}
