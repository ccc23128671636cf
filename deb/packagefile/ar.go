package packagefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	magic      = "!<arch>\n"
	headerSize = 60
	// nameSize and sizeOffset are places in a member's header: name, time, owner,
	// group, mode, size, and the two bytes of headerEnd.
	nameSize   = 16
	sizeOffset = 48
	sizeEnd    = 58
	headerEnd  = "`\n"
)

// members goes through an ar archive without going back. The sizes of members are
// checked against that of the file, so that one that was cut off is found without
// reading it.
type members struct {
	in   *bufio.Reader
	size int64 // of the file
	next int64 // where the next member's header is
	pos  int64 // of in
}

// member is one of an archive's; its content is what comes next.
type member struct {
	name string
	size int64
}

func (m *members) open() error {
	var start [len(magic)]byte
	n, err := io.ReadFull(m.in, start[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	switch {
	case string(start[:n]) == magic:
	case n == 0:
		return errors.New("it is empty, not a Debian package")
	case bytes.HasPrefix(start[:n], []byte("0.93")):
		return errors.New("it is a Debian package of the old format 0.93, which apt cannot read; build it anew with dpkg-deb")
	default:
		return fmt.Errorf("it is not a Debian package: it begins with %q, not with %q", start[:n], magic)
	}
	m.pos, m.next = int64(len(magic)), int64(len(magic))
	return nil
}

// read returns the next member, and io.EOF behind the last one.
func (m *members) read() (member, error) {
	if m.next >= m.size { // the last one may lack its padding
		return member{}, io.EOF
	}
	if err := m.skipTo(m.next); err != nil {
		return member{}, err
	}
	if m.size-m.pos < headerSize {
		return member{}, fmt.Errorf("it is cut off, or other data follows: %d bytes at offset %d, where a member's header of %d bytes is expected", m.size-m.pos, m.pos, headerSize)
	}
	header, err := m.in.Peek(headerSize)
	if err != nil {
		return member{}, unexpected(err)
	}
	if end := header[sizeEnd:]; string(end) != headerEnd {
		return member{}, fmt.Errorf("the header of the member at offset %d ends with %q, not with %q", m.pos, end, headerEnd)
	}
	found := member{name: memberName(header[:nameSize])}
	if found.size, err = memberSize(header[sizeOffset:sizeEnd]); err != nil {
		return member{}, fmt.Errorf("member %q: %w", found.name, err)
	}
	m.in.Discard(headerSize) // it is in the buffer
	m.pos += headerSize
	if left := m.size - m.pos; found.size > left {
		return member{}, fmt.Errorf("it is cut off: member %q has %d bytes by its header, and the file only %d more", found.name, found.size, left)
	}
	m.next = m.pos + found.size + found.size%2
	return found, nil
}

// content reads the member that was found last, once. What is read behind its end by
// others would be lost.
func (m *members) content(of member) io.Reader {
	m.pos += of.size
	return &io.LimitedReader{R: m.in, N: of.size}
}

// skipTo goes on to an offset.
func (m *members) skipTo(offset int64) error {
	for m.pos < offset {
		n, err := m.in.Discard(int(min(offset-m.pos, 1<<30)))
		m.pos += int64(n)
		if err != nil {
			return unexpected(err)
		}
	}
	return nil
}

// memberName knows both styles: padded with blanks, and ended by a slash before them.
func memberName(field []byte) string {
	return strings.TrimSuffix(string(bytes.TrimRight(field, " ")), "/")
}

// memberSize reads decimal digits, padded with blanks.
func memberSize(field []byte) (size int64, err error) {
	digits := bytes.Trim(field, " ")
	if len(digits) == 0 {
		return 0, errors.New("its size is missing")
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("its size is %q, not a number of bytes", field)
		}
		size = 10*size + int64(c-'0') // of ten digits at most
	}
	return size, nil
}

// unexpected names an end that comes too early: the file is shorter than its size said.
func unexpected(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
