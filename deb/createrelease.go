package deb

import (
	"path"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// releaseFields are the fields of the Release.
func (c *Creator) releaseFields(s *survey, w *repo.Creation) (fields []Field) {
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, Field{name, value})
		}
	}
	suite := c.Suite
	if dir := path.Clean(c.Dir); c.Flat && dir != "." {
		suite = dir // apt warns of any other
	}
	codename := c.Codename
	if codename == "" {
		codename = suite
	}
	add("Origin", c.Origin)
	add("Label", c.Label)
	add("Suite", suite)
	add("Version", c.Version)
	add("Codename", codename)
	add("Date", formatDate(w.Date))
	if w.ValidFor > 0 {
		add("Valid-Until", formatDate(w.Date.Add(w.ValidFor)))
	}
	add("NotAutomatic", yes(c.NotAutomatic))
	add("ButAutomaticUpgrades", yes(c.ButAutomaticUpgrades))
	add("Acquire-By-Hash", "yes")
	if c.Flat {
		add("Architectures", strings.Join(s.architectures, " "))
		add("Description", c.Description)
		return fields
	}
	if s.all && len(s.architectures) > 0 {
		// The others' own indexes have these packages too.
		add("No-Support-for-Architecture-all", "Packages")
	}
	add("Architectures", strings.Join(s.names(), " "))
	add("Components", strings.Join(s.components, " "))
	add("Description", c.Description)
	return fields
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}
