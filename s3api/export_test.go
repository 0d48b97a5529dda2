package s3api

import (
	"net/http"
	"net/url"
)

// Row is a row of the operation table as a client's request.
type Row struct {
	Name   string
	Method string
	Path   string // escaped
	Query  url.Values
	Header http.Header
	Form   bool // carries its credentials in its body
}

// Rows returns a request for every row of the table.
func Rows() []Row {
	var rows []Row
	for _, op := range table {
		r := Row{Name: op.name, Method: op.method, Path: "/", Query: url.Values{}, Header: http.Header{}, Form: op.form}
		if op.level >= atBucket {
			r.Path += "bucket"
		}
		if op.level == atObject {
			r.Path += "/v1/some%20file.txt"
		}
		for _, name := range op.query {
			r.Query.Set(name, map[string]string{"list-type": "2", "partNumber": "1", "uploadId": "abc"}[name])
		}
		if op.header != "" {
			r.Header.Set(op.header, "bucket/v1/source")
		}
		rows = append(rows, r)
	}
	return rows
}
