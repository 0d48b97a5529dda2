package main

import (
	"context"
	"errors"
	"path/filepath"
)

// A scene is all servers at once, each on a folder of its own that was empty
// when the scene opened.
type scene struct{ servers []*server }

// openScene starts the servers on folders below dir, which the caller removes.
func openScene(ctx context.Context, specs []spec, dir string) (*scene, error) {
	s := &scene{}
	for _, spec := range specs {
		v, err := startServer(ctx, spec, filepath.Join(dir, spec.name))
		if err == nil {
			s.servers = append(s.servers, v)
			err = newS3(v).createBuckets(ctx)
		}
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

// close stops the servers and removes what they stored.
func (s *scene) close() error {
	var errs []error
	for _, v := range s.servers {
		errs = append(errs, v.stop())
	}
	return errors.Join(errs...)
}

// inTurn returns the servers, another one first at each turn.
func (s *scene) inTurn(turn int) []*server {
	first := turn % len(s.servers)
	return append(append([]*server{}, s.servers[first:]...), s.servers[:first]...)
}
