package header_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/header"
)

// sample is a package of the least tags that rpm shows, and more of them.
func sample(more ...repotest.RawTag) repotest.RawRPM {
	return repotest.RawRPM{
		Signature: []repotest.RawTag{{Tag: 1000, Value: uint32(1)}},
		Header: append([]repotest.RawTag{
			{Tag: 1000, Value: "raw"},
			{Tag: 1001, Value: "1"},
			{Tag: 1002, Value: "1"},
			{Tag: 1004, Value: repotest.Translated{"sum"}},
			{Tag: 1005, Value: repotest.Translated{"description"}},
			{Tag: 1009, Value: uint32(5)},
			{Tag: 1021, Value: "linux"},
			{Tag: 1022, Value: "noarch"},
			{Tag: 1044, Value: "raw-1-1.src.rpm"},
		}, more...),
	}
}

// Fields of an entry of the index, in units of four bytes.
const (
	tagField = iota
	kindField
	offsetField
	countField
)

// patched changes fields of entries: of the signature header where the entry is
// negative, which counts from -1 on, and of the header, which counts from 1 on.
func patched(r repotest.RawRPM, patches ...[3]int) []byte {
	b := r.Bytes()
	signature := 96
	main := signature + 16 + 16*int(binary.BigEndian.Uint32(b[signature+8:])) + int(binary.BigEndian.Uint32(b[signature+12:]))
	main += -main & 7
	for _, p := range patches {
		start, entry := main, p[0]
		if entry < 0 {
			start, entry = signature, -entry
		}
		binary.BigEndian.PutUint32(b[start+16*entry+4*p[1]:], uint32(p[2]))
	}
	return b
}

func many(n int) (all []repotest.RawTag) {
	for i := range n {
		all = append(all, repotest.RawTag{Tag: uint32(2000 + i), Value: uint32(1)})
	}
	return all
}

