package header

// Tag is the key of a value. The header and the signature header give some numbers
// different meanings.
type Tag uint32

// Tags of the header, rpm's tags.md.
const (
	Name               Tag = 1000
	Version            Tag = 1001
	Release            Tag = 1002
	Epoch              Tag = 1003
	Summary            Tag = 1004
	Description        Tag = 1005
	BuildTime          Tag = 1006 // Unix time
	BuildHost          Tag = 1007
	Size               Tag = 1009 // installed, in bytes
	Vendor             Tag = 1011
	License            Tag = 1014
	Packager           Tag = 1015
	Group              Tag = 1016
	URL                Tag = 1020
	OS                 Tag = 1021
	Arch               Tag = 1022
	OldFileNames       Tag = 1027 // whole paths, in the place of BaseNames
	FileSizes          Tag = 1028
	FileModes          Tag = 1030
	FileTimes          Tag = 1034
	FileDigests        Tag = 1035
	FileLinkTos        Tag = 1036
	FileFlags          Tag = 1037
	SourceRPM          Tag = 1044 // absent in source packages
	ArchiveSize        Tag = 1046
	ProvideName        Tag = 1047
	RequireFlags       Tag = 1048
	RequireName        Tag = 1049
	RequireVersion     Tag = 1050
	NoSource           Tag = 1051
	NoPatch            Tag = 1052
	ConflictFlags      Tag = 1053
	ConflictName       Tag = 1054
	ConflictVersion    Tag = 1055
	ChangelogTime      Tag = 1080
	ChangelogName      Tag = 1081
	ChangelogText      Tag = 1082
	ObsoleteName       Tag = 1090
	SourcePackage      Tag = 1106
	ProvideFlags       Tag = 1112
	ProvideVersion     Tag = 1113
	ObsoleteFlags      Tag = 1114
	ObsoleteVersion    Tag = 1115
	DirIndexes         Tag = 1116 // of a file's directory among DirNames
	BaseNames          Tag = 1117
	DirNames           Tag = 1118 // each with a slash at its end
	PayloadCompressor  Tag = 1125
	OldSuggestName     Tag = 1156
	OldSuggestVersion  Tag = 1157
	OldSuggestFlags    Tag = 1158
	OldEnhanceName     Tag = 1159
	OldEnhanceVersion  Tag = 1160
	OldEnhanceFlags    Tag = 1161
	LongFileSizes      Tag = 5008 // in the place of FileSizes
	LongSize           Tag = 5009 // in the place of Size
	FileDigestAlgo     Tag = 5011
	RecommendName      Tag = 5046
	RecommendVersion   Tag = 5047
	RecommendFlags     Tag = 5048
	SuggestName        Tag = 5049
	SuggestVersion     Tag = 5050
	SuggestFlags       Tag = 5051
	SupplementName     Tag = 5052
	SupplementVersion  Tag = 5053
	SupplementFlags    Tag = 5054
	EnhanceName        Tag = 5055
	EnhanceVersion     Tag = 5056
	EnhanceFlags       Tag = 5057
	PayloadDigest      Tag = 5092 // hexadecimal, of the payload as it is stored
	PayloadDigestAlgo  Tag = 5093
	ModularityLabel    Tag = 5096
	PayloadSize        Tag = 5112 // as it is stored; format 6
	PayloadSizeAlt     Tag = 5113 // uncompressed; format 6
	LongArchiveSize    Tag = 271  // in the place of ArchiveSize
	HeaderI18NTable    Tag = 100
	HeaderImmutable    Tag = 63
	SignatureImmutable Tag = 62 // of the signature header
)

// Tags of the signature header.
const (
	SigDSA         Tag = 267 // OpenPGP signature of the header, by any algorithm but RSA
	SigRSA         Tag = 268
	SigSHA1        Tag = 269 // of the header, hexadecimal
	SigLongSize    Tag = 270 // of header and payload
	SigLongArchive Tag = 271 // in the place of SigPayloadSize
	SigSHA256      Tag = 273
	SigOpenPGP     Tag = 278 // OpenPGP signatures of the header in base64; format 6
	SigSHA3        Tag = 279 // SHA3-256
	SigSize        Tag = 1000
	SigPGP         Tag = 1002 // OpenPGP signature of header and payload; format 3
	SigMD5         Tag = 1004 // of header and payload
	SigGPG         Tag = 1005 // as SigPGP, by any algorithm but RSA
	SigPayloadSize Tag = 1007 // uncompressed
)
