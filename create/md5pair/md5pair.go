// Package md5pair digests files by MD5, two at once on one processor.
//
// Each step of MD5 needs the result of the one before it, so that a processor mostly
// waits when it digests one message. Two messages side by side take hardly longer than
// one. Archives of Debian publish MD5 beside SHA-256, and on today's processors MD5 is
// the greater part of what reading a package costs.
package md5pair

import "hash"

// Hash is a hash to be closed after use: others may wait for what it will be given.
type Hash interface {
	hash.Hash
	Close()
}
