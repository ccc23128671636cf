package main

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/generations"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// clientConfig is what is printed for clients.
type clientConfig struct {
	kept
	format, url, channel, snapshot, keyFile string
}

// clientFormats are the forms, with the formats of repositories that they are for.
var clientFormats = map[string][]string{
	"sources": {"deb"}, "list": {"deb"}, "repo": {"rpm"}, "cloud-init": {"deb", "rpm"}, "key": {"deb", "rpm"},
}

func (a *app) clientConfigCommand() *cobra.Command {
	x := &clientConfig{kept: kept{app: a}}
	c := &cobra.Command{
		Use:   "client-config MIRROR",
		Short: "Print what clients need to use a mirror",
		Long: `Prints what clients need to use a mirror, one of its channels or one of its generations:

  sources     for apt, deb822 with the key in it (a file in /etc/apt/sources.list.d)
  list        for apt, in one line; the key lies in a file
  repo        for dnf, yum and zypper (a file in /etc/yum.repos.d)
  cloud-init  user data for new machines, the key in it
  key         the key alone, for such a file

The default is sources for deb and repo for rpm.`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if x.channel != "" && x.snapshot != "" {
				return usage("--channel and --generation exclude each other")
			}
			if err := x.open(false); err != nil {
				return err
			}
			if err := x.check(args[0]); err != nil {
				return err
			}
			return x.print(args[0])
		},
	}
	x.flags(c)
	f := c.Flags()
	f.StringVar(&x.format, "format", "", "`form` of what is printed: sources, list, repo, cloud-init or key")
	f.StringVar(&x.url, "url", "", "`URL` at which clients see the destination (default: file:// and its path)")
	f.StringVar(&x.channel, "channel", "", "`name` of the channel that clients see")
	f.StringVar(&x.snapshot, "generation", "", "`generation` that clients see for ever, which has a directory of its own")
	f.StringVar(&x.keyFile, "key-file", "", "`path` of the key on the client, for forms without it (default: /etc/apt/keyrings/MIRROR.asc or /etc/pki/rpm-gpg/MIRROR.asc)")
	return c
}

func (x *clientConfig) print(name string) error {
	m := x.mirror(name)
	record, err := x.record(m)
	if err != nil {
		return err
	}
	offers, err := m.Offers(record, x.snapshot != "")
	if err != nil {
		return err
	}
	format := offers[0].Format.Name()
	if x.format == "" {
		x.format = map[string]string{"deb": "sources", "rpm": "repo"}[format]
	}
	formats, known := clientFormats[x.format]
	switch {
	case !known:
		return usage("--format is %q; it is sources, list, repo, cloud-init or key", x.format)
	case !slices.Contains(formats, format):
		return usage("--format %s is not for repositories of %s", x.format, format)
	}
	keys, err := x.keys(name)
	if err != nil {
		return err
	}
	if x.format == "key" {
		_, err := fmt.Fprint(x.app.Out, keys)
		return err
	}
	if x.url == "" {
		x.url = "file://" + x.store.Destination()
	}
	if x.keyFile == "" {
		x.keyFile = map[string]string{"deb": "/etc/apt/keyrings/", "rpm": "/etc/pki/rpm-gpg/"}[format] + name + ".asc"
	}
	text := x.apt(name, offers, keys)
	if format == "rpm" {
		text = x.dnf(name, offers, keys)
	}
	_, err = fmt.Fprint(x.app.Out, text)
	return err
}

// record is what clients see.
func (x *clientConfig) record(m *generations.Mirror) (*store.Record, error) {
	switch {
	case x.channel != "":
		channels, err := x.store.Channels(m.Name)
		if err != nil {
			return nil, err
		}
		if channels[x.channel] == nil {
			return nil, usage("%s has no channel %q", m.Name, x.channel)
		}
		m.Name = store.ChannelName(m.Name, x.channel)
		return channels[x.channel], nil
	case x.snapshot != "":
		k, err := m.Find(x.snapshot)
		if err != nil {
			return nil, err
		}
		if !x.store.HasSnapshot(&k.Record) {
			return nil, &exit{Code: exitFailed, Err: fmt.Errorf("generation %s has no directory of its own", k.ID), Hint: "mirrorkeeper generations " + m.Name + " --keep " + k.ID + " makes it"}
		}
		return &k.Record, nil
	}
	return x.store.Published(m.Name)
}

