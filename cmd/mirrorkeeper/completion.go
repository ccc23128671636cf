package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// completions makes shells complete what the configuration names, and the values of
// flags that take one of a few. What an argument is, is told by the word for it in the
// command's usage, so that a command need do nothing for it.
func (a *app) completions(c *cobra.Command) {
	for _, sub := range c.Commands() {
		a.completions(sub)
	}
	if c.HasParent() && !c.HasSubCommands() && c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 {
		c.ValidArgsFunction = a.completeArguments
	}
	complete := func(f *pflag.Flag) {
		if values := choices(c.Name(), f.Name); values != nil {
			// It fails where the command has a completion of its own, which is better.
			_ = c.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	c.LocalNonPersistentFlags().VisitAll(complete)
	c.PersistentFlags().VisitAll(complete)
	if c.Flags().Lookup("mirror") != nil {
		_ = c.RegisterFlagCompletionFunc("mirror", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return a.configured(mirrorNames), cobra.ShellCompDirectiveNoFileComp
		})
	}
}

// completeArguments gives the names that the configuration has of what the usage asks
// for, and lets the shell complete files where it asks for these.
func (a *app) completeArguments(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	arguments := placeholders(c.Use)
	var names []string
	if slices.Contains(arguments, "MIRROR") {
		names = append(names, a.configured(mirrorNames)...)
	}
	if slices.Contains(arguments, "NAME") {
		names = append(names, a.configured(createdNames)...)
	}
	if slices.Contains(arguments, "REPOSITORY") && !slices.Contains(arguments, "MIRROR") {
		names = append(names, a.configured(watchedNames)...)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(args, n) })
	for _, files := range []string{"FILE", "DIR", "PATH"} {
		if slices.Contains(arguments, files) {
			return names, cobra.ShellCompDirectiveDefault
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// placeholders are the words in capitals that stand for arguments in a usage: not those
// for the values of flags, and not those of forms with --from-system, whose arguments
// are packages.
func placeholders(use string) (words []string) {
	fields := strings.Fields(use)
	for i, field := range fields {
		if i > 0 && strings.HasPrefix(strings.TrimLeft(fields[i-1], "["), "--") {
			continue
		}
		for word := range strings.FieldsFuncSeq(field, func(r rune) bool { return strings.ContainsRune("[]|/.,", r) }) {
			if word == strings.ToUpper(word) {
				words = append(words, word)
			}
		}
	}
	return words
}

// choices are the values that a flag of a command takes one of; nil where it takes any.
func choices(command, flag string) []string {
	switch command + " --" + flag {
	case "probe --level":
		return []string{"sample", "sweep"}
	case "verify --level":
		return []string{"size", "digest", "signature", "closure"}
	case "sync --check":
		return []string{"size", "digest"}
	case "export --format":
		return []string{"asc", "gpg", "deb822", "rpm", "fingerprint"}
	case "probe --scheme":
		return []string{"http", "https", "rsync"}
	case "tree --graph":
		return []string{"dot", "svg"}
	case "create --layout":
		return []string{"as-found", "packages"}
	case "create --compress":
		return []string{"gz", "xz", "zst"}
	case "create --digests":
		return []string{"md5", "sha1", "sha256", "sha512"}
	}
	switch flag {
	case "output":
		return []string{"text", "json"}
	case "type":
		return []string{"deb", "rpm"}
	}
	return nil
}

// configured are names of the configuration; none where it cannot be read.
func (a *app) configured(names func(*config.Config) []string) []string {
	c, err := a.loadConfig()
	if err != nil {
		return nil
	}
	return names(c)
}

func mirrorNames(c *config.Config) (names []string) {
	for _, m := range c.Mirrors {
		names = append(names, m.Name)
	}
	return names
}

func createdNames(c *config.Config) (names []string) {
	for _, r := range c.Repositories {
		names = append(names, r.Name)
	}
	return names
}

func watchedNames(c *config.Config) (names []string) {
	if c.Watch == nil {
		return nil
	}
	for _, r := range c.Watch.Repositories {
		names = append(names, r.Name)
	}
	return names
}
