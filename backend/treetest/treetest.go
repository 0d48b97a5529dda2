// Package treetest is what every backend.Tree has to do, as tests.
package treetest

import (
	"testing"

	"aetherfs/backend"
)

// Maker makes an empty tree for a test, and closes it when the test ends.
// reopen closes the tree and opens it again, as a restart does.
type Maker func(t testing.TB) (tree backend.Tree, reopen func() backend.Tree)

// Run tests the trees that newTree makes.
func Run(t *testing.T, newTree Maker) {
	t.Run("Model", func(t *testing.T) { testModel(t, newTree) })
	t.Run("Datasets", func(t *testing.T) { testDatasets(t, newTree) })
	t.Run("Settings", func(t *testing.T) { testSettings(t, newTree) })
	t.Run("Conditions", func(t *testing.T) { testConditions(t, newTree) })
	t.Run("Transactions", func(t *testing.T) { testTransactions(t, newTree) })
	t.Run("Copies", func(t *testing.T) { testCopies(t, newTree) })
	t.Run("Uploads", func(t *testing.T) { testUploads(t, newTree) })
	t.Run("CopiedParts", func(t *testing.T) { testCopiedParts(t, newTree) })
	t.Run("Readers", func(t *testing.T) { testReaders(t, newTree) })
	t.Run("Races", func(t *testing.T) { testRaces(t, newTree) })
}
