package auth_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/auth"
)

// shelf is a book that several rings may share, as gateways share a bucket: a
// ring sees what was on it at its last sync.
type shelf struct {
	mu   sync.Mutex
	keys map[string]auth.Sealed // guarded by mu; replaced, never changed
}

// book is a gateway's view of a shelf.
type book struct {
	shelf *shelf
	slow  time.Duration // that a sync takes
	fail  error         // of syncs

	mu    sync.Mutex
	seen  map[string]auth.Sealed // guarded by mu
	syncs []time.Time            // when each began; guarded by mu
}

func (b *book) Key(access string) *auth.Sealed {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k, ok := b.seen[access]; ok {
		return &k
	}
	return nil
}

func (b *book) Keys() iter.Seq[*auth.Sealed] {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := b.seen
	return func(yield func(*auth.Sealed) bool) {
		for _, access := range slices.Sorted(maps.Keys(seen)) {
			if k := seen[access]; !yield(&k) {
				return
			}
		}
	}
}

func (b *book) change(f func(keys map[string]auth.Sealed) error) error {
	b.shelf.mu.Lock()
	defer b.shelf.mu.Unlock()
	next := map[string]auth.Sealed{}
	maps.Copy(next, b.shelf.keys)
	if err := f(next); err != nil {
		return err
	}
	b.shelf.keys = next
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = next
	return nil
}

func (b *book) Create(_ context.Context, k auth.Sealed) error {
	k.Created = time.Now().UnixMilli()
	return b.change(func(keys map[string]auth.Sealed) error { keys[k.Access] = k; return nil })
}

func (b *book) Delete(_ context.Context, access string) error {
	return b.change(func(keys map[string]auth.Sealed) error {
		if _, ok := keys[access]; !ok {
			return auth.ErrNoKey
		}
		delete(keys, access)
		return nil
	})
}

func (b *book) Sync(context.Context) error {
	b.mu.Lock()
	b.syncs = append(b.syncs, time.Now())
	fail := b.fail
	b.mu.Unlock()
	time.Sleep(b.slow) // in a bubble's time
	if fail != nil {
		return fail
	}
	return b.change(func(map[string]auth.Sealed) error { return nil })
}

// gateway is a ring on a view of its own.
func gateway(t testing.TB, s *shelf, owner string) (*auth.Ring, *book) {
	t.Helper()
	b := &book{shelf: s, slow: 50 * time.Millisecond}
	ring, err := auth.NewRing(auth.RingOptions{
		Access: "owner", Secret: owner, Repository: goldenRepository, Book: b, Sync: b.Sync, Rand: rand.Reader, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return ring, b
}

func mustCreate(t testing.TB, r *auth.Ring, note string) (access, secret string) {
	t.Helper()
	access, secret, err := r.Create(t.Context(), note)
	if err != nil {
		t.Fatal(err)
	}
	return access, secret
}

func TestOwnersKeyIsAlwaysGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring, b := gateway(t, &shelf{}, goldenOwner)
		b.fail = errors.New("the store is gone")
		if k, err := ring.Key(t.Context(), "owner"); err != nil || k != (auth.Key{Secret: goldenOwner, Owner: true}) {
			t.Errorf("the owner's key is %+v, error %v", k, err)
		}
		if err := ring.Delete(t.Context(), "owner"); !errors.Is(err, auth.ErrOwner) {
			t.Errorf("delete the owner's key: %v, want ErrOwner", err)
		}
		if len(b.syncs) > 0 {
			t.Errorf("the owner's key cost %d requests", len(b.syncs))
		}
	})
}

