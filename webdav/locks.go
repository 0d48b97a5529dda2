package webdav

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	dav "golang.org/x/net/webdav"
)

// The limits of locks. At the most, of one key's length and an owner of
// maxOwnerBytes each, all of them take some 300 MB of memory.
const (
	maxLockTime  = time.Hour
	maxUserLocks = 1_000
	maxLocks     = 100_000

	minLockTime = time.Second
)

var (
	errNoLock    = refuse(http.StatusConflict, "there is no such lock here")
	errNotYours  = refuse(http.StatusForbidden, "the lock is another user's")
	errManyLocks = refuse(dav.StatusInsufficientStorage, "too many locks are held")
)

// lockOptions is what a table of locks asks of the world.
type lockOptions struct {
	Now    func() time.Time // nil: time.Now
	Random io.Reader        // that tokens are made of, so that none can be guessed; nil: the system's
}

// locks are the write locks of one gateway, in memory: they keep two people
// apart, not data safe. Names are those of backend.View. The table may be used
// by many goroutines, and has none of its own: what has expired is swept by the
// next one to ask.
//
//  1. A lock protects its root, and all below it if it is deep. Of the locks
//     that protect a name either all are shared or there is one.
//  2. A write is let through if one of the locks that protect its name, if any
//     do, is the user's and the request names its token.
//  3. While a write is under way no lock is made that would protect its name.
type locks struct {
	options lockOptions

	mu      sync.Mutex
	byToken map[string]*lock // guarded by mu, as all below
	byUser  map[string]int   // how many each user holds; none is 0
	expiry  expiryHeap
	places  places
}

// A lock is one person's claim to change what it protects.
type lock struct {
	token  string // urn:uuid:…
	user   string
	ask    lockAsk
	length time.Duration
	until  time.Time
	index  int // in the heap
}

// lockAsk is what a client wants to lock.
type lockAsk struct {
	root   string
	deep   bool // all that is below root too, present and to come
	shared bool
	owner  string // XML that tells people who it is, at most maxOwnerBytes
}

// newLocks returns an empty table.
func newLocks(o lockOptions) *locks {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	return &locks{options: o, byToken: map[string]*lock{}, byUser: map[string]int{}}
}

// userLocks is the table as one user may use it.
type userLocks struct {
	locks *locks
	user  string
}

// of returns the table as the user may use it.
func (l *locks) of(user string) userLocks { return userLocks{l, user} }

// enter begins to use the table, and the caller leaves it by l.mu.Unlock.
func (l *locks) enter() (now time.Time) {
	l.mu.Lock()
	now = l.options.Now()
	for len(l.expiry) > 0 && !l.expiry[0].until.After(now) {
		l.drop(l.expiry[0])
	}
	return now
}

// create makes a lock for at most length, or returns errLocked or
// errManyLocks.
func (u userLocks) create(ask lockAsk, length time.Duration) (lock, error) {
	l := u.locks
	now := l.enter()
	defer l.mu.Unlock()
	if !l.places.free(ask) {
		return lock{}, errLocked
	}
	if l.byUser[u.user] >= maxUserLocks || len(l.byToken) >= maxLocks {
		return lock{}, errManyLocks
	}
	token, err := l.newToken()
	if err != nil {
		return lock{}, err
	}
	made := &lock{token: token, user: u.user, ask: ask}
	made.extend(now, length)
	l.byToken[token] = made
	l.byUser[u.user]++
	l.expiry.add(made)
	l.places.add(made)
	return *made, nil
}

// refresh lets the lock of that token, which protects name, end after length
// from now. errNoLock, or errNotYours.
func (u userLocks) refresh(name, token string, length time.Duration) (lock, error) {
	l := u.locks
	now := l.enter()
	defer l.mu.Unlock()
	found, err := u.own(name, token)
	if err != nil {
		return lock{}, err
	}
	found.extend(now, length)
	l.expiry.moved(found)
	return *found, nil
}

// unlock ends the lock of that token, which protects name. errNoLock, or
// errNotYours.
func (u userLocks) unlock(name, token string) error {
	l := u.locks
	l.enter()
	defer l.mu.Unlock()
	found, err := u.own(name, token)
	if err == nil {
		l.drop(found)
	}
	return err
}

// own finds the user's lock. The caller has entered.
func (u userLocks) own(name, token string) (*lock, error) {
	found := u.locks.byToken[token]
	switch {
	case found == nil || !found.protects(name):
		return nil, errNoLock
	case found.user != u.user:
		return nil, errNotYours
	}
	return found, nil
}

// forget ends the locks at name and below, whoever's they are: what they
// protected is deleted or has moved away, and locks do not go with it.
func (l *locks) forget(name string) {
	l.enter()
	defer l.mu.Unlock()
	for _, gone := range l.places.rooted(name) {
		l.drop(gone)
	}
}

// at returns the locks that protect name.
func (l *locks) at(name string) []lock {
	l.enter()
	defer l.mu.Unlock()
	var found []lock
	for held := range l.places.protecting(name) {
		found = append(found, *held)
	}
	return found
}

// drop takes a lock out of the table. The caller has entered.
func (l *locks) drop(gone *lock) {
	delete(l.byToken, gone.token)
	if l.byUser[gone.user]--; l.byUser[gone.user] == 0 {
		delete(l.byUser, gone.user)
	}
	l.expiry.remove(gone)
	l.places.remove(gone)
}

// newToken is a random UUID, version 4 of RFC 9562.
func (l *locks) newToken() (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(l.options.Random, id[:]); err != nil {
		return "", fmt.Errorf("make a lock's token: %w", err)
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	text := hex.EncodeToString(id[:])
	return "urn:uuid:" + text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:], nil
}

// extend lets the lock end after length from now, within the limits.
func (k *lock) extend(now time.Time, length time.Duration) {
	k.length = min(max(length, minLockTime), maxLockTime)
	k.until = now.Add(k.length)
}

// protects reports whether changing name takes the lock's token.
func (k *lock) protects(name string) bool {
	return name == k.ask.root || k.ask.deep && within(name, k.ask.root)
}
