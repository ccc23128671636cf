package fuel

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/fuel/nailgun"
)

// Versions are the values that fill words in braces, as {mos_version}.
type Versions map[string]string

// MOS is the version of Fuel that is mirrored for, "" where it is not known.
func (v Versions) MOS() string { return v["mos_version"] }

// With returns the versions with those that the server says of itself, where they are not
// set: mos_version and fuel_version are its release, openstack_version is its own word.
func (v Versions) With(server nailgun.Version) Versions {
	out := maps.Clone(v)
	if out == nil {
		out = Versions{}
	}
	for name, value := range map[string]string{
		"mos_version": server.Release, "fuel_version": server.Release, "openstack_version": server.OpenStack,
	} {
		out[name] = cmp.Or(out[name], value)
	}
	return out
}

var word = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// Expand fills the words in braces.
func (v Versions) Expand(text string) (string, error) {
	var unknown []string
	out := word.ReplaceAllStringFunc(text, func(w string) string {
		value := v[w[1:len(w)-1]]
		if value == "" {
			unknown = append(unknown, w)
		}
		return value
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("there is no value for %s (known are %s)", strings.Join(unknown, " and "), strings.Join(v.names(), ", "))
	}
	return out, nil
}

func (v Versions) names() (out []string) {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if v[name] != "" {
			out = append(out, name)
		}
	}
	if out == nil {
		return []string{"none"}
	}
	return out
}

// Missing are the words in braces of a text that have no value.
func (v Versions) Missing(text string) (out []string) {
	for _, m := range word.FindAllStringSubmatch(text, -1) {
		if v[m[1]] == "" {
			out = append(out, m[1])
		}
	}
	return out
}
