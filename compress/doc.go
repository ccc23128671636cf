// Package compress reads and writes the compressions in which repositories
// publish their files, each named by the suffix of its files: ".gz", ".xz", ...
//
// What is read comes from upstream and is hostile: a [Reader] gives at most as
// many bytes as its caller allows, bounds its own memory, and tells truncated
// and damaged data from good. What is written is the same bytes for the same
// content, whatever the machine.
package compress
