package config

import "time"

// Incoming is a directory that others put packages for a repository into.
type Incoming struct {
	// Directory that uploads come to.
	From string `yaml:"from,path" jsonschema:"required"`
	// Those whose packages are taken.
	Uploaders []Uploader `yaml:"uploaders,single" jsonschema:"required,minItems=1"`
	// Longest time between two looks at the directory. Changes that the file system tells
	// of are looked at right away. Default 30s.
	Period time.Duration `yaml:"period" jsonschema:"default=30s"`
	// Time for which a file must not change before it is taken. Default 2s.
	Settle time.Duration `yaml:"settle" jsonschema:"default=2s"`
}

// Uploader is somebody whose packages are taken.
type Uploader struct {
	// Files of the OpenPGP keys that sign the uploads, binary or armoured.
	Keys []string `yaml:"keys,path" jsonschema:"required,minItems=1"`
	// Packages that are taken, by their names or those of their source packages: names,
	// globs, and regular expressions between slashes. Default: all.
	Packages []string `yaml:"packages,match" jsonschema:"minItems=1"`
}

// NewIncoming returns a directory for uploads with the defaults and nothing else.
func NewIncoming() *Incoming {
	i := &Incoming{}
	shapes{}.setDefaults(i)
	return i
}
