// Package config reads mirrorkeeper's configuration: one YAML file into typed
// values, strictly. Every mistake in the file is found in one pass and is told
// with file, line and key.
//
// The types are the reference of the surface: the tags of their fields hold each
// key, its default and its limits, for reading and for the published JSON schema
// (docs/mirrorkeeper.schema.json) alike. A field's yaml tag is the key, followed
// by how its value is read:
//
//	named    a mapping from names to entries, kept in the order of the file
//	path     a file or directory, resolved against the configuration file's directory
//	bucket   with path: s3://BUCKET/PREFIX is accepted too
//	input    a path as above, or an address of http or https
//	url      an address of one of the field's schemes
//	bytes    a number of bytes with an optional unit
//	command  a program and its arguments: always a list
//	numbers  numbers are accepted and taken as they are written
//	single   of a list of mappings: one mapping is accepted in its place
//	match    a text, a glob, or a regular expression between slashes
//
// A list of texts may be written as one text where it has one item. In addresses
// and secrets, variables of the environment are replaced: they are written
// ${NAME}, in capitals, and a dollar sign is $$; other forms, such as $basearch,
// stay as they are.
package config

//go:generate go test -run ^TestSchemaIsCurrent$ -update
