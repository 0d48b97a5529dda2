package auth

import (
	"context"
	"fmt"
	"io"
	"iter"
	"time"
)

// maxKeys bounds the further keys, which every gateway holds in memory.
const maxKeys = 10_000

// strangerPause is the least time between two attempts to learn of new keys
// because somebody came with an unknown one: forgeries cannot flood the store.
const strangerPause = time.Second

// Sealed is a further key as it is kept.
type Sealed struct {
	Access  string
	Sealed  []byte // the secret: see Vault
	Note    string // of people, for people
	Created int64  // Unix milliseconds; the book dates a key when it comes
}

// Book is where further keys are kept. It may be used by many goroutines, and
// nobody changes what it returns.
type Book interface {
	// Key returns the key of that access key, or nil.
	Key(access string) *Sealed
	// Keys yields the keys by access key.
	Keys() iter.Seq[*Sealed]
	// Create adds a key and dates it. An error does not mean that it was not
	// added.
	Create(ctx context.Context, k Sealed) error
	// Delete removes a key: ErrNoKey.
	Delete(ctx context.Context, access string) error
}

// RingOptions are those of NewRing.
type RingOptions struct {
	Access, Secret string // the owner's
	Repository     []byte // its id
	Book           Book
	// Sync returns when the book has every key that was there when it was
	// called. Nil: nobody else changes the book.
	Sync func(context.Context) error
	Rand io.Reader        // of keys; it is read concurrently
	Now  func() time.Time // nil: time.Now
}

// Ring is the keys that a gateway knows: the owner's, which is a setting of the
// gateway and always good, and the further ones, which all gateways of a
// repository share. A further key opens what the owner's secret sealed: under
// another it does not authenticate. A key that was deleted in the book is not
// known from then on. It may be used by many goroutines.
type Ring struct {
	o      RingOptions
	owner  Static
	vault  *Vault
	latest latest
}

// NewRing returns the keys of the owner and of the book.
func NewRing(o RingOptions) (*Ring, error) {
	vault, err := NewVault(o.Secret, o.Repository)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Ring{o: o, owner: Static{o.Access: o.Secret}, vault: vault}
	r.latest = latest{run: o.Sync, every: strangerPause, now: o.Now}
	return r, nil
}

// Key implements Keys. For one that the book does not have, but that may have
// been made on another gateway, it is brought up to date.
func (r *Ring) Key(ctx context.Context, access string) (Key, error) {
	if k, err := r.owner.Key(ctx, access); err == nil {
		return k, nil
	}
	if r.o.Book.Key(access) == nil && r.o.Sync != nil && minted(access) {
		if err := r.latest.ask(ctx); err != nil {
			return Key{}, fmt.Errorf("look for access key %s: %w", access, err)
		}
	}
	sealed := r.o.Book.Key(access)
	if sealed == nil {
		return Key{}, ErrNoKey
	}
	secret, err := r.vault.Open(access, sealed.Sealed)
	if err != nil {
		return Key{}, fmt.Errorf("access key %s: %w: %w", access, ErrNoKey, err)
	}
	return Key{Secret: secret}, nil
}

// KeyInfo is what may be told of a further key.
type KeyInfo struct {
	Access     string
	Note       string
	Created    time.Time
	Unreadable bool // it was made under another owner's secret, and is no good
}

// List returns the further keys, by access key.
func (r *Ring) List(ctx context.Context) ([]KeyInfo, error) {
	if r.o.Sync != nil {
		if err := r.o.Sync(ctx); err != nil {
			return nil, fmt.Errorf("list the keys: %w", err)
		}
	}
	keys := []KeyInfo{}
	for k := range r.o.Book.Keys() {
		_, err := r.vault.Open(k.Access, k.Sealed)
		keys = append(keys, KeyInfo{k.Access, k.Note, time.UnixMilli(k.Created), err != nil})
	}
	return keys, nil
}

// Create makes a further key. This is the only time that its secret is told.
func (r *Ring) Create(ctx context.Context, note string) (accessKey, secret string, err error) {
	n := 0
	for range r.o.Book.Keys() {
		n++
	}
	if n >= maxKeys {
		return "", "", fmt.Errorf("create a key beside %d: %w", n, ErrTooMany)
	}
	if accessKey, secret, err = Mint(r.o.Rand); err != nil {
		return "", "", err
	}
	sealed, err := r.vault.Seal(r.o.Rand, accessKey, secret)
	if err != nil {
		return "", "", err
	}
	if err := r.o.Book.Create(ctx, Sealed{Access: accessKey, Sealed: sealed, Note: note}); err != nil {
		return "", "", fmt.Errorf("create key %s: %w", accessKey, err)
	}
	return accessKey, secret, nil
}

// Delete makes a further key unknown, on this gateway at once: ErrNoKey,
// ErrOwner.
func (r *Ring) Delete(ctx context.Context, access string) error {
	if access == r.o.Access {
		return fmt.Errorf("delete key %s: %w", access, ErrOwner)
	}
	if r.o.Book.Key(access) == nil && !minted(access) {
		return fmt.Errorf("delete key %s: %w", access, ErrNoKey) // no gateway can have made it
	}
	if err := r.o.Book.Delete(ctx, access); err != nil {
		return fmt.Errorf("delete key %s: %w", access, err)
	}
	return nil
}
