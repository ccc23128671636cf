package incoming

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestGroup(t *testing.T) {
	file := func(size int64) state { return state{size: size, modified: 1} }
	listing := func(names ...string) *list {
		l := &list{signed: []Signature{{0, "A"}}}
		for _, name := range names {
			l.files = append(l.files, repo.File{Path: name, Size: 5, Digest: digest(name)})
		}
		return l
	}
	unsigned := func(names ...string) *list {
		l := listing(names...)
		l.signed, l.unsigned = nil, "unknown key"
		return l
	}
	for name, test := range map[string]struct {
		now     look
		moving  []string // files that have changed since the look before
		lists   map[string]*list
		uploads []string // the files of each
		waiting []string
	}{
		"complete":                {look{"a.changes": file(9), "a.deb": file(5)}, nil, map[string]*list{"a.changes": listing("a.deb")}, []string{"a.changes a.deb"}, nil},
		"a file is missing":       {look{"a.changes": file(9), "a.deb": file(5)}, nil, map[string]*list{"a.changes": listing("a.deb", "b.deb")}, nil, []string{"a.changes: b.deb is not there"}},
		"a file is too short":     {look{"a.changes": file(9), "a.deb": file(4)}, nil, map[string]*list{"a.changes": listing("a.deb")}, nil, []string{"a.changes: a.deb has 4 of 5 bytes"}},
		"a file is too long":      {look{"a.changes": file(9), "a.deb": file(6)}, nil, map[string]*list{"a.changes": listing("a.deb")}, []string{"a.changes a.deb"}, nil},
		"a file has just changed": {look{"a.changes": file(9), "a.deb": file(5)}, []string{"a.deb"}, map[string]*list{"a.changes": listing("a.deb")}, nil, []string{"a.changes: a.deb may still be written to"}},
		"the list has changed":    {look{"a.changes": file(9), "a.deb": file(5)}, []string{"a.changes"}, map[string]*list{"a.changes": listing("a.deb")}, nil, []string{"a.changes: a.changes may still be written to"}},
		"the list was replaced":   {look{"a.changes": file(9), "a.deb": file(5)}, nil, map[string]*list{"a.changes": {changed: true}}, nil, []string{"a.changes: a.changes may still be written to"}},
		"no signature":            {look{"a.changes": file(9), "a.deb": file(5)}, nil, map[string]*list{"a.changes": unsigned("a.deb", "b.deb")}, []string{"a.changes a.deb"}, nil},
		"two share a file":        {look{"a.changes": file(9), "b.changes": file(9), "a.deb": file(5)}, nil, map[string]*list{"a.changes": listing("a.deb"), "b.changes": listing("a.deb")}, []string{"a.changes a.deb", "a.deb b.changes"}, nil},
		"an unlisted package":     {look{"a.deb": file(5)}, nil, nil, nil, nil},
		"a package alone":         {look{"a.rpm": file(5), "README": file(5)}, nil, nil, []string{"a.rpm"}, nil},
		"a package that grows":    {look{"a.rpm": file(5), "b.rpm": file(5)}, []string{"a.rpm"}, nil, []string{"b.rpm"}, []string{"a.rpm: a.rpm may still be written to"}},
	} {
		t.Run(name, func(t *testing.T) {
			settled := maps.Clone(test.now)
			for _, name := range test.moving {
				delete(settled, name)
			}
			uploads, waiting := group(test.now, settled, test.lists, func(name string) bool { return strings.HasSuffix(name, ".rpm") })
			var gotUploads, gotWaiting []string
			for _, u := range uploads {
				gotUploads = append(gotUploads, strings.Join(slices.Sorted(maps.Keys(u.files)), " "))
			}
			for _, o := range waiting {
				gotWaiting = append(gotWaiting, o.Name+": "+strings.Join(o.Reasons, "; "))
			}
			if !slices.Equal(gotUploads, test.uploads) {
				t.Errorf("uploads %q, expected %q", gotUploads, test.uploads)
			}
			if !slices.Equal(gotWaiting, test.waiting) {
				t.Errorf("waiting %q, expected %q", gotWaiting, test.waiting)
			}
		})
	}
}

func TestSettled(t *testing.T) {
	before := look{"same": {1, 2, 3, 4}, "grown": {1, 2, 3, 4}, "touched": {1, 2, 3, 4}, "replaced": {1, 2, 3, 4}, "gone": {1, 2, 3, 4}}
	now := look{"same": {1, 2, 3, 4}, "grown": {2, 2, 3, 4}, "touched": {1, 3, 3, 4}, "replaced": {1, 2, 3, 5}, "new": {1, 2, 3, 4}}
	if got := now.settled(before); len(got) != 1 || got["same"] != now["same"] {
		t.Errorf("settled are %v, expected one", got)
	}
}
