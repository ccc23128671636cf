package plant

import (
	"context"
	"io/fs"
)

// place is a target that was reached. It may be used concurrently.
type place interface {
	// directory returns one of the directories. The caller closes it.
	directory(ctx context.Context, path string) (directory, error)
	// lost reports whether the place cannot be used any more.
	lost() bool
	// warnings are about what the place cannot do.
	warnings() []string
	close()
}

// directory is what is planted in. Names are relative to it, at most one directory
// deep. Errors are [fs.ErrNotExist] and [fs.ErrPermission] where they are that.
type directory interface {
	// read returns at most the first maxMark+1 bytes of a file.
	read(ctx context.Context, name string) ([]byte, error)
	// create makes a new file, readable for all, and makes it durable.
	create(ctx context.Context, name string, content []byte) error
	// replace renames a file, in the place of another one if there is one.
	replace(ctx context.Context, from, to string) error
	remove(ctx context.Context, name string) error
	// makeDirectory makes a directory, unless it is there.
	makeDirectory(ctx context.Context, name string) error
	list(ctx context.Context, name string) ([]fs.FileInfo, error)
	close()
}
