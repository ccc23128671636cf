package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// rpmLists are the lists of relations in primary.xml, by Debian's fields.
var rpmLists = []struct{ field, element string }{{"Depends", "requires"}, {"Suggests", "suggests"}, {"Recommends", "recommends"}}

// primaryIndex is the primary.xml file, written as createrepo_c does.
func primaryIndex(packages []binary) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"+
		"<metadata xmlns=\"http://linux.duke.edu/metadata/common\" xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" packages=\"%d\">\n", len(packages))
	for i := range packages {
		packages[i].writeElement(&b, i == 0)
	}
	b.WriteString("</metadata>\n")
	return b.Bytes()
}

// writeElement writes the element of a package, which may be the one that provides what
// all need.
func (b *binary) writeElement(to *bytes.Buffer, common bool) {
	upstream, epoch := b.version.rpm()
	fmt.Fprintf(to, "<package type=\"rpm\">\n  <name>%s</name>\n  <arch>%s</arch>\n  <version epoch=\"%d\" ver=\"%s\" rel=\"%d\"/>\n",
		escaped(b.name), b.rpmArchitecture(), epoch, escaped(upstream), b.version.revision)
	fmt.Fprintf(to, "  <checksum type=\"sha256\" pkgid=\"YES\">%s</checksum>\n", b.file.sha256)
	fmt.Fprintf(to, "  <summary>made for a benchmark, with the name %s</summary>\n  <description>", escaped(b.name))
	for range 5 {
		fmt.Fprintf(to, "The package %s is one of many, each with a few lines of text to read &amp; to pass over.\n", escaped(b.name))
	}
	fmt.Fprintf(to, "</description>\n  <packager>Maintainers of %s &lt;%[1]s@example.org&gt;</packager>\n  <url>https://%[1]s.example.org/</url>\n", escaped(b.source))
	fmt.Fprintf(to, "  <time file=\"1767225600\" build=\"1767225600\"/>\n  <size package=\"%d\" installed=\"%d\" archive=\"%d\"/>\n", b.file.size, 3*b.file.size, 3*b.file.size+900)
	fmt.Fprintf(to, "  <location href=\"%s\"/>\n  <format>\n    <rpm:license>MIT</rpm:license>\n    <rpm:vendor>Benchmark</rpm:vendor>\n", escaped(b.rpmPath()))
	fmt.Fprintf(to, "    <rpm:group>%s</rpm:group>\n    <rpm:buildhost>build.example.org</rpm:buildhost>\n    <rpm:sourcerpm>%s-%s-%d.src.rpm</rpm:sourcerpm>\n",
		b.section, escaped(b.source), escaped(upstream), b.version.revision)
	to.WriteString("    <rpm:header-range start=\"4504\" end=\"9205\"/>\n    <rpm:provides>\n")
	for _, name := range []string{b.name, b.name + "(x86-64)", "config(" + b.name + ")"} {
		writeEntry(to, name, "EQ", b.version)
	}
	if common {
		writeCommon(to)
	}
	to.WriteString("    </rpm:provides>\n")
	for _, list := range rpmLists {
		b.writeRelations(to, list.field, list.element)
	}
	fmt.Fprintf(to, "    <file>/usr/bin/%s</file>\n    <file>/etc/%[1]s.conf</file>\n  </format>\n</package>\n", escaped(b.name))
}

// commonNeeds are what nearly every package of a distribution requires.
var commonNeeds = []string{"/bin/sh", "libc.so.6()(64bit)", "libc.so.6(GLIBC_2.34)(64bit)", "rtld(GNU_HASH)"}

func writeCommon(to *bytes.Buffer) {
	for _, name := range commonNeeds {
		fmt.Fprintf(to, "      <rpm:entry name=\"%s\"/>\n", name)
	}
}

// writeRelations writes the relations of a field; of alternatives a rich one.
func (b *binary) writeRelations(to *bytes.Buffer, field, element string) {
	start := to.Len()
	fmt.Fprintf(to, "    <rpm:%s>\n", element)
	empty := to.Len()
	if field == "Depends" {
		writeCommon(to)
	}
	for _, r := range b.relations {
		if r.field != field {
			continue
		}
		for _, text := range r.any {
			text = strings.NewReplacer("(", "", ")", "").Replace(text)
			if strings.Contains(text, " | ") {
				fmt.Fprintf(to, "      <rpm:entry name=\"(%s)\"/>\n", escaped(strings.ReplaceAll(text, " | ", " or ")))
				continue
			}
			name, constraint, _ := strings.Cut(text, " ")
			flags := ""
			if constraint != "" {
				flags = "GE"
			}
			writeEntry(to, name, flags, version{upstream: strings.TrimPrefix(constraint, ">= ")})
		}
		for _, name := range r.same {
			writeEntry(to, name, "EQ", b.version)
		}
	}
	if to.Len() == empty {
		to.Truncate(start)
		return
	}
	fmt.Fprintf(to, "    </rpm:%s>\n", element)
}

// writeEntry writes one entry; a revision of 0 is no release, no flags are no version.
func writeEntry(to *bytes.Buffer, name, flags string, v version) {
	fmt.Fprintf(to, "      <rpm:entry name=\"%s\"", escaped(name))
	if flags != "" {
		upstream, epoch := v.rpm()
		fmt.Fprintf(to, " flags=\"%s\" epoch=\"%d\" ver=\"%s\"", flags, epoch, escaped(upstream))
		if v.revision > 0 {
			fmt.Fprintf(to, " rel=\"%d\"", v.revision)
		}
	}
	to.WriteString("/>\n")
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder has no errors
	return b.String()
}
