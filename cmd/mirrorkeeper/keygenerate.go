package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

func (a *app) keyGenerateCommand() *cobra.Command {
	var name, passphraseFile string
	c := &cobra.Command{
		Use:   "generate FILE",
		Short: "Make a key that signs repositories",
		Long: `Makes an OpenPGP key that signs repositories, RSA with 3072 bits as the oldest
clients read it, that does not expire, and writes its secret half to FILE, readable
for its owner alone. A file that is there is never replaced.`,
		Args: exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if name == "" {
				name = assembly.DefaultKeyName()
			}
			var passphrase []byte
			if passphraseFile != "" {
				var err error
				if passphrase, err = assembly.FirstLine(passphraseFile); err != nil {
					return err
				}
			}
			return a.generateKey(args[0], name, passphrase)
		},
	}
	c.Flags().StringVar(&name, "name", "", "`name` of the key, such as \"Example packages <packages@example.org>\" (default: mirrorkeeper on this machine)")
	c.Flags().StringVar(&passphraseFile, "passphrase-file", "", "`file` whose first line is the passphrase that protects the key (default: none)")
	return c
}

// generateKey makes a key and writes it to a file that is not there yet.
func (a *app) generateKey(file, name string, passphrase []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &exit{Code: exitFailed, Err: fmt.Errorf("%s is there already, and no key is ever replaced", file), Hint: "name another file"}
	}
	if err != nil {
		return err
	}
	key, err := signature.Generate(name)
	if err == nil {
		err = writeKey(f, key, passphrase)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	if a.JSON() {
		return a.PrintJSON(map[string]string{"file": file, "fingerprint": key.Fingerprint()})
	}
	_, err = fmt.Fprintf(a.Out, "%s is in %s\n", key.Fingerprint(), file)
	return err
}

func writeKey(f *os.File, key *signature.Key, passphrase []byte) error {
	var secret bytes.Buffer
	if err := key.WritePrivate(&secret, passphrase); err != nil {
		return err
	}
	if _, err := f.Write(secret.Bytes()); err != nil {
		return err
	}
	return f.Sync()
}
