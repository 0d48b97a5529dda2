// Package manifest holds what a log says: records and their bytes, the entries
// they bring, and the state that replaying them gives. It is pure: it does no
// I/O and reads no clock.
//
//  1. Replay is deterministic. A verdict depends on the records before it and
//     on the record alone, so every replica reaches the same one.
//  2. A State is never changed. Apply returns another, which shares what is
//     the same; holding one costs nothing but the memory it names.
//  3. A transaction happens whole or not at all.
//  4. Decoding trusts no byte: every length is bounded by what is there before
//     memory is taken for it, and bytes that Encode would not have written are
//     refused.
package manifest
