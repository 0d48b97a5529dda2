package webdav

// StatusOf is the status that an error is answered with, and the text.
func StatusOf(err error) (status int, text string) {
	r := translate(err)
	return r.status, r.text
}

// MaxUserLocks is how many locks a user may hold.
const MaxUserLocks = maxUserLocks
