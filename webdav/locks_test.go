package webdav

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// treeNames are the names of a small tree, the root included.
var treeNames = func() []string {
	names := []string{""}
	for _, name := range []string{"a", "a!", "b"} { // "a!" sorts between "a" and "a/"
		names = append(names, name)
		for _, below := range []string{"a", "b", "a/a", "a/b", "b/a", "a/a/a"} {
			names = append(names, name+"/"+below)
		}
	}
	return names
}()

// lockModel says of each name who may change it, by looking at all locks.
type lockModel struct {
	now    time.Time
	held   map[string]modelLock // by token
	writes map[int]write
	next   int
}

type modelLock struct {
	lockAsk
	user  string
	until time.Time
}

func under(name, dir string) bool {
	return name != dir && (dir == "" || strings.HasPrefix(name, dir+"/"))
}

func (k modelLock) covers(name string) bool { return name == k.root || k.deep && under(name, k.root) }

func writes(w write, name string) bool { return name == w.name || w.tree && under(name, w.name) }

func (m *lockModel) expire() {
	maps.DeleteFunc(m.held, func(_ string, k modelLock) bool { return !k.until.After(m.now) })
}

func (m *lockModel) free(ask lockAsk) bool {
	asked := modelLock{lockAsk: ask}
	for _, name := range treeNames {
		if !asked.covers(name) {
			continue
		}
		for _, k := range m.held {
			if k.covers(name) && !(k.shared && ask.shared) {
				return false
			}
		}
		for _, w := range m.writes {
			if writes(w, name) {
				return false
			}
		}
	}
	return true
}

func (m *lockModel) allows(user string, tokens map[string]bool, w write) bool {
	for _, name := range treeNames {
		if !writes(w, name) && !(w.member && w.name != "" && name == parent(w.name)) {
			continue
		}
		locked, mine := false, false
		for token, k := range m.held {
			if k.covers(name) {
				locked = true
				mine = mine || k.user == user && tokens[token]
			}
		}
		if locked && !mine {
			return false
		}
	}
	return true
}

// TestLocksModel does all that can be done with locks at random, and compares
// each answer with that of a model which looks at every lock for every name.
func TestLocksModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &lockModel{now: time.Unix(1e9, 0), held: map[string]modelLock{}, writes: map[int]write{}}
		locks := newLocks(lockOptions{Now: func() time.Time { return m.now }, Random: rand.NewChaCha8([32]byte{1})})
		release := map[int]func(){}
		name := rapid.SampledFrom(treeNames)
		user := rapid.SampledFrom([]string{"ann", "bob"})
		length := rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour})
		token := func(t *rapid.T) string {
			return rapid.SampledFrom(append(slices.Sorted(maps.Keys(m.held)), "urn:uuid:none")).Draw(t, "token")
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				for _, name := range treeNames {
					got := map[string]bool{}
					for _, k := range locks.at(name) {
						got[k.token] = true
					}
					for token, k := range m.held {
						if got[token] != k.covers(name) {
							t.Fatalf("at(%q) has the lock %+v: %v, want %v", name, k, got[token], k.covers(name))
						}
						delete(got, token)
					}
					if len(got) > 0 {
						t.Fatalf("at(%q) has locks that are over: %v", name, got)
					}
				}
			},
			"wait": func(t *rapid.T) {
				m.now = m.now.Add(length.Draw(t, "for"))
				m.expire()
			},
			"lock": func(t *rapid.T) {
				ask := lockAsk{root: name.Draw(t, "root"), deep: rapid.Bool().Draw(t, "deep"), shared: rapid.Bool().Draw(t, "shared")}
				who, long := user.Draw(t, "user"), length.Draw(t, "length")
				made, err := locks.of(who).create(ask, long)
				if want := m.free(ask); (err == nil) != want || err != nil && !errors.Is(err, errLocked) {
					t.Fatalf("create(%+v) = %v, want it to be free: %v", ask, err, want)
				}
				if err == nil {
					m.held[made.token] = modelLock{ask, who, m.now.Add(long)}
				}
			},
			"refresh": func(t *rapid.T) {
				token, at, who, long := token(t), name.Draw(t, "name"), user.Draw(t, "user"), length.Draw(t, "length")
				_, err := locks.of(who).refresh(at, token, long)
				k, ok := m.held[token]
				if want := expected(k, ok, at, who); !errors.Is(err, want) {
					t.Fatalf("refresh(%q) by %s of %+v = %v, want %v", at, who, k, err, want)
				}
				if err == nil {
					k.until = m.now.Add(long)
					m.held[token] = k
				}
			},
			"unlock": func(t *rapid.T) {
				token, at, who := token(t), name.Draw(t, "name"), user.Draw(t, "user")
				err := locks.of(who).unlock(at, token)
				k, ok := m.held[token]
				if want := expected(k, ok, at, who); !errors.Is(err, want) {
					t.Fatalf("unlock(%q) by %s of %+v = %v, want %v", at, who, k, err, want)
				}
				if err == nil {
					delete(m.held, token)
				}
			},
			"forget": func(t *rapid.T) {
				gone := name.Draw(t, "name")
				locks.forget(gone)
				maps.DeleteFunc(m.held, func(_ string, k modelLock) bool { return k.root == gone || under(k.root, gone) })
			},
			"begin": func(t *rapid.T) {
				w := write{name.Draw(t, "name"), rapid.Bool().Draw(t, "tree"), rapid.Bool().Draw(t, "member")}
				who, told := user.Draw(t, "user"), map[string]bool{token(t): true, token(t): true}
				end, err := locks.of(who).enterWrites(told, []write{w})
				if want := m.allows(who, told, w); (err == nil) != want || err != nil && !errors.Is(err, errLocked) {
					t.Fatalf("write %+v by %s, who tells %v: %v, want it let through: %v\nheld: %+v", w, who, told, err, want, m.held)
				}
				if err == nil {
					m.next++
					m.writes[m.next], release[m.next] = w, end
				}
			},
			"end": func(t *rapid.T) {
				if len(m.writes) == 0 {
					t.Skip("none is under way")
				}
				n := rapid.SampledFrom(slices.Sorted(maps.Keys(m.writes))).Draw(t, "write")
				release[n]()
				delete(m.writes, n)
			},
		})
		for n := range m.writes {
			release[n]()
		}
		locks.forget("")
		if n := locks.places.byName.Len() + len(locks.byToken) + len(locks.byUser) + len(locks.expiry); n != 0 {
			t.Fatalf("%d things are left when nothing is locked or written", n)
		}
	})
}

