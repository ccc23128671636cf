//go:build !amd64

package md5pair

import (
	"crypto/md5"
	"hash"
)

// Group makes hashes that have nothing in common.
type Group struct{}

type alone struct{ hash.Hash }

func (alone) Close() {}

// New is the hash of an empty message.
func (*Group) New() Hash { return alone{md5.New()} }
