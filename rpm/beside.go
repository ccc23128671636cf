package rpm

import (
	"bytes"
	"errors"
	"path"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// takeBeside takes what lies beside the root into it: the key as a file of the root,
// and what lists files as indexes.
func takeBeside(root *repo.Root, files repo.RootFiles) {
	for _, name := range root.Form.Beside {
		content, ok := files[name]
		if !ok {
			continue
		}
		if err := addBeside(root, name, content); err != nil {
			root.Warnings = append(root.Warnings, name+" is left out: "+err.Error())
		}
	}
}

func addBeside(root *repo.Root, name string, content []byte) error {
	switch path.Base(name) {
	case path.Base(keyName):
		if !bytes.Contains(content, []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----")) {
			return errors.New("it is no armoured key")
		}
		root.Files = append(root.Files, fileOf(name, content))
	}
	return nil
}
