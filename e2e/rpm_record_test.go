package e2e_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
)

// rpmRecord is a package of Debian's as primary.xml tells of packages.
type rpmRecord struct {
	name, architecture string
	version            rpmVersion
	size               int64
	element            string
}

// key is what dnf calls the package.
func (p *rpmRecord) key() string { return p.name + "-" + p.version.String() + "." + p.architecture }

// rpmVersion is a version of Debian's in parts, with letters only that rpm allows.
type rpmVersion struct{ epoch, version, release string }

func newRPMVersion(debian string) (v rpmVersion) {
	v.epoch, v.version = "0", debian
	if epoch, rest, ok := strings.Cut(debian, ":"); ok {
		v.epoch, v.version = epoch, rest
	}
	if i := strings.LastIndexByte(v.version, '-'); i >= 0 {
		v.version, v.release = v.version[:i], v.version[i+1:]
	}
	v.version = strings.NewReplacer("-", ".", ":", ".").Replace(v.version)
	return v
}

// String is [epoch:]version[-release].
func (v rpmVersion) String() string {
	text := v.version
	if v.epoch != "0" {
		text = v.epoch + ":" + text
	}
	if v.release != "" {
		text += "-" + v.release
	}
	return text
}

// rpmLists are the lists of relations in primary.xml and the fields that go there.
var rpmLists = []struct {
	element string
	fields  []string
}{
	{"requires", []string{"Pre-Depends", "Depends"}},
	{"conflicts", []string{"Conflicts", "Breaks"}},
	{"suggests", []string{"Suggests"}},
	{"enhances", []string{"Enhances"}},
	{"recommends", []string{"Recommends"}},
}

// newRPMRecord writes a stanza as an element of primary.xml. Alternatives become rich
// dependencies; Replaces is left out, for it does not mean what Obsoletes does.
func newRPMRecord(t *testing.T, stanza string) rpmRecord {
	t.Helper()
	fields := map[string]string{}
	for line := range strings.Lines(stanza) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && line[0] != ' ' {
			fields[name] = value
		}
	}
	p := rpmRecord{name: fields["Package"], architecture: "x86_64", version: newRPMVersion(fields["Version"]), size: sizeOf(t, stanza)}
	if fields["Architecture"] == "all" {
		p.architecture = "noarch"
	}
	if p.version.release == "" {
		p.version.release = "0"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<package type=\"rpm\"><name>%s</name><arch>%s</arch><version epoch=\"%s\" ver=\"%s\" rel=\"%s\"/>\n", p.name, p.architecture, p.version.epoch, p.version.version, p.version.release)
	fmt.Fprintf(&b, "<checksum type=\"sha256\" pkgid=\"YES\">%s</checksum><summary>%s</summary><description/><packager/><url/><time file=\"1767225600\" build=\"1767225600\"/>\n", fields["SHA256"], p.name)
	fmt.Fprintf(&b, "<size package=\"%d\" installed=\"%[1]d\" archive=\"%[1]d\"/><location href=\"Packages/%[2]s/%[3]s.rpm\"/><format><rpm:sourcerpm/>\n", p.size, p.version.epoch, p.name+"-"+p.version.version+"-"+p.version.release+"."+p.architecture)
	fmt.Fprintf(&b, "<rpm:provides>\n%s%s</rpm:provides>\n", rpmEntry(p.name+" (= "+fields["Version"]+")"), rpmEntries(fields["Provides"]))
	for _, list := range rpmLists {
		var entries string
		for _, field := range list.fields {
			entries += rpmEntries(fields[field])
		}
		if entries != "" {
			fmt.Fprintf(&b, "<rpm:%s>\n%s</rpm:%[1]s>\n", list.element, entries)
		}
	}
	p.element = b.String() + "</format></package>\n"
	return p
}

// rpmEntries are the entries for a field of relations.
func rpmEntries(field string) string {
	var b strings.Builder
	for text := range strings.SplitSeq(field, ",") {
		if text = strings.TrimSpace(text); text != "" {
			b.WriteString(rpmEntry(text))
		}
	}
	return b.String()
}

// rpmEntry is the entry for a relation.
func rpmEntry(text string) string {
	if strings.Contains(text, "|") {
		var all []string
		for one := range strings.SplitSeq(text, "|") {
			name, op, v := rpmDependency(one)
			if op != "" {
				name += " " + op + " " + v.String()
			}
			all = append(all, name)
		}
		return fmt.Sprintf("<rpm:entry name=\"(%s)\"/>\n", escapedXML(strings.Join(all, " or ")))
	}
	name, op, v := rpmDependency(text)
	if op == "" {
		return fmt.Sprintf("<rpm:entry name=\"%s\"/>\n", escapedXML(name))
	}
	flags := map[string]string{"=": "EQ", "<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}[op]
	release := ""
	if v.release != "" {
		release = fmt.Sprintf(" rel=\"%s\"", v.release)
	}
	return fmt.Sprintf("<rpm:entry name=\"%s\" flags=\"%s\" epoch=\"%s\" ver=\"%s\"%s/>\n", escapedXML(name), flags, v.epoch, v.version, release)
}

// rpmDependency is "name:architecture (>= version)" in parts, without the architecture.
func rpmDependency(text string) (name, op string, v rpmVersion) {
	name, constraint, _ := strings.Cut(strings.TrimSpace(text), " (")
	name, _, _ = strings.Cut(name, ":")
	op, version, ok := strings.Cut(strings.TrimSuffix(constraint, ")"), " ")
	if !ok {
		return name, "", v
	}
	return name, strings.NewReplacer("<<", "<", ">>", ">").Replace(op), newRPMVersion(version)
}

func escapedXML(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder has no errors
	return b.String()
}

// primaryOf is a primary.xml of the packages.
func primaryOf(packages []rpmRecord) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"+
		"<metadata xmlns=\"http://linux.duke.edu/metadata/common\" xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" packages=\"%d\">\n", len(packages))
	for _, p := range packages {
		b.WriteString(p.element)
	}
	b.WriteString("</metadata>\n")
	return b.String()
}
