package main

import (
	"context"
	"io"
	"log/slog"
)

// logFlags say what is logged.
type logFlags struct {
	LogLevel string `enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"Log this and what is worse: debug, info (unless given), warn, error. Every request is a line at info."`
}

// newLogger makes the logger: text for a person at a terminal, JSON for everything else.
func newLogger(w io.Writer, terminal bool, level string) *slog.Logger {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		least = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: least}
	if terminal {
		return slog.New(tracing{slog.NewTextHandler(w, options)})
	}
	return slog.New(tracing{slog.NewJSONHandler(w, options)})
}

// tracing adds to every line which request it belongs to, and to whom that belongs.
type tracing struct{ slog.Handler }

// Handle implements slog.Handler.
func (h tracing) Handle(ctx context.Context, record slog.Record) error {
	x := accessOf(ctx)
	if x == nil || says(record, "request_id") {
		return h.Handler.Handle(ctx, record)
	}
	record.AddAttrs(slog.String("request_id", x.id))
	if !x.caller.Organisation.IsZero() {
		record.AddAttrs(slog.String("organisation", x.caller.Organisation.String()))
		if x.key != "" {
			record.AddAttrs(slog.String("api_key", x.key))
		} else {
			record.AddAttrs(slog.String("connection", x.caller.Connection.String()))
		}
	}
	return h.Handler.Handle(ctx, record)
}

// says reports whether a line has an attribute already.
func says(record slog.Record, key string) bool {
	found := false
	record.Attrs(func(a slog.Attr) bool {
		found = a.Key == key
		return !found
	})
	return found
}

// WithAttrs implements slog.Handler.
func (h tracing) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tracing{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h tracing) WithGroup(name string) slog.Handler { return tracing{h.Handler.WithGroup(name)} }
