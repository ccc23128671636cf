package repodata

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Comps is what a comps.xml says: groups of packages, and environments, which are
// groups of these (comps.rng of libcomps).
type Comps struct {
	Groups       []Group
	Environments []Environment
}

// Group is a group of packages.
type Group struct {
	ID, Name string
	Packages []GroupPackage
}

// GroupPackage is a package of a group.
type GroupPackage struct {
	Name string
	// Kind is "mandatory", "default", "optional" or "conditional".
	Kind string
	// Requires names the package whose installation brings a conditional one.
	Requires string
	// BaseArchOnly packages are installed for the machine's own architecture only.
	BaseArchOnly bool
}

// Environment is groups for a purpose.
type Environment struct {
	ID, Name string
	// Groups are the ids of what belongs to it, Options of what may be chosen.
	Groups, Options []string
}

// ParseComps reads a comps.xml; name names it in errors.
func ParseComps(r io.Reader, name string) (*Comps, error) {
	_, root, err := readTree(r, name)
	if err != nil {
		return nil, err
	}
	c := &Comps{}
	for _, e := range root.children {
		switch e.name {
		case "group":
			g := Group{ID: e.child("id").content(), Name: e.title()}
			for p := range e.each("packagelist", "packagereq") {
				g.Packages = append(g.Packages, GroupPackage{
					Name:         p.content(),
					Kind:         cmp.Or(p.attr("type"), "mandatory"),
					Requires:     p.attr("requires"),
					BaseArchOnly: strings.EqualFold(p.attr("basearchonly"), "true"),
				})
			}
			c.Groups = append(c.Groups, g)
		case "environment":
			env := Environment{ID: e.child("id").content(), Name: e.title()}
			for id := range e.each("grouplist", "groupid") {
				env.Groups = append(env.Groups, id.content())
			}
			for id := range e.each("optionlist", "groupid") {
				env.Options = append(env.Options, id.content())
			}
			c.Environments = append(c.Environments, env)
		}
	}
	return c, nil
}

// TrimComps reads a comps.xml and returns it without the packages that has does not
// report to be there; name names it in errors. Groups, environments, categories and
// langpacks that lose all that they list are left out, and the groups from where they
// are listed. All else stays byte for byte. The result is nil where nothing that lists
// anything is left.
func TrimComps(r io.Reader, name string, has func(packageName string) bool) ([]byte, error) {
	content, root, err := readTree(r, name)
	if err != nil {
		return nil, err
	}
	t := trimmedComps{content: content, groups: make(map[string]bool)}
	for _, e := range root.children {
		if e.name == "group" {
			id := e.child("id").content()
			kept := t.trim(e, "packagereq", func(p *element) bool { return !has(p.content()) })
			t.groups[id] = t.groups[id] || kept
		}
	}
	for _, e := range root.children {
		switch e.name {
		case "environment", "category":
			t.trim(e, "groupid", func(id *element) bool { return t.drops(id.content()) })
		case "langpacks":
			t.trim(e, "match", func(match *element) bool { return !has(match.attr("name")) })
		}
	}
	if !t.left {
		return nil, nil
	}
	slices.SortFunc(t.cuts, func(a, b cut) int { return cmp.Compare(a.start, b.start) })
	return without(content, t.cuts), nil
}

// trimmedComps is what goes of a comps.xml.
type trimmedComps struct {
	content []byte
	groups  map[string]bool // by id, true where one stays
	cuts    []cut
	left    bool // something that lists anything stays
}

// drops reports whether the file has the group and it does not stay. Groups of other
// files may be listed, too.
func (t *trimmedComps) drops(id string) bool {
	kept, known := t.groups[id]
	return known && !kept
}

// trim cuts out what e lists that has to go, or e itself where it lists nothing else.
func (t *trimmedComps) trim(e *element, item string, goes func(*element) bool) (kept bool) {
	var cuts []cut
	total := 0
	for listed := range e.all(item) {
		total++
		if goes(listed) {
			cuts = append(cuts, cutLine(t.content, listed.start, listed.end))
		}
	}
	if total > 0 && len(cuts) == total {
		t.cuts = append(t.cuts, cutLine(t.content, e.start, e.end))
		return false
	}
	t.cuts = append(t.cuts, cuts...)
	t.left = true
	return true
}

// The limits of comps.xml, in bytes and levels. The largest have some MB, most of it
// translations.
const (
	maxComps      = 64 << 20
	maxCompsDepth = 32
)

// element is an element of an XML document that is held as a whole.
type element struct {
	name       string
	attrs      []xml.Attr
	text       []byte
	start, end int // where it stands in the content
	children   []*element
}

// readTree reads a comps.xml. It has a document type declaration, mostly; one that
// declares entities is refused.
func readTree(r io.Reader, name string) (content []byte, root *element, err error) {
	content, err = io.ReadAll(io.LimitReader(r, maxComps+1))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(content) > maxComps {
		return nil, nil, fmt.Errorf("%s has more than %d bytes", name, maxComps)
	}
	d := xml.NewDecoder(bytes.NewReader(content))
	top := &element{}
	if err := buildTree(d, top); err != nil {
		return nil, nil, errorAt(d, name, err)
	}
	if len(top.children) != 1 || top.children[0].name != "comps" {
		return nil, nil, fmt.Errorf("%s is no comps.xml: its outermost element is not one <comps>", name)
	}
	return content, top.children[0], nil
}

// buildTree reads the whole document below top.
func buildTree(d *xml.Decoder, top *element) error {
	open := []*element{top}
	for {
		start := int(d.InputOffset())
		token, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		e := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if len(open) > maxCompsDepth {
				return fmt.Errorf("elements are nested more than %d levels deep", maxCompsDepth)
			}
			child := &element{name: t.Name.Local, attrs: t.Attr, start: start}
			e.children = append(e.children, child)
			open = append(open, child)
		case xml.EndElement:
			e.end = int(d.InputOffset())
			open = open[:len(open)-1]
		case xml.CharData:
			e.text = append(e.text, t...)
		case xml.Directive:
			if bytes.IndexByte(t, '[') >= 0 {
				return errors.New("the document type declaration declares something")
			}
		}
	}
}

// child returns the first child of the name that is no translation, nil where there is
// none.
func (e *element) child(name string) *element {
	for _, child := range e.children {
		if child.name == name && child.attr("lang") == "" {
			return child
		}
	}
	return nil
}

// each yields the elements that are listed in the lists of that name.
func (e *element) each(list, item string) func(func(*element) bool) {
	return func(yield func(*element) bool) {
		for _, l := range e.children {
			if l.name != list {
				continue
			}
			for _, i := range l.children {
				if i.name == item && !yield(i) {
					return
				}
			}
		}
	}
}

// all yields the elements of the name that are children, or children of these.
func (e *element) all(name string) func(func(*element) bool) {
	return func(yield func(*element) bool) {
		for _, child := range e.children {
			if child.name == name && !yield(child) {
				return
			}
			for _, grandchild := range child.children {
				if grandchild.name == name && !yield(grandchild) {
					return
				}
			}
		}
	}
}

// title is the name for people.
func (e *element) title() string { return e.child("name").content() }

// content is the text, without blanks around it.
func (e *element) content() string {
	if e == nil {
		return ""
	}
	return string(bytes.TrimSpace(e.text))
}

// attr returns the value of the attribute, "" where there is none.
func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
