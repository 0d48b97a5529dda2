// Package tidy holds the rules of the house that a compiler does not check, as
// tests that read the source:
//
//  1. Imports go down the floors of ARCHITECTURE.md, never up or sideways.
//  2. A library is used behind its one door.
//  3. Time, chance and the environment reach the packages below cmd as
//     arguments, so that tests can choose them.
//  4. Every package says what it owns. Nothing is left for later in a comment.
package tidy
