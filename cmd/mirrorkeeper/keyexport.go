package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// keyFormats are the forms that clients want public keys in.
var keyFormats = []string{"asc", "gpg", "deb822", "rpm", "fingerprint"}

func (a *app) keyExportCommand() *cobra.Command {
	var of keysOf
	format := keyFormats[0]
	c := &cobra.Command{
		Use:   "export MIRROR|NAME|FILE",
		Short: "Print the public keys that clients check a repository with",
		Long: `Prints the public keys that clients check a mirror or repository with, in the form
that they want:

  asc          armoured: Signed-By of apt, gpgkey of dnf
  gpg          a binary keyring: apt and gpgv
  deb822       the field Signed-By for a .sources file of apt, with the keys in it
  rpm          armoured, a block for each key: rpm --import
  fingerprint  the fingerprints, one a line

Of a full mirror they are upstream's. A FILE has an ending such as .asc, or is written
with its directory; where it holds secret keys, their public halves are printed.`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(keyFormats, format) {
				return usage("--format is %q; it is one of %s", format, strings.Join(keyFormats, ", "))
			}
			ring, err := a.public(c.Context(), &of, args[0])
			if err != nil {
				return err
			}
			content, err := exportKeys(ring, format)
			if err != nil {
				return err
			}
			if a.JSON() {
				return a.PrintJSON(newExportedKeys(args[0], format, ring.Fingerprints(), content))
			}
			_, err = a.Out.Write(content)
			return err
		},
	}
	of.flags(c)
	c.Flags().StringVar(&format, "format", format, "`form` of the keys: asc, gpg, deb822, rpm or fingerprint")
	return c
}

// exportedKeys is the JSON of key export.
type exportedKeys struct {
	Name         string   `json:"name"`
	Format       string   `json:"format"`
	Fingerprints []string `json:"fingerprints"`
	Content      string   `json:"content,omitempty"`
	Binary       []byte   `json:"content_base64,omitempty"`
}

func newExportedKeys(name, format string, fingerprints []string, content []byte) exportedKeys {
	out := exportedKeys{Name: name, Format: format, Fingerprints: fingerprints}
	if format == "gpg" {
		out.Binary = content
	} else {
		out.Content = string(content)
	}
	return out
}

// exportKeys writes keys in one of the forms.
func exportKeys(ring *signature.Keyring, format string) ([]byte, error) {
	switch format {
	case "gpg":
		return ring.Binary()
	case "rpm":
		return ring.ArmoredEach()
	case "fingerprint":
		return []byte(strings.Join(ring.Fingerprints(), "\n") + "\n"), nil
	}
	armored, err := ring.Armored()
	if err == nil && format == "deb822" {
		return signedBy(armored), nil
	}
	return armored, err
}

// signedBy is the field of a deb822-style source that holds the keys (sources.list(5)):
// its lines are indented, and empty ones are a dot.
func signedBy(armored []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, "Signed-By:")
	for line := range bytes.Lines(armored) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			line = []byte(".")
		}
		fmt.Fprintf(&b, " %s\n", line)
	}
	return b.Bytes()
}
