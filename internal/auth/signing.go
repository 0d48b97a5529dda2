package auth

import (
	"strings"
	"sync"
)

// maxSigningKeys bounds the signing keys that are remembered: each is good for
// one access key and one day.
const maxSigningKeys = 1024

// signingKeys remembers the signing keys that were derived, which takes five
// times what it takes to sign with one. Whether an access key is known is not
// its business: what it is asked for is a secret's. The zero value is ready.
type signingKeys struct {
	mu      sync.RWMutex
	derived map[derivation][]byte // guarded by mu; the keys are not changed
}

// derivation is what a signing key is derived from.
type derivation struct {
	scope  scope
	secret string
}

// key returns the signing key of a secret, which the caller does not change.
func (k *signingKeys) key(s scope, secret string) []byte {
	from := derivation{s, secret}
	k.mu.RLock()
	key := k.derived[from]
	k.mu.RUnlock()
	if key != nil {
		return key
	}
	key = s.key(secret)
	// The scope lies in what the client sent, which may be long.
	from.scope = scope{strings.Clone(s.date), strings.Clone(s.region)}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.derived == nil || len(k.derived) >= maxSigningKeys {
		k.derived = map[derivation][]byte{}
	}
	k.derived[from] = key
	return key
}
