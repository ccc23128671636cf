package deb

import "github.com/mirrorkeeper/mirrorkeeper/deb/control"

// fieldID is a field of a stanza of Packages that we understand.
type fieldID uint8

const (
	fieldOther fieldID = iota
	fieldPackage
	fieldVersion
	fieldArchitecture
	fieldSource
	fieldSection
	fieldPriority
	fieldEssential
	fieldTask
	fieldMultiArch
	fieldPreDepends
	fieldDepends
	fieldRecommends
	fieldSuggests
	fieldEnhances
	fieldConflicts
	fieldBreaks
	fieldReplaces
	fieldProvides

	fieldFilename
	fieldSize
	fieldMD5
	fieldSHA1
	fieldSHA256
	fieldSHA512
)

// firstFileField and those after it describe the package file.
const firstFileField = fieldFilename

var fieldNames = [...]string{
	"", "Package", "Version", "Architecture", "Source", "Section", "Priority", "Essential", "Task", "Multi-Arch",
	"Pre-Depends", "Depends", "Recommends", "Suggests", "Enhances", "Conflicts", "Breaks", "Replaces", "Provides",
	"Filename", "Size", "MD5sum", "SHA1", "SHA256", "SHA512",
}

// String returns the name as Debian spells it.
func (id fieldID) String() string { return fieldNames[id] }

// byLength lists the fields by the lengths of their names.
var byLength = func() (ids [len("Architecture") + 1][]fieldID) {
	for id := fieldOther + 1; int(id) < len(fieldNames); id++ {
		n := len(fieldNames[id])
		ids[n] = append(ids[n], id)
	}
	return ids
}()

// identify finds the field of a name, whose case does not matter.
func identify(name []byte) fieldID {
	if len(name) >= len(byLength) {
		return fieldOther
	}
	for _, id := range byLength[len(name)] {
		if control.EqualName(name, fieldNames[id]) {
			return id
		}
	}
	return fieldOther
}
