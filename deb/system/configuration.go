package system

import (
	"path"
	"strconv"
	"strings"
)

// configuration is the tree of options of apt.conf(5). Names are written with
// "::" between the levels, and their case does not matter.
type configuration struct{ root option }

// option is a node of the tree. Items of lists have no tag.
type option struct {
	tag, value string
	parent     *option
	children   []*option
	named      map[string]*option // children by lower-case tag
}

// defaultConfiguration holds what apt has built in of the options that are read
// here.
func defaultConfiguration() *configuration {
	c := &configuration{}
	for _, o := range [][2]string{
		{"Dir", "/"},
		{"Dir::State", "var/lib/apt"},
		{"Dir::State::status", "/var/lib/dpkg/status"},
		{"Dir::Etc", "etc/apt"},
		{"Dir::Etc::main", "apt.conf"},
		{"Dir::Etc::parts", "apt.conf.d"},
		{"Dir::Etc::sourcelist", "sources.list"},
		{"Dir::Etc::sourceparts", "sources.list.d"},
		{"Dir::Etc::preferences", "preferences"},
		{"Dir::Etc::preferencesparts", "preferences.d"},
		{"Dir::Etc::netrc", "auth.conf"},
		{"Dir::Etc::netrcparts", "auth.conf.d"},
		{"Dir::Etc::trusted", "trusted.gpg"},
		{"Dir::Etc::trustedparts", "trusted.gpg.d"},
	} {
		c.set(o[0], o[1])
	}
	return c
}

// lookup returns the option of the name; when there is none, nil or a new one.
// A name that ends in "::" always makes a new item of a list.
func (c *configuration) lookup(name string, create bool) *option {
	o, start := &c.root, 0
	for i := 0; i+2 <= len(name); i++ {
		if name[i] != ':' || name[i+1] != ':' {
			continue
		}
		if o = o.child(name[start:i], create); o == nil {
			return nil
		}
		// The byte after the colons is not looked at, so that in "A::::" the
		// option of A is named "::", as apt.conf(5) warns.
		start = i + 2
		i = start
	}
	return o.child(name[start:], create)
}

func (o *option) child(tag string, create bool) *option {
	key := strings.ToLower(tag)
	if c := o.named[key]; c != nil || !create {
		return c
	}
	c := &option{tag: tag, parent: o}
	o.children = append(o.children, c)
	if tag != "" {
		if o.named == nil {
			o.named = map[string]*option{}
		}
		o.named[key] = c
	}
	return c
}

func (c *configuration) set(name, value string) { c.lookup(name, true).value = value }

// clear empties the option and all below it.
func (c *configuration) clear(name string) {
	if o := c.lookup(name, false); o != nil {
		o.value, o.children, o.named = "", nil, nil
	}
}

// value returns the option's value, "" when it is not set.
func (c *configuration) value(name string) string {
	if o := c.lookup(name, false); o != nil {
		return o.value
	}
	return ""
}

// enabled returns a yes/no option, or otherwise when it is not set.
func (c *configuration) enabled(name string, otherwise bool) bool {
	if yes, known := truth(c.value(name)); known {
		return yes
	}
	return otherwise
}

// list returns the items of a list. A single value may list them between commas.
func (c *configuration) list(name string) (items []string) {
	o := c.lookup(name, false)
	if o == nil {
		return nil
	}
	if o.value != "" {
		return strings.Split(o.value, ",")
	}
	for _, item := range o.children {
		items = append(items, item.value)
	}
	return items
}

// path returns the file that an option of Dir names, "" for none: a relative one
// lies in the directory of the option above, and all lie below RootDir.
func (c *configuration) path(name string) string {
	o := c.lookup(name, false)
	if o == nil || o.value == "" {
		return ""
	}
	p := o.value
	for o = o.parent; o != nil && o.value != "" && !anchored(p); o = o.parent {
		p = strings.TrimSuffix(o.value, "/") + "/" + p
	}
	if root := c.value("RootDir"); root != "" {
		return path.Join(root, p)
	}
	return path.Clean(p)
}

// anchored reports whether the path is not relative to the option above.
func anchored(p string) bool {
	for _, start := range []string{"/", "./", "../", "~/"} {
		if strings.HasPrefix(p, start) {
			return true
		}
	}
	return false
}

// truth reads a yes/no value in all of apt's spellings; known is false for
// anything else.
func truth(value string) (yes, known bool) {
	if n, err := strconv.Atoi(value); err == nil {
		return n != 0, true
	}
	switch strings.ToLower(value) {
	case "yes", "true", "with", "on", "enable":
		return true, true
	case "no", "false", "without", "off", "disable":
		return false, true
	}
	return false, false
}
