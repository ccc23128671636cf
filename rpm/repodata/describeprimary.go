package repodata

import (
	"bytes"

	"github.com/mirrorkeeper/mirrorkeeper/rpm/header"
)

// primary writes the element of primary.xml.
func (d *describer) primary() error {
	h := d.p.Header
	d.add("<package type=\"rpm\">\n")
	d.word("  ", "name", h.Text(header.Name))
	d.word("  ", "arch", []byte(d.p.Architecture()))
	d.version()
	d.add("  ")
	d.gap() // checksum
	d.add("\n")
	d.prose("  ", "summary", h.Text(header.Summary))
	d.prose("  ", "description", h.Text(header.Description))
	d.prose("  ", "packager", h.Text(header.Packager))
	d.prose("  ", "url", h.Text(header.URL))
	buildTime, _ := h.Int(header.BuildTime)
	d.add(`  <time file="`)
	d.gap()
	d.add(`" build="`)
	d.number(int64(buildTime))
	d.add("\"/>\n" + `  <size package="`)
	d.gap()
	d.add(`" installed="`)
	d.number(d.p.InstalledSize())
	d.add(`" archive="`)
	d.number(d.p.ArchiveSize())
	d.add("\"/>\n" + `  <location href="`)
	d.gap()
	d.add("\"/>\n  <format>\n")
	d.prose("    ", "rpm:license", h.Text(header.License))
	d.prose("    ", "rpm:vendor", h.Text(header.Vendor))
	d.prose("    ", "rpm:group", h.Text(header.Group))
	d.prose("    ", "rpm:buildhost", h.Text(header.BuildHost))
	d.word("    ", "rpm:sourcerpm", h.Text(header.SourceRPM))
	d.add(`    <rpm:header-range start="`)
	d.number(d.p.Start)
	d.add(`" end="`)
	d.number(d.p.End)
	d.add("\"/>\n")
	if err := d.relations(); err != nil {
		return err
	}
	for i := range d.files {
		if d.isImportant(i) {
			d.file("    ", i)
		}
	}
	d.add("  </format>\n</package>\n")
	return nil
}

// isImportant reports whether primary.xml lists the file: all createrepos list those
// that most requirements of files name.
func (d *describer) isImportant(i int) bool {
	d.path = append(append(d.path[:0], d.files[i].Dir...), d.files[i].Base...)
	return isImportant(d.path)
}

func isImportant(path []byte) bool {
	return bytes.HasPrefix(path, []byte("/etc/")) || bytes.Contains(path, []byte("bin/")) || string(path) == "/usr/lib/sendmail"
}