// What rpm shows is read, and what it refuses is refused.
func TestReadsAndRefusesAsRPM(t *testing.T) {
	t.Parallel()
	tool(t, "rpm")
	signature := func(tags ...repotest.RawTag) repotest.RawRPM {
		r := sample()
		r.Signature = tags
		return r
	}
	old := sample()
	old.NoRegions = true
	source := sample()
	source.Source = true
	trailer := func(r repotest.RawRPM, field, value int) []byte { // of the header, which ends the file
		b := r.Bytes()
		binary.BigEndian.PutUint32(b[len(b)-16+4*field:], uint32(value))
		return b
	}
	leadByte := func(i int, c byte) []byte {
		b := sample().Bytes()
		b[i] = c
		return b
	}
	for name, content := range map[string][]byte{
		"plain":                             sample().Bytes(),
		"format 3":                          old.Bytes(),
		"a source package's lead":           source.Bytes(),
		"format 2":                          leadByte(4, 2),
		"format 4":                          leadByte(4, 4),
		"format 5":                          leadByte(4, 5),
		"another type of signature":         leadByte(79, 4),
		"another machine":                   leadByte(9, 77),
		"31 signatures":                     signature(many(31)...).Bytes(),
		"32 signatures":                     signature(many(32)...).Bytes(),
		"a great signature":                 signature(repotest.RawTag{Tag: 2000, Value: make([]byte, 1<<20)}).Bytes(),
		"many tags":                         sample(many(3000)...).Bytes(),
		"a great value":                     sample(repotest.RawTag{Tag: 2000, Value: make([]byte, 3<<20)}).Bytes(),
		"tags in another order":             sample(repotest.RawTag{Tag: 900, Value: "x"}).Bytes(),
		"no header magic":                   patched(sample(), [3]int{0, 0, 1}),
		"no signature magic":                leadByte(97, 0),
		"no entries":                        patched(sample(), [3]int{0, 2, 0}),
		"less entries":                      patched(sample(), [3]int{0, 2, 5}),
		"more entries":                      patched(sample(), [3]int{0, 2, 11}),
		"less data":                         patched(sample(), [3]int{0, 3, 20}),
		"more data":                         patched(sample(), [3]int{0, 3, 4000}),
		"2 GiB of data":                     patched(sample(), [3]int{0, 3, 1 << 31}),
		"a million entries":                 patched(sample(), [3]int{0, 2, 1 << 20}),
		"a region of strings":               patched(sample(), [3]int{1, kindField, 8}),
		"a region of 17 bytes":              patched(sample(), [3]int{1, countField, 17}),
		"a region that ends early":          patched(sample(), [3]int{1, offsetField, 4}),
		"a region outside":                  patched(sample(), [3]int{1, offsetField, 4000}),
		"a region of another kind":          patched(sample(), [3]int{1, tagField, 61}),
		"a signature region that ends soon": patched(signature(many(3)...), [3]int{-1, offsetField, 0}),
		"a signature region outside":        patched(sample(), [3]int{-1, offsetField, 400}),
		"a trailer with another tag":        trailer(sample(), tagField, 62),
		"a trailer of another type":         trailer(sample(), kindField, 6),
		"a trailer of a small region":       trailer(sample(), offsetField, -32),
		"a trailer of a great region":       trailer(sample(), offsetField, -3200),
		"a trailer of part of an entry":     trailer(sample(), offsetField, -161),
		"a trailer with another count":      trailer(sample(), countField, 4),
		"type 0":                            patched(sample(), [3]int{3, kindField, 0}),
		"type 10":                           patched(sample(), [3]int{3, kindField, 10}),
		"a value outside":                   patched(sample(), [3]int{3, offsetField, 4000}),
		"a value before all":                patched(sample(), [3]int{3, offsetField, 1 << 31}),
		"values that overlap":               patched(sample(), [3]int{3, offsetField, 0}),
		"values in another order":           patched(sample(), [3]int{3, offsetField, 8}, [3]int{4, offsetField, 4}),
		"no values":                         patched(sample(), [3]int{3, countField, 0}),
		"two values of a string":            patched(sample(), [3]int{3, countField, 2}),
		"many strings":                      patched(sample(), [3]int{5, countField, 400}),
		"a billion strings":                 patched(sample(), [3]int{5, countField, 1 << 30}),
		"two strings of one's bytes":        patched(sample(), [3]int{5, countField, 2}),
		"numbers at an odd place":           patched(sample(), [3]int{7, offsetField, 33}),
		"many numbers":                      patched(sample(), [3]int{7, countField, 1000}),
		"a billion numbers":                 patched(sample(), [3]int{7, countField, 1 << 30}),
		"overflowing numbers":               patched(sample(), [3]int{7, countField, 1 << 31}),
		"a string that does not end":        bytes.Replace(old.Bytes(), []byte("raw-1-1.src.rpm\x00"), []byte("raw-1-1.src.rpmx"), 1),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.rpm")
			if err := os.WriteFile(file, content, 0o644); err != nil {
				t.Fatal(err)
			}
			query := exec.Command("rpm", "-qp", "--nosignature", "--nodigest", "--qf", "%{nevra} %{sourcerpm} %{summary}", file)
			query.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
			var messages bytes.Buffer
			query.Stderr = &messages
			out, refused := query.Output()
			p, err := header.Read(bytes.NewReader(content))
			if (err == nil) != (refused == nil) {
				t.Fatalf("the error is %v, rpm's %v: %s", err, refused, &messages)
			}
			if err != nil {
				return
			}
			h := p.Header
			got := fmt.Sprintf("%s-%s-%s.%s %s %s", h.String(header.Name), h.String(header.Version), h.String(header.Release), p.Architecture(), h.String(header.SourceRPM), h.String(header.Summary))
			if got != string(out) {
				t.Errorf("read is %q, rpm reads %q", got, out)
			}
		})
	}
}

// rpm takes either of two values of one tag.
func TestReadRefusesWhatStandsThereTwice(t *testing.T) {
	twice := sample(repotest.RawTag{Tag: 1000, Value: "other"}).Bytes()
	if _, err := header.Read(bytes.NewReader(twice)); err == nil || !strings.Contains(err.Error(), "tag 1000 stands there twice") {
		t.Errorf("error %v", err)
	}
}

