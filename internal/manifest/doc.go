// Package manifest holds what a log says: records and their bytes, the entries
// they bring, the state that replaying them gives, and the trees of nodes that
// states are folded into. It does no I/O of its own and reads no clock: nodes
// come from whoever implements Nodes.
//
//  1. Replay is deterministic. A verdict depends on the records before it and
//     on the record alone, so every replica reaches the same one.
//  2. A State is never changed. Apply returns another, which shares what is
//     the same; holding one costs nothing but the memory it names.
//  3. A transaction happens whole or not at all. When a node cannot be read,
//     nothing was decided.
//  4. A state is the same whether it was replayed on or over any of its folds.
//     The same values make the same tree, whatever it was built on.
//  5. Memory holds what was replayed since the fold, and the nodes in use.
//  6. Decoding trusts no byte: every length is bounded by what is there before
//     memory is taken for it, and bytes that Encode would not have written are
//     refused.
package manifest
