package simulation

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// diary prints what happens, if it is wanted, at the virtual time since the
// beginning. A nil diary prints nothing.
type diary struct {
	mu    sync.Mutex
	begun time.Time // guarded by mu; zero before the first line
}

func (y *diary) printf(format string, args ...any) {
	if y == nil {
		return
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.begun.IsZero() {
		y.begun = time.Now()
	}
	fmt.Fprintf(os.Stderr, "%16.6f  %s\n", time.Since(y.begun).Seconds(), fmt.Sprintf(format, args...))
}
