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

const tableSize = 64

// fieldTable has each field at the hash of its name.
var fieldTable = func() (table [tableSize]fieldID) {
	for id := fieldOther + 1; int(id) < len(fieldNames); id++ {
		table[hashName(fieldNames[id])] = id
	}
	return table
}()

// hashName gives each of the fieldNames a number of its own, whatever the case.
func hashName[T string | []byte](name T) int {
	return (int(name[0]|0x20) + 2*int(name[len(name)-1]|0x20) + 11*len(name)) % tableSize
}

// identify finds the field of a name, whose case does not matter.
func identify(name []byte) fieldID {
	id := fieldTable[hashName(name)]
	if known := fieldNames[id]; string(name) == known || control.EqualName(name, known) {
		return id
	}
	return fieldOther
}