// TestGatewaysShareKeys: what one makes all others know, until it is deleted.
func TestGatewaysShareKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		here, _ := gateway(t, s, goldenOwner)
		there, b := gateway(t, s, goldenOwner)
		access, secret := mustCreate(t, here, "laptop")
		for name, ring := range map[string]*auth.Ring{"here": here, "there": there} {
			if k, err := ring.Key(t.Context(), access); err != nil || k != (auth.Key{Secret: secret}) {
				t.Errorf("%s: key %+v, error %v, want the secret of no owner", name, k, err)
			}
		}
		want := []auth.KeyInfo{{Access: access, Note: "laptop", Created: time.UnixMilli(time.Now().Add(-b.slow).UnixMilli())}}
		if got, err := there.List(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("List = %v, error %v, want %v", got, err, want)
		}
		if err := here.Delete(t.Context(), access); err != nil {
			t.Fatal(err)
		}
		if _, err := here.Key(t.Context(), access); !errors.Is(err, auth.ErrNoKey) {
			t.Errorf("the deleted key: error %v, want ErrNoKey", err)
		}
		if err := b.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := there.Key(t.Context(), access); !errors.Is(err, auth.ErrNoKey) {
			t.Errorf("the deleted key on another gateway: error %v, want ErrNoKey", err)
		}
		if err := here.Delete(t.Context(), access); !errors.Is(err, auth.ErrNoKey) {
			t.Errorf("delete it again: %v, want ErrNoKey", err)
		}
	})
}

func TestKeysOfAnotherOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		before, _ := gateway(t, s, goldenOwner)
		access, _ := mustCreate(t, before, "")
		after, _ := gateway(t, s, "another-owners-secret")
		if k, err := after.Key(t.Context(), access); !errors.Is(err, auth.ErrNoKey) || k != (auth.Key{}) {
			t.Errorf("key %+v, error %v, want none", k, err)
		}
		if got, err := after.List(t.Context()); err != nil || len(got) != 1 || !got[0].Unreadable {
			t.Errorf("List = %v, error %v, want one that is unreadable", got, err)
		}
		if err := after.Delete(t.Context(), access); err != nil {
			t.Errorf("it cannot be deleted: %v", err)
		}
	})
}

// TestStrangersCannotFloodTheStore: unknown keys come all the time and make a
// request a second; a key that another gateway made meanwhile is known to
// whoever comes with it.
func TestStrangersCannotFloodTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		here, _ := gateway(t, s, goldenOwner)
		there, b := gateway(t, s, goldenOwner)
		began := time.Now()
		const seconds = 20
		var group sync.WaitGroup
		for range seconds * 100 {
			time.Sleep(10 * time.Millisecond)
			forged, _, err := auth.Mint(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			group.Go(func() {
				if _, err := there.Key(t.Context(), forged); !errors.Is(err, auth.ErrNoKey) {
					t.Errorf("a forged key: error %v, want ErrNoKey", err)
				}
			})
			access, secret := mustCreate(t, here, "")
			group.Go(func() {
				came := time.Now()
				if k, err := there.Key(t.Context(), access); err != nil || k.Secret != secret {
					t.Errorf("a key made before it came: %+v, error %v", k, err)
				}
				if took := time.Since(came); took > time.Second+2*b.slow {
					t.Errorf("a new key waited %v", took)
				}
			})
		}
		group.Wait()
		if most := int(time.Since(began)/time.Second) + 1; len(b.syncs) > most {
			t.Errorf("%d requests in %v, want at most %d", len(b.syncs), time.Since(began), most)
		}
		for i := range b.syncs[1:] {
			if pause := b.syncs[i+1].Sub(b.syncs[i]); pause < time.Second {
				t.Errorf("requests %v apart, want a second", pause)
			}
		}
	})
}

func TestWhatCannotBeAKeyCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring, b := gateway(t, &shelf{}, goldenOwner)
		for _, access := range []string{"", "someone", strings.Repeat("a", 20), strings.Repeat("A", 21), strings.Repeat("A", 1<<16), "AAAAAAAAA AAAAAAAAAA"} {
			if _, err := ring.Key(t.Context(), access); !errors.Is(err, auth.ErrNoKey) {
				t.Errorf("key %.30q: error %v, want ErrNoKey", access, err)
			}
		}
		if len(b.syncs) > 0 {
			t.Errorf("they cost %d requests", len(b.syncs))
		}
	})
}