// expected is the error for what is done to a lock at a name.
func expected(k modelLock, held bool, at, who string) error {
	switch {
	case !held || !k.covers(at):
		return errNoLock
	case k.user != who:
		return errNotYours
	}
	return nil
}

func TestLocksLimits(t *testing.T) {
	locks := newLocks(lockOptions{})
	flood := func(user string) (made int, err error) {
		for {
			ask := lockAsk{root: fmt.Sprintf("data/%s/%d", user, made)}
			if _, err := locks.of(user).create(ask, time.Hour); err != nil {
				return made, err
			}
			made++
		}
	}
	for n := range maxLocks / maxUserLocks {
		user := fmt.Sprint("user", n)
		if made, err := flood(user); made != maxUserLocks || !errors.Is(err, errManyLocks) {
			t.Fatalf("%s made %d locks, then %v, want %d and %v", user, made, err, maxUserLocks, errManyLocks)
		}
	}
	if made, err := flood("late"); made != 0 || !errors.Is(err, errManyLocks) {
		t.Errorf("with %d locks held another user made %d, then %v, want 0 and %v", maxLocks, made, err, errManyLocks)
	}
	locks.forget("data/user7")
	if made, _ := flood("late"); made != maxUserLocks {
		t.Errorf("when a user's locks had gone another made %d, want %d", made, maxUserLocks)
	}
}

func TestLocksExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		locks := newLocks(lockOptions{})
		ann, bob := locks.of("ann"), locks.of("bob")
		ask := lockAsk{root: "data/file"}
		made, err := ann.create(ask, 100*time.Hour)
		if err != nil || made.length != maxLockTime {
			t.Fatalf("a lock for 100 h is one for %v, %v, want %v", made.length, err, maxLockTime)
		}
		time.Sleep(maxLockTime - time.Second)
		if made, err = ann.refresh("data/file", made.token, time.Minute); err != nil || made.length != time.Minute {
			t.Fatalf("refreshed for %v, %v, want %v", made.length, err, time.Minute)
		}
		time.Sleep(time.Minute - 1)
		if _, err := bob.create(ask, time.Hour); !errors.Is(err, errLocked) {
			t.Errorf("a nanosecond before its end: %v, want %v", err, errLocked)
		}
		time.Sleep(time.Nanosecond)
		if _, err := bob.create(ask, 0); err != nil {
			t.Errorf("at its end: %v, want another's lock", err)
		}
		if _, err := ann.refresh("data/file", made.token, time.Hour); !errors.Is(err, errNoLock) {
			t.Errorf("refresh after its end: %v, want %v", err, errNoLock)
		}
		time.Sleep(minLockTime)
		if got := locks.at("data/file"); len(got) != 0 {
			t.Errorf("after the end of all locks there are %+v", got)
		}
	})
}

func TestLockTokens(t *testing.T) {
	locks := newLocks(lockOptions{})
	form := regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for n := range 1000 {
		made, err := locks.of("ann").create(lockAsk{root: fmt.Sprint(n)}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if !form.MatchString(made.token) || seen[made.token] {
			t.Fatalf("token %q is not a new UUID of version 4", made.token)
		}
		seen[made.token] = true
	}
}

func TestLockTime(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":                       maxLockTime,
		"Infinite":               maxLockTime,
		"Infinite, Second-60":    maxLockTime,
		"Second-60":              time.Minute,
		"Second-60, Infinite":    time.Minute,
		"Second-4294967295":      maxLockTime,
		"Second-99999999999999":  maxLockTime,
		"Second-0":               0,
		"Second--1":              maxLockTime,
		"Second-":                maxLockTime,
		"Minute-1":               maxLockTime,
		" Second-180 , Infinite": 3 * time.Minute,
	} {
		if got := lockTime(header); got != want {
			t.Errorf("lockTime(%q) = %v, want %v", header, got, want)
		}
	}
}
