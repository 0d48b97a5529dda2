package store

import "context"

type freshKey struct{}

// Fresh returns a context whose Gets are answered by the store itself and by no
// cache before it: for who asks whether an object is there, or has found what
// he got to be damaged. A cache drops what it has of those bytes.
func Fresh(ctx context.Context) context.Context { return context.WithValue(ctx, freshKey{}, true) }

// IsFresh reports whether ctx is one of Fresh.
func IsFresh(ctx context.Context) bool { return ctx.Value(freshKey{}) != nil }
