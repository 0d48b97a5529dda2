package s3api

func (q *request) postObject() error { return notImplemented("A POST form") }
