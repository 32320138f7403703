package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"

	"usher/domain"
)

// cli is the grammar of the command line. Every flag is also an environment variable: --public-url is
// USHER_PUBLIC_URL.
type cli struct {
	Serve       serveCommand              `cmd:"" help:"Serve SCIM, the REST API, health and metrics."`
	Demo        demoCommand               `cmd:"" help:"Serve a throw-away organisation to try things on."`
	Migrate     migrateCommand            `cmd:"" help:"Bring the database's schema to the version of this program."`
	Org         orgCommands               `cmd:"" help:"Organisations: the tenants."`
	Connection  connectionCommands        `cmd:"" help:"Connections: the identity providers of an organisation."`
	Domain      domainCommands            `cmd:"" help:"Domains: the e-mail domains of an organisation."`
	Token       tokenCommands             `cmd:"" help:"Tokens: what an identity provider shows to push its directory."`
	APIKey      apikeyCommands            `cmd:"" name:"apikey" help:"API keys: what an application shows to use the REST API."`
	Application applicationCommands       `cmd:"" help:"Applications: where people are let through to, and who is told who they are."`
	Identity    identityCommands          `cmd:"" help:"Identities: who people are at identity providers, and by which they come in."`
	Schema      schemaCommands            `cmd:"" help:"Schemas: attributes of an organisation's own."`
	Explain     explainCommand            `cmd:"" help:"Say why a person of an organisation is as they are, and what decided it."`
	Sweep       sweepCommand              `cmd:"" help:"Do at once what a time that has come asks for in an organisation: blocks, warnings, ends, free seats, reviews."`
	Completion  kongcompletion.Completion `cmd:"" help:"Completion of commands and flags in bash, zsh or fish."`

	Version kong.VersionFlag `help:"Print the version and exit." env:"-"`
}

const description = `Usher takes the people and groups that identity providers push (SCIM 2.0).

Every flag can be set in the environment instead, as its name is shown. Exit codes: 0 fine, 1 failed, 2 wrong use or configuration.

To begin:

  usher org create --slug acme --name "Acme"     # prints the SCIM URL and a token
  usher serve

or, to look around first:

  usher demo`

// The exit codes.
const (
	exitFine   = 0
	exitFailed = 1
	exitUsage  = 2
)

// execute runs the command that the arguments name.
func (p *process) execute(ctx context.Context, args []string) int {
	var grammar cli
	parser, err := kong.New(&grammar,
		kong.Name("usher"),
		kong.Description(description),
		kong.DefaultEnvars("USHER"),
		kong.Vars{"version": version(), "kinds": kinds(), "activations": activations()},
		kong.Groups{"Database": "Database:", "Secret key": "Secret key:", "OpenID Connect": "OpenID Connect:"},
		kong.Writers(p.stdout, p.stderr),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
	)
	if err != nil {
		return p.complain(err, nil)
	}
	kongcompletion.Register(parser)
	command, err := parser.Parse(args)
	if err != nil {
		return p.complain(err, nil)
	}
	if err := command.Run(); err != nil {
		return p.complain(err, command.Selected())
	}
	return exitFine
}

// complain says in one line what was wrong, and gives the exit code that goes with it.
func (p *process) complain(err error, command *kong.Node) int {
	line, code := explain(err, command)
	_, _ = fmt.Fprintln(p.stderr, "usher: "+strings.ReplaceAll(line, "\n", " "))
	return code
}

// explain finds the words and the exit code for an error of a command.
func explain(err error, command *kong.Node) (line string, code int) {
	var misused *kong.ParseError
	var known *domain.Error
	switch {
	case errors.As(err, &misused):
		line := misused.Error()
		if selected := misused.Context.Selected(); selected != nil {
			line += fmt.Sprintf("; see %s --help", selected.FullPath())
		} else {
			line += "; see usher --help"
		}
		return line, exitUsage
	case !errors.As(err, &known):
		return err.Error(), exitFailed
	}
	line = known.Message
	if known.Field != "" {
		line = setting(known.Field, command) + ": " + line
	}
	switch known.Kind {
	case domain.Internal, domain.Unavailable, domain.Throttled:
		if known.Err != nil { // the operator may see the cause
			line += ": " + known.Err.Error()
		}
		return line, exitFailed
	default:
		return line, exitUsage
	}
}

// setting names a field as the command knows it: by flag and variable where there is one.
func setting(field string, command *kong.Node) string {
	if command == nil {
		return field
	}
	for _, flags := range command.AllFlags(false) {
		for _, flag := range flags {
			if flag.Name != field && !slices.Contains(flag.Aliases, field) {
				continue
			}
			if len(flag.Envs) == 0 {
				return "--" + flag.Name
			}
			return "--" + flag.Name + " (" + flag.Envs[0] + ")"
		}
	}
	return field
}

// wrong makes the refusal of a setting.
func wrong(flag, format string, args ...any) *domain.Error {
	return domain.InvalidField(flag, fmt.Sprintf(format, args...))
}

// version is the version of the module, or the revision that was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "development"
}

// isFile reports whether there is something at a path.
func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
