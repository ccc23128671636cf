package repodata

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"github.com/mirrorkeeper/mirrorkeeper/rpm/header"
)

// relations writes all lists of relations.
func (d *describer) relations() error {
	var lists [10][]header.Relation
	for i, l := range [...]header.List{
		header.Provides, header.Requires, header.Conflicts, header.Obsoletes, header.Suggests, header.Enhances,
		header.Recommends, header.Supplements, header.OldSuggests, header.OldEnhances,
	} {
		var err error
		if lists[i], err = d.p.Header.Relations(l); err != nil {
			return err
		}
	}
	provides, suggests, enhances, recommends, supplements := lists[0], lists[4], lists[5], lists[6], lists[7]
	provides = d.provides(provides)
	requires, optional := d.requires(lists[1], provides)
	recommends = append(optional, recommends...)
	for _, r := range lists[8] {
		if r.Flags&header.Strong != 0 {
			recommends = append(recommends, r)
		} else {
			suggests = append(suggests, r)
		}
	}
	for _, r := range lists[9] {
		if r.Flags&header.Strong != 0 {
			supplements = append(supplements, r)
		} else {
			enhances = append(enhances, r)
		}
	}
	for _, list := range [...]struct {
		element   string
		relations []header.Relation
	}{
		{"rpm:provides", provides},
		{"rpm:requires", requires},
		{"rpm:conflicts", lists[2]},
		{"rpm:obsoletes", lists[3]},
		{"rpm:suggests", suggests},
		{"rpm:enhances", enhances},
		{"rpm:recommends", recommends},
		{"rpm:supplements", supplements},
	} {
		d.list(list.element, list.relations)
	}
	return nil
}

// provides returns what to write of what the package provides. Those of format 3 do not
// say that they provide themselves.
func (d *describer) provides(all []header.Relation) []header.Relation {
	if !d.p.IsOld() || d.p.IsSource() {
		return all
	}
	own := header.Relation{Name: d.p.Header.Text(header.Name), Flags: header.Equal}
	if epoch, ok := d.p.Header.Int(header.Epoch); ok {
		own.Version = append(strconv.AppendUint(nil, epoch, 10), ':')
	}
	own.Version = slices.Concat(own.Version, d.p.Header.Text(header.Version), []byte("-"), d.p.Header.Text(header.Release))
	for i := range all {
		r := &all[i]
		if bytes.Equal(r.Name, own.Name) && r.Flags&header.Comparison == header.Equal && bytes.Equal(r.Version, own.Version) {
			return all
		}
	}
	return append(all, own)
}

// before are the flags of what has to be there before the package is installed.
const before = header.PreRequire | header.ScriptPre | header.ScriptPost

// requires returns the requirements to write, and those that are only recommendations.
func (d *describer) requires(all, provides []header.Relation) (requires, optional []header.Relation) {
	type key struct{ name, comparison, version string }
	of := func(r *header.Relation) key {
		return key{string(r.Name), comparisons[r.Flags&header.Comparison], string(r.Version)}
	}
	provided := make(map[key]bool, len(provides))
	for i := range provides {
		provided[of(&provides[i])] = true
	}
	last := make(map[string]*header.Relation, len(all)) // of the name
	own := d.ownFiles(all)
	var libraries []*header.Relation
	for i := range all {
		r := &all[i]
		if bytes.HasPrefix(r.Name, []byte("rpmlib(")) || own[string(r.Name)] || provided[of(r)] {
			continue
		}
		if seen := last[string(r.Name)]; seen != nil && of(seen) == of(r) && (seen.Flags&before != 0) == (r.Flags&before != 0) {
			continue
		}
		switch {
		case r.Flags&header.MissingOK != 0:
			optional = append(optional, *r)
		case isLibrary(r.Name):
			libraries = addLibrary(libraries, r)
		default:
			requires = append(requires, *r)
			last[string(r.Name)] = r
		}
	}
	for _, r := range libraries {
		requires = append(requires, *r)
	}
	return requires, optional
}

// ownFiles are those of the package's files that it requires and that primary lists.
func (d *describer) ownFiles(requires []header.Relation) map[string]bool {
	var own map[string]bool
	for i := range requires {
		if name := requires[i].Name; len(name) > 0 && name[0] == '/' && isImportant(name) {
			if own == nil {
				own = map[string]bool{}
			}
			own[string(name)] = false
		}
	}
	if own == nil {
		return nil
	}
	for i := range d.files {
		d.path = append(append(d.path[:0], d.files[i].Dir...), d.files[i].Base...)
		if _, required := own[string(d.path)]; required {
			own[string(d.path)] = true
		}
	}
	return own
}

