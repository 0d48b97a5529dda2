// Package dedupe stores byte streams as chunks, each chunk once, in blocks that
// are objects of the store. It knows bytes and digests, no names of files.
//
//  1. A block is never modified. Its name is the SHA-256 of its trailer, the
//     trailer holds the digests of all the rest, and a random nonce in it makes
//     every name new.
//  2. Bytes before names: Store returns a recipe only when every block that it
//     names is durable.
//  3. The index names a chunk only after its block is durable. It is a hint:
//     what it says is compared with the block's verified trailer, which is read
//     from the store the first time that a process names the block, and a miss
//     only stores a chunk twice.
//  4. No unverified byte leaves. A trailer is checked by its block's name.
//     Frames from a remote store are checked by their chunks' digests, frames
//     from this machine's disk by their CRC-64, which the checked trailer
//     holds. Frames in memory were checked on the way in.
//  5. A chunk of one pool is never named by a file of another, and a chunk
//     embedded in a log never by a file of another dataset.
//  6. A block that is missing or fails verification leaves the index, so that
//     sending its files again stores them again.
//  7. Memory is bounded: by Options.BlockMemory, Options.CacheBytes and
//     Options.WorkBytes, which streams and readers wait for before they read;
//     but what was learned of blocks embedded in logs grows with the logs until
//     they are folded, and a Move holds about 150 bytes a chunk.
//  8. What is done in the background is a hint, is bounded and ends with Close.
//
// # Storing
//
// Store reads a body into inputs, and gives up on a client that dawdles while
// others wait for memory (body.go). A stream cuts them into chunks, looks each up
// in the index and gathers the new ones in drafts. A draft is packed and becomes
// a frame of an open block, which blocks uploads when it is full or somebody waits
// for it. Where each chunk went is a piece, until its block is durable; then it is
// part of an extent of the recipe.
//
// # Reading
//
// Reader.Stream is a download: it hands out the bytes of a file in order, by Read
// or, from the memory where they were verified, by WriteTo (send.go). A flight
// brings them. Its planner cuts what is to come into requests, for consecutive
// frames of one extent each, which run beside each other; scouts fetch the
// trailers that it will need, and a window bounds what is asked for ahead of the
// reader and holds the memory for it. A request takes frames from memory
// (frames.go), or from the store (fetch.go) and verifies them; readings keep two
// from asking the store for the same bytes. A download whose client is busy is
// resting: when others wait for memory it loses its flight, and begins another
// where its client is.
package dedupe
