package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

func (a *app) keyShowCommand() *cobra.Command {
	var of keysOf
	c := &cobra.Command{
		Use:   "show FILE|MIRROR|NAME",
		Short: "Tell what keys are, and what they are good for",
		Long: `Tells of each key of a file, or of those that clients check a mirror or repository
with: fingerprint, names, algorithm, when it was made and when it expires, and whether
it is good for checking signatures and for making them. What clients may object to is a
warning, and the exit code is 3 then.`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			ring, err := a.public(c.Context(), &of, args[0])
			if err != nil {
				return err
			}
			keys := ring.Describe(time.Now())
			if of.destination == "" && isKeyFile(args[0]) {
				warnOfReaders(keys, args[0])
			}
			return a.printKeys(keys)
		},
	}
	of.flags(c)
	return c
}

// warnOfReaders warns where others than its owner may read a secret key.
func warnOfReaders(keys []signature.Description, file string) {
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return
	}
	for i := range keys {
		if keys[i].Secret == signature.SecretOpen {
			keys[i].Warnings = append(keys[i].Warnings, fmt.Sprintf("others can read its secret half: the mode of the file is %04o, expected 0600", info.Mode().Perm()))
		}
	}
}

func (a *app) printKeys(keys []signature.Description) error {
	if a.JSON() {
		if err := a.PrintJSON(map[string]any{"keys": keys}); err != nil {
			return err
		}
	} else {
		for i, k := range keys {
			if i > 0 {
				fmt.Fprintln(a.Out)
			}
			printKey(a.Out, k)
		}
	}
	if slices.ContainsFunc(keys, hasWarnings) {
		return &exit{Code: exitIncomplete}
	}
	return nil
}

func hasWarnings(k signature.Description) bool {
	return len(k.Warnings) > 0 || slices.ContainsFunc(k.Subkeys, hasWarnings)
}

func printKey(w io.Writer, k signature.Description) {
	fmt.Fprintln(w, k.Fingerprint)
	for _, name := range k.UserIDs {
		fmt.Fprintf(w, "  name        %s\n", name)
	}
	printProperties(w, "  ", k)
	for _, s := range k.Subkeys {
		fmt.Fprintf(w, "  subkey      %s\n", s.Fingerprint)
		printProperties(w, "    ", s)
	}
}

func printProperties(w io.Writer, indent string, k signature.Description) {
	line := func(name, value string) { fmt.Fprintf(w, "%s%-*s%s\n", indent, 14-len(indent), name, value) }
	expires := "never"
	if k.Expires != nil {
		expires = k.Expires.Format(time.RFC3339)
	}
	line("algorithm", k.Algorithm)
	line("created", k.Created.Format(time.RFC3339))
	line("expires", expires)
	line("good for", goodFor(k))
	line("secret", map[signature.Secret]string{
		signature.SecretAbsent: "not in the file", signature.SecretOpen: "there, without a passphrase",
		signature.SecretProtected: "there, with a passphrase", signature.SecretElsewhere: "elsewhere, such as on a card",
	}[k.Secret])
	for _, warning := range k.Warnings {
		line("warning", warning)
	}
}

func goodFor(k signature.Description) string {
	var uses []string
	if k.Signs {
		uses = append(uses, "signing")
	}
	if k.Verifies {
		return strings.Join(append(uses, "verifying"), ", ")
	}
	return "nothing here: " + k.Reason
}
