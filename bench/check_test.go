package main

import (
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

func TestFlagsAreChecked(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string // part of the error; empty: fine
	}{
		"none":                   {nil, ""},
		"some":                   {[]string{"--users", "2000,1000", "--only", "get,eq", "--postgres", "postgres://u@127.0.0.1:5432/x"}, ""},
		"a socket":               {[]string{"--postgres", "postgres:///x?host=/run/postgresql"}, ""},
		"another machine":        {[]string{"--postgres", "postgres://u@db.acme.test/x"}, "not on this machine"},
		"one of several":         {[]string{"--postgres", "postgres://u@127.0.0.1:1,10.0.0.1:2/x"}, "not on this machine"},
		"an unreadable URL":      {[]string{"--postgres", "postgres://u@127.0.0.1:port/x"}, "cannot be read"},
		"an unknown part":        {[]string{"--only", "get,delete"}, "there is no delete"},
		"too few people":         {[]string{"--users", "10"}, "between 1000 and"},
		"too many members":       {[]string{"--members", "100,1000000"}, "between 2 and"},
		"no time":                {[]string{"--seconds", "0"}, "--seconds"},
		"too many":               {[]string{"--connections", "100000"}, "--connections"},
		"a database not known":   {[]string{"--database", "mysql"}, "must be one of"},
		"no size":                {[]string{"--users", ""}, "--users"},
		"the limit by its wires": {[]string{"limit"}, "missing flags"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("USHER_BENCH_POSTGRES", "")
			t.Setenv("USHER_TEST_POSTGRES", "")
			var grammar cli
			parser, err := kong.New(&grammar, kong.Exit(func(int) {}))
			require.NoError(t, err)
			_, err = parser.Parse(test.args)
			if test.want == "" {
				require.NoError(t, err)
				require.IsIncreasing(t, grammar.Run.Users)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestPartsAndConnections(t *testing.T) {
	t.Parallel()
	c := &runCommand{}
	require.True(t, c.wants("get"))
	require.Equal(t, []int{64, 16}, []int{c.connections("sqlite"), c.connections("postgres")})
	c.Only, c.Connections = []string{"eq", "list"}, 8
	require.False(t, c.wants("get"))
	require.True(t, c.wants("get", "list"))
	require.Equal(t, 8, c.connections("sqlite"))
	for _, op := range operations() {
		require.Contains(t, parts, op.flag)
	}
	require.Equal(t, []string{"7", "1,000", "1,000,000"}, []string{thousands(7), thousands(1000), thousands(1_000_000)})
}