// keys are the keys that sign the mirror, as one armoured block.
func (x *clientConfig) keys(name string) (string, error) {
	if x.channel != "" {
		name = store.ChannelName(name, x.channel)
	}
	all, err := x.store.Keys(name)
	if err != nil || len(all) == 0 {
		return "", err
	}
	if len(all) == 1 && bytes.Contains(all[0], []byte("BEGIN PGP")) {
		return strings.TrimRight(string(all[0]), "\n") + "\n", nil
	}
	ring := &signature.Keyring{}
	for _, key := range all {
		if err := ring.Add("the mirror's keys", key); err != nil {
			return "", err
		}
	}
	text, err := ring.Armored()
	return strings.TrimRight(string(text), "\n") + "\n", err
}

// at is the URL of a directory below the destination.
func (x *clientConfig) at(dir string) string {
	return strings.TrimSuffix(strings.TrimRight(x.url, "/")+"/"+path.Clean(dir), "/.")
}

// apt is the text for apt.
func (x *clientConfig) apt(name string, offers []generations.Offer, key string) string {
	var out []string
	for _, o := range offers {
		s := deb.NewClientSource(x.at(o.Dir), o.Repository, o.Root)
		s.IgnoreValidUntil, s.Key = o.Expires, key
		if x.format == "sources" {
			out = append(out, s.Deb822())
		} else {
			out = append(out, s.Line(x.keyFile))
		}
	}
	switch x.format {
	case "sources":
		return strings.Join(out, "\n")
	case "list":
		if key == "" {
			return strings.Join(out, "")
		}
		return fmt.Sprintf("# The key belongs into %s:\n%s%s", x.keyFile, indented(key, "#   "), strings.Join(out, ""))
	}
	text := "#cloud-config\napt:\n  sources:\n"
	for i, line := range out {
		text += fmt.Sprintf("    %s-%d.list:\n      source: %q\n", name, i, strings.TrimSpace(strings.Replace(line, "signed-by="+x.keyFile, "signed-by=$KEY_FILE", 1)))
		if key != "" {
			text += "      key: |\n" + indented(key, "        ")
		}
	}
	return text
}

// dnf is the text for dnf, yum and zypper.
func (x *clientConfig) dnf(name string, offers []generations.Offer, key string) string {
	text := ""
	if x.format == "cloud-init" {
		text = "#cloud-config\n"
		if key != "" {
			text += fmt.Sprintf("write_files:\n  - path: %s\n    content: |\n%s", x.keyFile, indented(key, "      "))
		}
		text += "yum_repos:\n"
	} else if key != "" {
		text = fmt.Sprintf("# The key belongs into %s:\n%s", x.keyFile, indented(key, "#   "))
	}
	for i, o := range offers {
		c := rpm.ClientRepository{ID: rpm.ClientID(name), URL: x.at(path.Join(o.Dir, path.Dir(path.Dir(o.Root.Form.Main))))}
		if len(offers) > 1 {
			c.ID = rpm.ClientID(name + "-" + o.Name)
		}
		if key != "" {
			c.Key = "file://" + x.keyFile
		}
		switch {
		case x.format == "cloud-init":
			text += fmt.Sprintf("  %s:\n    name: %[1]s\n    baseurl: %s\n    enabled: true\n    gpgcheck: false\n    repo_gpgcheck: %t\n", c.ID, c.URL, key != "")
			if key != "" {
				text += "    gpgkey: " + c.Key + "\n"
			}
		default:
			if i > 0 {
				text += "\n"
			}
			text += c.Section()
		}
	}
	return text
}

func indented(text, by string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(by+line, " \r\n") + "\n")
	}
	return b.String()
}
