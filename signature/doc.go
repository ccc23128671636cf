// Package signature checks and makes the OpenPGP signatures of repositories
// (RFC 9580, and RFC 4880 before it).
//
// A [Keyring] holds the keys that a source pins and implements [repo.Verifier]:
// a document is good when one signature by a pinned key is good now. It is as
// strict as the strictest client, so that what is mirrored is what clients accept:
//
//   - The key must be known and, where fingerprints are pinned, among them.
//   - Neither the key nor its subkey may be revoked or expired at the time of the
//     check, whenever the signature was made: apt refuses such signatures too.
//   - MD5, SHA-1 and RIPEMD-160 digests of documents, RSA keys of less than 2048
//     bits, DSA and ElGamal keys prove nothing.
//   - A signature from the future is refused, beyond a tolerance for clocks.
//
// SHA-1 in the signatures that bind a key to its own name and subkeys is accepted:
// keys that vendors made years ago have nothing better, and a forger would need a
// second preimage of what the pinned key itself signed.
//
// A [Key], a [GPG] or a [Command] signs; [Signing] is all keys that sign a repository.
package signature
