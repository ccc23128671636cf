package rpm

import (
	"bytes"
	"errors"
	"hash"
	"io"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// output compresses what is written to it, and keeps in mind what that is. It keeps
// the first error.
type output struct {
	compressed io.WriteCloser
	algorithm  repo.Algorithm
	plain      hash.Hash
	size       int64
	err        error
}

// newOutput writes to the given writer, in the compression of the suffix.
func newOutput(to io.Writer, suffix string, algorithm repo.Algorithm) *output {
	o := &output{algorithm: algorithm, plain: algorithm.New()}
	o.compressed, o.err = compress.Writer(to, suffix)
	return o
}

func (o *output) Write(b []byte) (int, error) {
	if o.err == nil {
		o.plain.Write(b)
		o.size += int64(len(b))
		_, o.err = o.compressed.Write(b)
	}
	return len(b), o.err
}

// Close completes what was written; again, it does nothing.
func (o *output) Close() error {
	if o.compressed != nil {
		o.err = errors.Join(o.err, o.compressed.Close())
		o.compressed = nil
	}
	return o.err
}

// content is what was written.
func (o *output) content() repo.Content {
	return repo.Content{Size: o.size, Digest: repo.NewDigest(o.algorithm, o.plain.Sum(nil))}
}

// buffered is an output that is held in memory.
type buffered struct {
	*output
	buffer bytes.Buffer
}

func newBuffered() *buffered {
	b := &buffered{}
	b.output = newOutput(&b.buffer, ".gz", repo.SHA256)
	return b
}

// index is what was written, as the only index, if all went well.
func (b *buffered) index(recordType, name string, err error) ([]writtenIndex, error) {
	if err := errors.Join(err, b.Close()); err != nil {
		return nil, err
	}
	return []writtenIndex{{recordType: recordType, name: name, content: b.buffer.Bytes(), plain: b.content()}}, nil
}
