package rpm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// sum is a digest for tests: 64 times the digit.
func sum(digit int) string { return strings.Repeat(fmt.Sprint(digit), 64) }

// record is a <data> of a repomd.xml.
func record(kind, href string, digit int, more string) string {
	return fmt.Sprintf(`<data type="%s"><checksum type="sha256">%s</checksum><location href="%s"/><size>%d</size>%s</data>`, kind, sum(digit), href, digit*100, more)
}

// repomd is a repomd.xml of the records.
func repomd(records ...string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?><repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1795338828</revision>` +
		strings.Join(records, "") + "</repomd>")
}

// signed is the root's files.
func signed(main []byte) repo.RootFiles {
	return repo.RootFiles{rootName: main, signatureName: []byte(keys.seal(main))}
}

const armouredKey = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nx\n-----END PGP PUBLIC KEY BLOCK-----\n"

func TestReadRootForms(t *testing.T) {
	main := repomd(record("primary", "repodata/primary.xml.gz", 1, ""))
	treeinfo := "[general]\nfamily = x\n[checksums]\nimages/boot.iso = sha256:" + sum(7) + "\n"
	extra := `{"header": {"version": "1.0"}, "data": [{"file": "EULA", "size": 3, "checksums": {"sha256": "` + sum(8) + `"}}]}`
	tests := []struct {
		name    string
		trusted bool
		keys    repo.Verifier
		files   repo.RootFiles
		want    []string // paths of the root's files
		indexes []string
		warning string
		err     string
	}{
		{name: "signed", keys: keys, files: signed(main), want: []string{signatureName, rootName}},
		{name: "newer than its signature", keys: keys, files: repo.RootFiles{rootName: append(slices.Clone(main), '\n'), signatureName: []byte(keys.seal(main))}, err: "broken seal"},
		{name: "no signature", keys: keys, files: repo.RootFiles{rootName: main}, err: "signature is missing"},
		{name: "no keys", files: signed(main), err: "no keys"},
		{name: "no file", keys: keys, files: repo.RootFiles{}, err: "the file is missing"},
		{name: "another signer", keys: seals{"other"}, files: signed(main), err: "broken seal"},
		{name: "not a repomd.xml", keys: keys, files: signed([]byte("<html></html>")), err: "repodata/repomd.xml:1"},
		{name: "trusted", trusted: true, files: signed(main), want: []string{signatureName, rootName}},
		{name: "trusted without signature", trusted: true, keys: keys, files: repo.RootFiles{rootName: main}, want: []string{rootName}},
		{name: "trusted with a bad one", trusted: true, keys: seals{"other"}, files: signed(main), want: []string{signatureName, rootName}, warning: "the signature is not good, but the source is trusted"},
		{
			name: "with all beside it", keys: keys,
			files:   with(signed(main), keyName, armouredKey, ".treeinfo", treeinfo, "treeinfo", treeinfo, extraFilesName, extra),
			want:    []string{signatureName, keyName, rootName},
			indexes: []string{".treeinfo", "treeinfo", extraFilesName},
		},
		{
			name: "with pages beside it", keys: keys,
			files: with(signed(main), keyName, "<html>", ".treeinfo", "<html>", extraFilesName, "<html>"),
			want:  []string{signatureName, rootName}, warning: "extra_files.json is left out",
		},
		{
			name: "with images among the indexes", keys: keys,
			files: with(signed(main), ".treeinfo", strings.Replace(treeinfo, "images/boot.iso", "repodata/x", 1)),
			want:  []string{signatureName, rootName}, warning: "among the indexes",
		},
		{
			name: "with images that nothing proves", keys: keys,
			files: with(signed(main), ".treeinfo", strings.Replace(treeinfo, "sha256:"+sum(7), "sha1:"+sum(7)[:40], 1)),
			want:  []string{signatureName, rootName}, warning: "only digests that prove nothing",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := source()
			s.Trusted = test.trusted
			r := only(t, s)
			root, err := Format{}.ReadRoot(r, Format{}.RootForms(r)[0], test.files, test.keys, now)
			if err != nil || test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || test.err == "" {
					t.Fatalf("error is %v, expected %q", err, test.err)
				}
				return
			}
			var paths, indexes []string
			for _, f := range root.Files {
				paths = append(paths, f.Path)
				if f != fileOf(f.Path, test.files[f.Path]) {
					t.Errorf("%s is %+v", f.Path, f)
				}
			}
			if d := cmp.Diff(test.want, paths); d != "" {
				t.Error(d)
			}
			for _, ix := range root.Indexes[1:] {
				indexes = append(indexes, ix.Name)
				if !ix.ListsFiles || !ix.Optional || ix.Variants[0].File != fileOf(ix.Name, test.files[ix.Name]) {
					t.Errorf("%s is %+v", ix.Name, ix)
				}
			}
			if d := cmp.Diff(test.indexes, indexes); d != "" {
				t.Error(d)
			}
			if got := strings.Join(root.Warnings, "; "); !strings.Contains(got, test.warning) || test.warning == "" && got != "" {
				t.Errorf("warnings are %q, expected %q", got, test.warning)
			}
			if root.Digest != fileOf("", test.files[rootName]).Digest {
				t.Errorf("the digest is %s", root.Digest)
			}
		})
	}
}

func with(files repo.RootFiles, pairs ...string) repo.RootFiles {
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = []byte(pairs[i+1])
	}
	return files
}

func TestDateOfRoot(t *testing.T) {
	at := func(seconds int64) string { return fmt.Sprintf("<timestamp>%d</timestamp>", seconds) }
	root := func(revision string, timestamps ...int64) []byte {
		b := `<repomd><revision>` + revision + `</revision>`
		for i, seconds := range timestamps {
			b += record(fmt.Sprint("t", i), fmt.Sprint("repodata/", i), i, at(seconds))
		}
		return []byte(b + "</repomd>")
	}
	early, late, future := now.Add(-2*time.Hour), now.Add(-time.Hour), now.Add(time.Hour)
	tests := []struct {
		name    string
		main    []byte
		want    time.Time
		warning string
	}{
		{"newest record", root("1", early.Unix(), late.Unix(), early.Unix()), late, ""},
		{"revision", root(fmt.Sprint(late.Unix()), early.Unix()), late, ""},
		{"revision that counts", root("17", early.Unix()), early, ""},
		{"revision of another kind", root("v1.2", early.Unix()), early, ""},
		{"record of the future", root("", early.Unix(), future.Unix()), early, "is in the future and is ignored"},
		{"revision of the future", root(fmt.Sprint(future.Unix()), early.Unix()), early, ""},
		{"none", root("", 0), time.Time{}, "has no date"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := only(t, source())
			root, err := Format{}.ReadRoot(r, Format{}.RootForms(r)[0], signed(test.main), keys, now)
			if err != nil {
				t.Fatal(err)
			}
			if !root.Date.Equal(test.want) || !root.ValidUntil.IsZero() {
				t.Errorf("the date is %s, expected %s", root.Date, test.want)
			}
			if got := strings.Join(root.Warnings, "; "); !strings.Contains(got, test.warning) || test.warning == "" && got != "" {
				t.Errorf("warnings are %q, expected %q", got, test.warning)
			}
		})
	}
}

// What a partial mirror is made of besides packages changes the root's identity, and
// nothing else does.
func TestIdentityOfRoot(t *testing.T) {
	identity := func(records ...string) string {
		r := only(t, source())
		root, err := Format{}.ReadRoot(r, Format{}.RootForms(r)[0], signed(repomd(records...)), keys, now)
		if err != nil {
			t.Fatal(err)
		}
		return root.Identity
	}
	base := identity(record("primary", "repodata/p", 1, ""), record("group", "repodata/g", 2, ""), record("productid", "repodata/i", 3, ""))
	for _, same := range [][]string{
		{record("primary", "repodata/q", 4, "<timestamp>5</timestamp>"), record("group", "repodata/g", 2, ""), record("productid", "repodata/i", 3, "")},
		{record("primary", "repodata/p", 1, ""), record("primary_db", "repodata/d", 6, ""), record("group", "repodata/g", 2, ""), record("productid", "repodata/i", 3, "")},
	} {
		if identity(same...) != base {
			t.Errorf("%v changes the identity", same)
		}
	}
	for _, other := range [][]string{
		{record("primary", "repodata/p", 1, ""), record("group", "repodata/g", 4, ""), record("productid", "repodata/i", 3, "")},
		{record("primary", "repodata/p", 1, ""), record("group", "repodata/g", 2, ""), record("productid", "repodata/i", 4, "")},
		{record("primary", "repodata/p", 1, ""), record("group", "repodata/g", 2, "")},
		{"<tags><content>x</content></tags>", record("primary", "repodata/p", 1, ""), record("group", "repodata/g", 2, ""), record("productid", "repodata/i", 3, "")},
	} {
		if identity(other...) == base {
			t.Errorf("%v does not change the identity", other)
		}
	}
}
