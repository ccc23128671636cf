package store

import (
	"path"
	"path/filepath"
	"strings"
)

// A channel is published as a mirror is, with a record and manifests of its own, under a
// name that no mirror can have.

// ChannelName is the name that the store knows the mirror's channel by.
func ChannelName(mirror, channel string) string { return mirror + "@" + channel }

// SplitChannel is the mirror and the channel of such a name; the channel of others is "".
func SplitChannel(name string) (mirror, channel string) {
	mirror, channel, _ = strings.Cut(name, "@")
	return mirror, channel
}

// ChannelDir is where the mirror's channel is published, relative to the destination.
func (r *Record) ChannelDir(channel string) string { return path.Join(r.Top(), ChannelsDir, channel) }

// Channels are the records of the mirror's channels by their names.
func (s *Store) Channels(mirror string) (map[string]*Record, error) {
	found, err := filepath.Glob(s.mirrorFile(ChannelName(mirror, "*"), currentRecord))
	if err != nil {
		return nil, err
	}
	all := map[string]*Record{}
	for _, file := range found {
		name := filepath.Base(filepath.Dir(file))
		r, err := s.Published(name)
		if err != nil {
			return nil, err
		}
		if r != nil {
			_, channel := SplitChannel(name)
			all[channel] = r
		}
	}
	return all, nil
}

// shownByChannels are the IDs of the mirror's generations that a channel shows.
func (s *Store) shownByChannels(mirror string) (map[string]bool, error) {
	channels, err := s.Channels(mirror)
	if err != nil {
		return nil, err
	}
	shown := map[string]bool{}
	for _, r := range channels {
		shown[r.ContentOf] = true
	}
	return shown, nil
}
