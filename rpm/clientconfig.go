package rpm

import (
	"fmt"
	"strings"
)

// ClientRepository is a repository as dnf, yum and zypper have it in a .repo file.
type ClientRepository struct {
	ID  string // letters, digits, - _ . and :
	URL string
	// Key is where the key that signs the metadata lies; "" for one that is not signed.
	Key string
}

// ClientID makes an ID of a name.
func ClientID(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:", r) {
			return r
		}
		return '-'
	}, name)
}

// Section writes the section of a .repo file. The metadata is checked with the key and
// names each package by its digest; the packages' own signatures may be of others, and are
// not asked for.
func (c ClientRepository) Section() string {
	text := fmt.Sprintf("[%[1]s]\nname=%[1]s\nbaseurl=%[2]s\nenabled=1\ngpgcheck=0\n", c.ID, c.URL)
	if c.Key == "" {
		return text + "repo_gpgcheck=0\n"
	}
	return text + "repo_gpgcheck=1\ngpgkey=" + c.Key + "\n"
}