// TestOneWhoLeavesStopsNobody: the first to ask goes away, the others are
// answered.
func TestOneWhoLeavesStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		here, _ := gateway(t, s, goldenOwner)
		there, _ := gateway(t, s, goldenOwner)
		access, _ := mustCreate(t, here, "")
		leaves, leave := context.WithCancel(t.Context())
		leave()
		var group sync.WaitGroup
		group.Go(func() { _, _ = there.Key(leaves, goldenAccess) })
		group.Go(func() {
			if _, err := there.Key(t.Context(), access); err != nil {
				t.Errorf("the one who stayed: %v", err)
			}
		})
		group.Wait()
	})
}

// TestStoreOutOfReach: then nobody knows whether there is such a key, and the
// client is told to try again.
func TestStoreOutOfReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring, b := gateway(t, &shelf{}, goldenOwner)
		b.fail = errors.New("the store is gone")
		v := auth.Verifier{Keys: ring, Now: func() time.Time { return docTime }}
		r := newRequest(t, "GET", "http://host/bucket", nil)
		auth.Sign(r, goldenAccess, secret, region, docTime)
		if _, err := v.Verify(r, ""); code(t, err) != auth.ServiceUnavailable || strings.Contains(err.Error(), "gone") {
			t.Errorf("Verify = %v, want ServiceUnavailable without details", err)
		}
		if _, err := v.VerifyBasic(t.Context(), goldenAccess, secret); code(t, err) != auth.ServiceUnavailable {
			t.Errorf("VerifyBasic = %v, want ServiceUnavailable", err)
		}
		if _, err := ring.List(t.Context()); !errors.Is(err, b.fail) {
			t.Errorf("List: error %v, want the store's", err)
		}
	})
}

// TestWaitingIsBounded: one run is awaited by a bounded number.
func TestWaitingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring, _ := gateway(t, &shelf{}, goldenOwner)
		_, _ = ring.Key(t.Context(), goldenAccess) // the next ones wait for a second
		answers := map[string]int{}
		var mu sync.Mutex
		var group sync.WaitGroup
		for range 1500 {
			group.Go(func() {
				_, err := ring.Key(t.Context(), goldenAccess)
				mu.Lock()
				defer mu.Unlock()
				answers[fmt.Sprint(errors.Is(err, auth.ErrNoKey))]++
			})
		}
		group.Wait()
		if answers["true"] != 1000 || answers["false"] != 500 {
			t.Errorf("answers %v, want 1000 that waited and 500 that were turned away", answers)
		}
	})
}

// TestFurtherKeySigns: a request signed by a further key is let in, as no
// owner's, and no longer once the key is deleted.
func TestFurtherKeySigns(t *testing.T) {
	ring, _ := gateway(t, &shelf{}, goldenOwner)
	access, secret := mustCreate(t, ring, "")
	v := auth.Verifier{Keys: ring, Now: func() time.Time { return docTime }}
	r := newRequest(t, "GET", "http://host/bucket", nil)
	auth.Sign(r, access, secret, region, docTime)
	if a, err := v.Verify(r, ""); err != nil || a.Identity != (auth.Identity{AccessKey: access}) {
		t.Errorf("Verify = %+v, error %v", a, err)
	}
	if err := ring.Delete(t.Context(), access); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { // it looks whether another gateway made it
		if _, err := v.Verify(r, ""); code(t, err) != auth.InvalidAccessKeyID {
			t.Errorf("Verify with a deleted key: %v", err)
		}
	})
	auth.Sign(r, "owner", goldenOwner, region, docTime)
	if a, err := v.Verify(r, ""); err != nil || !a.Owner {
		t.Errorf("Verify of the owner = %+v, error %v", a, err)
	}
}

func TestKeysAreBounded(t *testing.T) {
	ring, b := gateway(t, &shelf{}, goldenOwner)
	many := map[string]auth.Sealed{}
	for i := range 10_000 {
		many[fmt.Sprint(i)] = auth.Sealed{}
	}
	b.shelf.keys, b.seen = many, many
	if _, _, err := ring.Create(t.Context(), ""); !errors.Is(err, auth.ErrTooMany) {
		t.Errorf("Create beside 10,000: %v, want ErrTooMany", err)
	}
}
