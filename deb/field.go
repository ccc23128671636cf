package deb

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

// identify finds the field of a name, whose case does not matter.
func identify(name []byte) fieldID {
	var buf [16]byte
	if len(name) > len(buf) {
		return fieldOther
	}
	for i, b := range name {
		// Letters become lower-case, digits and the hyphen stay.
		buf[i] = b | 0x20
	}
	switch string(buf[:len(name)]) {
	case "package":
		return fieldPackage
	case "version":
		return fieldVersion
	case "architecture":
		return fieldArchitecture
	case "source":
		return fieldSource
	case "section":
		return fieldSection
	case "priority":
		return fieldPriority
	case "essential":
		return fieldEssential
	case "task":
		return fieldTask
	case "multi-arch":
		return fieldMultiArch
	case "pre-depends":
		return fieldPreDepends
	case "depends":
		return fieldDepends
	case "recommends":
		return fieldRecommends
	case "suggests":
		return fieldSuggests
	case "enhances":
		return fieldEnhances
	case "conflicts":
		return fieldConflicts
	case "breaks":
		return fieldBreaks
	case "replaces":
		return fieldReplaces
	case "provides":
		return fieldProvides
	case "filename":
		return fieldFilename
	case "size":
		return fieldSize
	case "md5sum":
		return fieldMD5
	case "sha1":
		return fieldSHA1
	case "sha256":
		return fieldSHA256
	case "sha512":
		return fieldSHA512
	}
	return fieldOther
}
