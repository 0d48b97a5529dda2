package webdav

import (
	"net/url"
	"slices"
)

// admit lets a request go on that is about to change what writes tell: its If
// header holds (else errIf), and it names the token of a lock of its user's
// wherever one is needed (else errLocked). Until release is called, which the
// caller does when all is done, nobody can lock what is written.
//
// A MOVE writes its source and its target, a COPY only the target.
func (q *request) admit(writes ...write) (release func(), err error) {
	header, err := q.needIf()
	if err != nil {
		return nil, err
	}
	return q.userLocks().enterWrites(header.tokens(), writes)
}

func (q *request) userLocks() userLocks { return q.locks.of(q.who.AccessKey) }

// needIf reads the If header and returns errIf unless it holds.
func (q *request) needIf() (ifHeader, error) {
	header, err := parseIf(q.r.Header.Get("If"))
	if err != nil || len(header) == 0 {
		return nil, err
	}
	for _, list := range header {
		if ok, err := q.holds(list); err != nil || ok {
			return header, err
		}
	}
	return nil, errIf
}

// holds reports whether all conditions of a list hold for what it is about. It
// keeps the ETag that they ask for, which must be the file's at the commit too.
func (q *request) holds(list ifList) (bool, error) {
	name, ok := q.target.name, true
	etag := ""
	if list.tag != "" {
		name, ok = q.tagged(list.tag)
	}
	for _, c := range list.conditions {
		met := false
		var err error
		if ok && c.etag != "" {
			met, err = q.hasETag(name, c.etag)
		} else if ok {
			met = q.locks.holds(name, c.token)
		}
		if err != nil || met == c.not {
			return false, err
		}
		if met && c.etag != "" {
			etag = unquoted(c.etag)
		}
	}
	if etag != "" {
		q.met = map[string][]string{name: {etag}}
	}
	return true, nil
}

// tagged is the name that a URL in an If header means, if it is one of ours.
func (q *request) tagged(tag string) (name string, ok bool) {
	u, err := url.Parse(tag)
	if err != nil || u.Host != "" && !sameHost(u.Host, q.r.Host) {
		return "", false
	}
	t, ok, err := parsePath(q.Prefix, u.EscapedPath())
	return t.name, ok && err == nil
}

// hasETag reports whether the file's ETag is the one given, which no weak one
// is.
func (q *request) hasETag(name, etag string) (bool, error) {
	n, exists, err := q.find(name)
	return err == nil && exists && !n.Dir && etag == `"`+n.Info.ETag+`"`, err
}

// holds reports whether a lock of that token protects name.
func (l *locks) holds(name, token string) bool {
	l.enter()
	defer l.mu.Unlock()
	held := l.byToken[token]
	return held != nil && held.protects(name)
}

// enterWrites lets writes begin by which the tokens are told, or returns
// errLocked. The caller must call release when they have ended.
func (u userLocks) enterWrites(tokens map[string]bool, writes []write) (release func(), err error) {
	l := u.locks
	l.enter()
	defer l.mu.Unlock()
	mine := func(k *lock) bool { return k.user == u.user && tokens[k.token] }
	for _, w := range writes {
		if !l.places.allows(w, mine) {
			return nil, errLocked
		}
	}
	begun := slices.Clone(writes)
	for _, w := range begun {
		l.places.count(w, 1)
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, w := range begun {
			l.places.count(w, -1)
		}
	}, nil
}
