package signature

import (
	"bytes"
	"fmt"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

var (
	armorBegin = []byte("-----BEGIN PGP ")
	armorEnd   = []byte("-----END PGP ")
)

// dearmor returns the binary form of a file of OpenPGP packets, which may be
// binary already, or blocks of armour of the given types with any text around
// them (RFC 9580, section 6.2).
func dearmor(content []byte, types ...string) ([]byte, error) {
	switch {
	case len(bytes.TrimSpace(content)) == 0:
		return nil, fmt.Errorf("it is empty")
	case len(content) >= 12 && string(content[8:12]) == "KBXf":
		return nil, fmt.Errorf("it is a GnuPG keybox; write its keys to a file with gpg --export")
	case content[0]&0x80 != 0: // the mark of every packet, never of text
		return content, nil
	}
	var binary []byte
	for rest := content; ; {
		begin := bytes.Index(rest, armorBegin)
		if begin < 0 {
			break
		}
		rest = rest[begin:]
		end := bytes.Index(rest, armorEnd)
		if end < 0 {
			return nil, fmt.Errorf("a block of armour has no end: it is truncated")
		}
		end += len(armorEnd)
		if line := bytes.IndexByte(rest[end:], '\n'); line >= 0 {
			end += line + 1
		} else {
			end = len(rest)
		}
		packets, err := dearmorBlock(rest[:end], types)
		if err != nil {
			return nil, err
		}
		binary = append(binary, packets...)
		rest = rest[end:]
	}
	if binary == nil {
		return nil, fmt.Errorf("it is not OpenPGP data (it begins with %q)", beginning(content))
	}
	return binary, nil
}

func dearmorBlock(text []byte, types []string) ([]byte, error) {
	block, err := armor.Decode(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("a block of armour is malformed: %w", err)
	}
	for _, t := range types {
		if block.Type == t {
			packets, err := io.ReadAll(block.Body)
			if err != nil {
				return nil, fmt.Errorf("a block of armour is malformed: %w", err)
			}
			return packets, nil
		}
	}
	return nil, fmt.Errorf("it holds a %s, expected a %s", block.Type, types[0])
}

// enarmor returns the armoured form of packets. It has a checksum, which RFC 9580
// dropped and old versions of rpm demand.
func enarmor(packets []byte, blockType string) ([]byte, error) {
	var b bytes.Buffer
	w, err := armor.Encode(&b, blockType, nil)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(packets); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// Separate gives each of several detached signatures in one block of armour a block of
// its own, in their order, and ends with the first one again; anything else is returned
// as it is. GnuPG, and what asks it, reads all of them either way. Of the clients that
// look at one signature alone, those with rpm's own OpenPGP (rpm-sequoia) take the first
// block, and refuse one in which there are several signatures, and libzypp takes the
// last: so both find that of the first key.
func Separate(signatures []byte) []byte {
	packets, err := dearmor(signatures, openpgp.SignatureType)
	if err != nil {
		return signatures
	}
	var blocks [][]byte
	for r := packet.NewOpaqueReader(bytes.NewReader(packets)); ; {
		p, err := r.Next()
		if err == io.EOF {
			break
		}
		var one bytes.Buffer
		if err != nil || p.Serialize(&one) != nil {
			return signatures
		}
		block, err := enarmor(one.Bytes(), openpgp.SignatureType)
		if err != nil {
			return signatures
		}
		blocks = append(blocks, block)
	}
	if len(blocks) < 2 {
		return signatures
	}
	return bytes.Join(append(blocks, blocks[0]), nil)
}

// beginning returns the first bytes of a document, to show what it is.
func beginning(content []byte) []byte {
	line, _, _ := bytes.Cut(bytes.TrimLeft(content, " \t\r\n"), []byte("\n"))
	return line[:min(len(line), 60)]
}
