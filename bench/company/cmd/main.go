// Command cmd pushes a synthetic company to a running server, reads it back in three ways, pushes it again, and prints a
// Markdown report that ends with the differences. It leaves with 0 when there are none, with 1 when there are some or a
// request failed, and with 2 when it was called wrongly.
//
//	usher org create --slug acme --json
//	usher serve
//	go run ./bench/company/cmd --url http://127.0.0.1:8080/scim/v2 --token-file token --users 100000 --groups 2000
//
// Only servers on this machine are pushed to. The organisation must be one of its own, since whoever else is in it counts
// as a difference; pushing the same company to it again is fine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"usher/bench/company"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the command with its arguments and where it writes; it gives the exit code.
func run(ctx context.Context, args []string, out, complaints io.Writer) int {
	flags := flag.NewFlagSet("company", flag.ContinueOnError)
	flags.SetOutput(complaints)
	var server company.Server
	var made company.Company
	flags.StringVar(&server.URL, "url", "http://127.0.0.1:8080/scim/v2", "the SCIM `URL`, as the server's answers have it")
	tokenFile := flags.String("token-file", "", "the `file` with the token")
	flags.IntVar(&server.Connections, "connections", 16, "requests at the same `time`")
	flags.StringVar(&made.Name, "name", "acme", "the company's `name`, in every user name")
	flags.IntVar(&made.People, "users", 1000, "how `many` people")
	flags.IntVar(&made.Groups, "groups", 50, "how `many` groups")
	within := flags.Duration("within", time.Hour, "give up after this `time`")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	token, err := os.ReadFile(*tokenFile)
	server.Token = strings.TrimSpace(string(token))
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("company: what is %q? --help lists the flags", flags.Arg(0))
	case err != nil:
		err = fmt.Errorf("company: --token-file: %w", err)
	case server.Token == "":
		err = fmt.Errorf("company: --token-file: there is no token in %s", *tokenFile)
	default:
		err = errors.Join(server.Check(), made.Check())
	}
	if err != nil {
		_, _ = fmt.Fprintln(complaints, err)
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, *within)
	defer cancel()
	report, err := company.Run(ctx, server, made)
	if err == nil {
		err = report.WriteMarkdown(out)
	}
	switch {
	case err != nil:
		_, _ = fmt.Fprintln(complaints, err)
		return 1
	case !report.OK():
		return 1
	}
	return 0
}
