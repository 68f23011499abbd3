// Command demo signs in to an app behind a proxy: without proxypatch, with it, and with the
// tutorial's diffs. It runs in a temporary directory and leaves nothing behind, even if you
// interrupt it.
//
//	go run ./demo
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run makes a temporary directory. It removes it after all that it started has ended.
func run(ctx context.Context) (err error) {
	if err := requireNode(ctx); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "proxypatch-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, cancel := context.WithCancel(ctx)
	d := &demo{ctx: ctx, dir: dir}
	d.env = d.withTemp(os.Environ())
	defer d.servers.Wait()
	defer cancel()

	fmt.Println("Building proxypatch, and installing next-auth in a temporary directory …")
	for _, step := range []func() error{d.prepare, d.startNetwork, d.fail, d.patch, d.verify, d.revert, d.tutorial} {
		err := step()
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