func TestLists(t *testing.T) {
	read := func(tags ...repotest.RawTag) *header.Header {
		t.Helper()
		p, err := header.Read(bytes.NewReader(sample(tags...).Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		return p.Header
	}
	names := func(n int) []string { return slices.Repeat([]string{"x"}, n) }
	for want, list := range map[string]func() error{
		"it has 2 files and indexes of the directories of 1": func() error {
			_, err := read(repotest.RawTag{Tag: 1116, Value: []uint32{0}}, repotest.RawTag{Tag: 1117, Value: names(2)}, repotest.RawTag{Tag: 1118, Value: []string{"/"}}).Files()
			return err
		},
		"it has 1 files and indexes of the directories of 0": func() error {
			_, err := read(repotest.RawTag{Tag: 1117, Value: names(1)}).Files()
			return err
		},
		`its file "x" is in the directory number 7 of 1`: func() error {
			_, err := read(repotest.RawTag{Tag: 1116, Value: []uint32{7}}, repotest.RawTag{Tag: 1117, Value: names(1)}, repotest.RawTag{Tag: 1118, Value: []string{"/"}}).Files()
			return err
		},
		"it has 2 files and modes of 1": func() error {
			_, err := read(repotest.RawTag{Tag: 1027, Value: names(2)}, repotest.RawTag{Tag: 1030, Value: []uint16{1}}).Files()
			return err
		},
		"it has 2 files and flags of 3": func() error {
			_, err := read(repotest.RawTag{Tag: 1027, Value: names(2)}, repotest.RawTag{Tag: 1037, Value: []uint32{1, 2, 3}}).Files()
			return err
		},
		"tag 1049: it has 2 names of relations, 0 versions and 1 flags": func() error {
			_, err := read(repotest.RawTag{Tag: 1048, Value: []uint32{1}}, repotest.RawTag{Tag: 1049, Value: names(2)}).Relations(header.Requires)
			return err
		},
		"its changelog has 2 times, 1 authors and 1 texts": func() error {
			_, err := read(repotest.RawTag{Tag: 1080, Value: []uint32{1, 2}}, repotest.RawTag{Tag: 1081, Value: names(1)}, repotest.RawTag{Tag: 1082, Value: names(1)}).Changelog(-1)
			return err
		},
	} {
		if err := list(); err == nil || err.Error() != want {
			t.Errorf("error %v, expected %s", err, want)
		}
	}
}

func TestCheckSize(t *testing.T) {
	for _, test := range []struct {
		signature, header []repotest.RawTag
		payload           int
		want              string
	}{
		{nil, nil, 10, ""},
		{[]repotest.RawTag{{Tag: 1000, Value: uint32(1000)}}, nil, 10, "truncated"},
		{[]repotest.RawTag{{Tag: 1000, Value: uint32(100)}}, nil, 1000, "expected"},
		{[]repotest.RawTag{{Tag: 270, Value: []uint64{1 << 40}}}, nil, 10, "truncated"},
		{nil, []repotest.RawTag{{Tag: 5112, Value: []uint64{10}}}, 10, ""},
		{nil, []repotest.RawTag{{Tag: 5112, Value: []uint64{11}}}, 10, "truncated"},
		{nil, []repotest.RawTag{{Tag: 5112, Value: []uint64{9}}}, 10, "expected"},
		{nil, []repotest.RawTag{{Tag: 5112, Value: []uint64{1<<64 - 1}}}, 10, "expected"},
	} {
		r := sample(test.header...)
		r.Signature = append(test.signature, repotest.RawTag{Tag: 1007, Value: uint32(1)})
		r.Payload = make([]byte, test.payload)
		content := r.Bytes()
		p, err := header.Read(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		err = p.CheckSize(int64(len(content)))
		if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v, expected %q", test, err, test.want)
		}
	}
}
