package rpm

import (
	"fmt"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// Renew writes repomd.xml with the same records, of the given date, which is the revision
// too where that is a time. yum takes no notice of a repomd.xml whose records are older
// than those of its own. A repomd.xml does not expire.
func (Format) Renew(n *repo.Renewal) ([]repo.File, error) {
	repomd, err := repodata.ParseRepomd(n.Files[n.Root.Form.Main], n.Root.Form.Main)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Repository, err)
	}
	if _, ok := revisionTime(repomd.Revision); ok || repomd.Revision == "" {
		repomd.Revision = revision(n.Date)
	}
	for i := range repomd.Records {
		repomd.Records[i].Timestamp = n.Date
	}
	written, err := newRoot(n.Repository, repomd, n.Signer)
	if err != nil {
		return nil, err
	}
	var files []repo.File
	for _, f := range written {
		stored, err := n.Put(f.name, f.content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		stored.Path = f.name
		files = append(files, stored)
	}
	return files, nil
}
