package nfs

import (
	"errors"
	"fmt"
	"testing"

	"aetherfs/backend"
)

// Each error of the tree is translated, and none by chance.
func TestEveryErrorHasAStatus(t *testing.T) {
	for _, err := range backend.Errors() {
		known := false
		for _, s := range statuses {
			known = known || errors.Is(s.err, err)
		}
		if !known {
			t.Errorf("%v is not in the table", err)
		}
		status, told := statusOf(fmt.Errorf("wrapped: %w", err))
		if again := errors.Is(err, backend.ErrUnavailable) || errors.Is(err, backend.ErrChanged); told == again {
			t.Errorf("%v is told: %v", err, told)
		}
		if told && status == 0 {
			t.Errorf("%v is told as success", err)
		}
	}
}