// list writes a list of relations. Entries without a name say nothing.
func (d *describer) list(element string, relations []header.Relation) {
	relations = slices.DeleteFunc(relations, func(r header.Relation) bool { return len(r.Name) == 0 })
	if len(relations) == 0 {
		return
	}
	d.add("    <")
	d.add(element)
	d.add(">\n")
	for i := range relations {
		d.entry(&relations[i], element == "rpm:requires")
	}
	d.add("    </")
	d.add(element)
	d.add(">\n")
}

// entry writes a relation.
func (d *describer) entry(r *header.Relation, required bool) {
	d.add("      <rpm:entry ")
	d.value("name", r.Name)
	if flags := comparisons[r.Flags&header.Comparison]; flags != "" {
		d.add(` flags="`)
		d.add(flags)
		d.add(`"`)
		d.parts(r.Version)
	}
	if required && r.Flags&before != 0 {
		d.add(` pre="1"`)
	}
	d.add("/>\n")
}

// comparisons are the names of comparisons; what is none of them compares nothing.
var comparisons = [header.Comparison + 1]string{
	header.Less: "LT", header.Greater: "GT", header.Equal: "EQ",
	header.Less | header.Equal: "LE", header.Greater | header.Equal: "GE",
}

// parts writes the parts of a version. The epoch is digits up to a colon.
func (d *describer) parts(version []byte) {
	if len(version) == 0 {
		return
	}
	n := 0
	for n < len(version) && '0' <= version[n] && version[n] <= '9' {
		n++
	}
	epoch := []byte("0")
	if n < len(version) && version[n] == ':' {
		if n > 0 {
			epoch = version[:n]
		}
		version = version[n+1:]
	}
	d.add(" ")
	d.value("epoch", epoch)
	version, release, _ := bytes.Cut(version, []byte("-"))
	if len(version) > 0 {
		d.add(" ")
		d.value("ver", version)
	}
	if len(release) > 0 {
		d.add(" ")
		d.value("rel", release)
	}
}

// A package requires each version of the C library that it has symbols of,
// "libc.so.6(GLIBC_2.34)(64bit)", and the library provides all up to its own.

// isLibrary reports whether the requirement is one of a version of the C library, or of
// any version. Others, such as "libc.so.6(GLIBC_PRIVATE)", are not ordered.
func isLibrary(name []byte) bool {
	version, ok := bytes.CutPrefix(name, []byte("libc.so.6"))
	if !ok || len(version) == 0 {
		return ok
	}
	if version, ok = bytes.CutPrefix(version, []byte("(GLIBC_")); ok {
		return len(version) > 0 && '0' <= version[0] && version[0] <= '9'
	}
	return bytes.HasPrefix(name, []byte("libc.so.6()"))
}

// addLibrary adds a requirement of the C library, or puts it in the place of one of an
// older version.
func addLibrary(libraries []*header.Relation, r *header.Relation) []*header.Relation {
	version, class := libraryVersion(r.Name)
	for i, other := range libraries {
		v, c := libraryVersion(other.Name)
		if !bytes.Equal(c, class) {
			continue
		}
		if compareNumbers(version, v) > 0 {
			libraries[i] = r
		}
		return libraries
	}
	return append(libraries, r)
}

// libraryVersion returns the numbers in a requirement of the C library, and what
// follows them: "(64bit)".
func libraryVersion(name []byte) (version, class []byte) {
	version, class, _ = bytes.Cut(bytes.TrimPrefix(name, []byte("libc.so.6")), []byte(")"))
	return bytes.TrimPrefix(version, []byte("(GLIBC_")), class
}

// compareNumbers compares numbers with dots between them.
func compareNumbers(a, b []byte) int {
	for len(a) > 0 && len(b) > 0 {
		var x, y []byte
		x, a, _ = bytes.Cut(a, []byte("."))
		y, b, _ = bytes.Cut(b, []byte("."))
		if c := cmp.Or(cmp.Compare(len(x), len(y)), bytes.Compare(x, y)); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}
