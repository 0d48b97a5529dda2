package webdav

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"aetherfs/backend"
)

// lock makes a lock, or refreshes the one that the If header names if the
// request has no body. A name that nothing has gets an empty file.
func (q *request) lock() error {
	if q.target.outside || q.target.name == "" {
		return refuse(http.StatusForbidden, "the root cannot be locked")
	}
	q.limitXML()
	info, err := readLockInfo(q.r.Body)
	if err != nil {
		return err
	}
	if info == nil {
		return q.refresh()
	}
	ask := lockAsk{root: q.target.name, shared: info.shared, owner: info.owner}
	switch q.r.Header.Get("Depth") {
	case "0":
	case "", "infinity":
		ask.deep = true
	default:
		return refuse(http.StatusBadRequest, "the depth of a lock is 0 or infinity")
	}
	return q.lockAs(ask)
}

func (q *request) lockAs(ask lockAsk) error {
	header, err := q.needIf()
	if err != nil {
		return err
	}
	_, exists, err := q.find(ask.root)
	if err != nil {
		return err
	}
	user := q.userLocks()
	made, err := user.create(ask, lockTime(q.r.Header.Get("Timeout")))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if !exists && !q.dropped(ask.root) {
		status = http.StatusCreated
		tokens := header.tokens()
		tokens[made.token] = true
		if err := q.putEmpty(tokens); err != nil {
			_ = user.unlock(ask.root, made.token) // it may be over already
			return err
		}
	}
	q.w.Header().Set("Lock-Token", "<"+made.token+">")
	return q.answerLock(status, made)
}

// putEmpty makes the file of the request's name, which is not there.
func (q *request) putEmpty(tokens map[string]bool) error {
	name := q.target.name
	if q.target.slash || isDataset(name) {
		return refuse(http.StatusConflict, "a directory that is not there cannot be locked")
	}
	if err := q.needParent(name); err != nil {
		return err
	}
	release, err := q.userLocks().enterWrites(tokens, []write{{name: name, member: true}})
	if err != nil {
		return err
	}
	defer release()
	p, err := key(name)
	if err != nil {
		return err
	}
	o := backend.PutOptions{Cond: backend.Cond{IfNoneMatch: []string{"*"}}}
	_, err = q.change(p.Dataset, func(tx backend.Tx) error { return tx.Put(q.ctx, p, http.NoBody, o) })
	if errors.Is(err, backend.ErrPrecondition) {
		return nil // another was quicker: there is what can be locked
	}
	return err
}

// refresh lets a lock end later. Its If header names the token, and no other.
func (q *request) refresh() error {
	header, err := parseIf(q.r.Header.Get("If"))
	if err != nil {
		return err
	}
	tokens := header.tokens()
	if len(tokens) != 1 {
		return refuse(http.StatusBadRequest, "a lock is refreshed by an If header with its token")
	}
	for token := range tokens {
		held, err := q.userLocks().refresh(q.target.name, token, lockTime(q.r.Header.Get("Timeout")))
		if errors.Is(err, errNoLock) {
			return errIf
		}
		if err != nil {
			return err
		}
		return q.answerLock(http.StatusOK, held)
	}
	return nil
}

// unlock ends a lock.
func (q *request) unlock() error {
	text := strings.TrimSpace(q.r.Header.Get("Lock-Token"))
	token, ok := strings.CutPrefix(text, "<")
	token, closed := strings.CutSuffix(token, ">")
	if !ok || !closed || token == "" {
		return refuse(http.StatusBadRequest, "Lock-Token is not a token in angle brackets")
	}
	if err := q.userLocks().unlock(q.target.name, token); err != nil {
		return err
	}
	return q.answered(http.StatusNoContent)
}

// answerLock tells the client of its lock.
func (q *request) answerLock(status int, held lock) error {
	body := xmlHead + `<D:prop xmlns:D="DAV:"><D:lockdiscovery>` + q.activeLock(held) + `</D:lockdiscovery></D:prop>`
	h := q.w.Header()
	h.Set("Content-Type", "application/xml; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	q.w.WriteHeader(status)
	_, _ = q.w.Write([]byte(body)) // a client that is gone loses its lock in time
	return nil
}

// lockTime reads a Timeout header (RFC 4918, section 10.7): the first of its
// times. What it does not say, or not well, is maxLockTime.
func lockTime(header string) time.Duration {
	first, _, _ := strings.Cut(header, ",")
	text, ok := strings.CutPrefix(strings.TrimSpace(first), "Second-")
	seconds, err := strconv.ParseUint(text, 10, 32)
	if !ok || err != nil {
		return maxLockTime
	}
	return min(time.Duration(seconds)*time.Second, maxLockTime)
}
