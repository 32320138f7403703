// Package compose_test holds docker-compose.yml and the Dockerfile to what is true in this tree: every file, secret,
// service, command and setting that they name exists, and the image's build command yields a static binary.
package compose_test

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/errdefs"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

// The root of the repository, seen from here.
var root = filepath.Join("..", "..")

// facts are what a compose file is held against.
type facts struct {
	exists func(path string) bool // a file or folder, by absolute path
	made   []string               // files that `make secrets` makes, as the compose file names them
	help   map[string]string      // usher's commands, each with its help
	image  image
}

// image is what the Dockerfile says about the image that it builds.
type image struct {
	goVersion   string            // of the build stage
	buildFlags  string            // the shell command that builds the binary, up to -o
	packagePath string            // what is built
	environment map[string]string // ENV
	entrypoint  string
	command     string
	user        string
	exposed     string
}

func TestCompose(t *testing.T) {
	t.Parallel()
	recipe := dockerfile(t)
	binary := build(t, recipe)

	t.Run("the binary is static", func(t *testing.T) {
		t.Parallel()
		if runtime.GOOS != "linux" {
			t.Log("built for " + runtime.GOOS + ", whose binaries are no ELF files: nothing to look at")
			return
		}
		require.Empty(t, dynamic(t, binary))
	})

	t.Run("the image is built with the Go of go.mod", func(t *testing.T) {
		t.Parallel()
		manifest, err := os.ReadFile(filepath.Join(root, "go.mod"))
		require.NoError(t, err)
		require.Contains(t, string(manifest), "\ngo "+recipe.goVersion+".", "FROM golang:%s", recipe.goVersion)
	})

	t.Run("the image runs as nobody, and what it runs exists", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "65532:65532", recipe.user)
		require.Equal(t, `["/usher"]`, recipe.entrypoint)
		require.Equal(t, `["serve"]`, recipe.command)
		known := settings(help(t, binary, "serve"))
		for name := range recipe.environment {
			require.Contains(t, known, name, "ENV %s", name)
		}
	})

	t.Run("what docker-compose.yml names exists", func(t *testing.T) {
		t.Parallel()
		project := load(t, filepath.Join(root, "docker-compose.yml"))
		require.Contains(t, project.Services, "usher")
		known := facts{exists: exists, made: secrets(t), help: map[string]string{}, image: recipe}
		for _, service := range project.Services {
			if service.Build != nil && len(service.Command) > 0 {
				known.help[service.Command[0]] = help(t, binary, service.Command[0])
			}
		}
		require.Empty(t, problems(project, known))
	})
}

// Each check finds what breaks it.
func TestProblemsAreFound(t *testing.T) {
	t.Parallel()
	const sound = `
services:
  usher:
    build: .
    command: [serve]
    environment: { USHER_DATABASE: x, USHER_SECRET_KEY_FILE: /run/secrets/key }
    secrets: [key]
    ports: ["127.0.0.1:8080:8080"]
    depends_on:
      migrate: { condition: service_completed_successfully }
      store: { condition: service_healthy }
  migrate: { build: ., command: [migrate] }
  store:
    image: postgres:17
    volumes: ["./conf:/conf"]
    healthcheck: { test: [CMD, pg_isready] }
secrets: { key: { file: secrets/key } }
`
	known := facts{
		exists: func(path string) bool { return !strings.Contains(path, "missing") },
		made:   []string{"secrets/key"},
		help:   map[string]string{"serve": "--database ($USHER_DATABASE) --secret-key-file ($USHER_SECRET_KEY_FILE)", "migrate": "--database ($USHER_DATABASE)"},
		image:  image{exposed: "8080"},
	}
	tests := map[string]struct{ is, becomes, want string }{
		"build context":         {"usher:\n    build: .", "usher:\n    build: ./missing", "usher: build context"},
		"Dockerfile":            {"usher:\n    build: .", "usher:\n    build: { context: ., dockerfile: missing }", "usher: Dockerfile"},
		"image without a tag":   {"postgres:17", "postgres", "store: image postgres names no version"},
		"latest":                {"postgres:17", "postgres:latest", "store: image postgres:latest names no version"},
		"command":               {"command: [serve]", "command: [sevre]", "usher: usher has no command sevre"},
		"setting":               {"USHER_DATABASE: x", "USHER_DATABSE: x", "usher: usher serve knows no USHER_DATABSE"},
		"setting of another":    {"command: [migrate]", "command: [migrate], environment: { USHER_SECRET_KEY_FILE: x }", "migrate: usher migrate knows no USHER_SECRET_KEY_FILE"},
		"part of a setting":     {"USHER_DATABASE: x", "USHER_SECRET_KEY: x", "usher: usher serve knows no USHER_SECRET_KEY"},
		"secret's file":         {"file: secrets/key", "file: secrets/other", "secret key: nothing makes secrets/other"},
		"file of a secret":      {"/run/secrets/key", "/run/secrets/other", "usher: USHER_SECRET_KEY_FILE names a secret that it is not given: /run/secrets/other"},
		"mounted folder":        {"./conf:/conf", "./missing:/conf", "store: nothing at"},
		"never healthy":         {"healthcheck: { test: [CMD, pg_isready] }", "restart: always", "usher: waits for store to be healthy, which has no health check"},
		"health check disabled": {"healthcheck: { test: [CMD, pg_isready] }", "healthcheck: { disable: true }", "usher: waits for store to be healthy, which has no health check"},
		"never complete":        {"command: [migrate]", "command: [migrate], restart: always", "usher: waits for migrate to end, which is started again whenever it does"},
		"open to the network":   {"127.0.0.1:8080:8080", "8080:8080", "usher: port 8080 is published to the network"},
		"port nobody opens":     {"127.0.0.1:8080:8080", "127.0.0.1:8080:80", "usher: port 80 is published, but the image listens on 8080"},
	}
	file := func(t *testing.T, text string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "docker-compose.yml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	t.Run("none in a sound file", func(t *testing.T) {
		t.Parallel()
		require.Empty(t, problems(load(t, file(t, sound)), known))
	})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken := strings.Replace(sound, test.is, test.becomes, 1)
			require.NotEqual(t, sound, broken)
			found := problems(load(t, file(t, broken)), known)
			require.Len(t, found, 1, "%q", found)
			require.Contains(t, found[0], test.want)
		})
	}
}

// What the loader refuses by itself: a file whose references lead nowhere inside it.
func TestLoaderRefusesDanglingReferences(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"depends_on": "services: { a: { image: a:1, depends_on: [b] } }",
		"secret":     "services: { a: { image: a:1, secrets: [b] } }",
		"volume":     "services: { a: { image: a:1, volumes: ['data:/data'] } }",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "docker-compose.yml")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			_, err := parse(t, path)
			require.Error(t, err)
			require.ErrorIs(t, err, errdefs.ErrInvalid)
			require.Contains(t, err.Error(), "undefined")
		})
	}
}

func TestDynamicBinaryIsFound(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Log("no ELF files here")
		return
	}
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	require.NotEmpty(t, dynamic(t, shell))
}

// problems says what a compose file names that does not exist, or waits for in vain.
func problems(project *types.Project, known facts) []string {
	var found []string
	complain := func(format string, values ...any) { found = append(found, fmt.Sprintf(format, values...)) }

	for _, name := range project.ServiceNames() {
		service := project.Services[name]
		if service.Build == nil {
			if _, tag, tagged := strings.Cut(service.Image, ":"); !tagged || tag == "latest" {
				complain("%s: image %s names no version", name, service.Image)
			}
		} else {
			for _, problem := range ofOurImage(service, known) {
				complain("%s: %s", name, problem)
			}
		}
		for _, volume := range service.Volumes {
			if volume.Type == types.VolumeTypeBind && !known.exists(volume.Source) {
				complain("%s: nothing at %s", name, volume.Source)
			}
		}
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				complain("%s: port %d is published to the network", name, port.Target)
			}
		}
		for target, dependency := range service.DependsOn {
			waitedFor := project.Services[target]
			switch dependency.Condition {
			case types.ServiceConditionHealthy:
				if check := waitedFor.HealthCheck; check == nil || check.Disable || len(check.Test) == 0 {
					complain("%s: waits for %s to be healthy, which has no health check", name, target)
				}
			case types.ServiceConditionCompletedSuccessfully:
				if waitedFor.Restart != "" && waitedFor.Restart != types.RestartPolicyNo {
					complain("%s: waits for %s to end, which is started again whenever it does", name, target)
				}
			}
		}
		found = append(found, ofSecretFiles(name, service)...)
	}
	for name, secret := range project.Secrets {
		file, err := filepath.Rel(project.WorkingDir, secret.File)
		if err != nil || !slices.Contains(known.made, file) {
			complain("secret %s: nothing makes %s", name, file)
		}
	}
	return found
}

// ofOurImage says what is wrong with a service that runs usher.
func ofOurImage(service types.ServiceConfig, known facts) []string {
	if !known.exists(service.Build.Context) {
		return []string{"build context " + service.Build.Context + " is missing"}
	}
	if path := filepath.Join(service.Build.Context, service.Build.Dockerfile); !known.exists(path) {
		return []string{"Dockerfile " + path + " is missing"}
	}
	if len(service.Command) == 0 {
		return []string{"no command is named"}
	}
	command := service.Command[0]
	text, isCommand := known.help[command]
	if !isCommand || text == "" {
		return []string{"usher has no command " + command}
	}
	var found []string
	for name := range service.Environment {
		if strings.HasPrefix(name, "USHER_") && !slices.Contains(settings(text), name) {
			found = append(found, fmt.Sprintf("usher %s knows no %s", command, name))
		}
	}
	for _, port := range service.Ports {
		if fmt.Sprint(port.Target) != known.image.exposed {
			found = append(found, fmt.Sprintf("port %d is published, but the image listens on %s", port.Target, known.image.exposed))
		}
	}
	return found
}

// ofSecretFiles says which variables of a service name a secret's file that the service does not get.
func ofSecretFiles(name string, service types.ServiceConfig) []string {
	var found []string
	for variable, value := range service.Environment {
		if value == nil || !strings.HasPrefix(*value, "/run/secrets/") {
			continue
		}
		given := slices.ContainsFunc(service.Secrets, func(secret types.ServiceSecretConfig) bool {
			target := secret.Target
			if target == "" {
				target = secret.Source
			}
			return *value == target || *value == "/run/secrets/"+target
		})
		if !given {
			found = append(found, fmt.Sprintf("%s: %s names a secret that it is not given: %s", name, variable, *value))
		}
	}
	return found
}

// settings are the environment variables that a help text names.
func settings(help string) []string {
	return regexp.MustCompile(`\bUSHER_[A-Z0-9_]+\b`).FindAllString(help, -1)
}

// help is what `usher COMMAND --help` prints, or nothing where there is no such command.
func help(t *testing.T, binary, command string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), binary, command, "--help").CombinedOutput()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		t.Logf("usher %s --help: %v\n%s", command, err, out)
		return ""
	}
	require.NoError(t, err)
	return string(out)
}

// secrets are the files that the documented step makes, after having made them elsewhere and looked at them.
func secrets(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docker-compose.yml"))
	require.NoError(t, err)
	require.Contains(t, string(text), "make secrets", "the step is written where one looks for it")

	made := filepath.Join(t.TempDir(), "secrets")
	command := exec.CommandContext(t.Context(), "make", "secrets", "SECRETS="+made)
	command.Dir = root
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))

	entries, err := os.ReadDir(made)
	require.NoError(t, err)
	var names []string
	contents := map[string]string{}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(made, entry.Name()))
		require.NoError(t, err)
		names = append(names, filepath.Join("secrets", entry.Name()))
		contents[entry.Name()] = string(content)
	}
	require.Regexp(t, `^[0-9a-f]{64}$`, contents["usher_secret_key"])
	require.Regexp(t, `^[0-9a-f]{64}$`, contents["postgres_password"])
	require.NotEqual(t, contents["usher_secret_key"], contents["postgres_password"])
	require.Equal(t, "postgres:5432:usher:usher:"+contents["postgres_password"]+"\n", contents["pgpass"])
	return names
}

// build runs the image's build command here, with another place for the result.
func build(t *testing.T, recipe image) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "usher")
	command := exec.CommandContext(t.Context(), "sh", "-c", recipe.buildFlags+` -o "$1" `+recipe.packagePath, "sh", binary)
	command.Dir = root
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}

// dynamic says what a binary needs of the system it runs on.
func dynamic(t *testing.T, path string) []string {
	t.Helper()
	file, err := elf.Open(path)
	require.NoError(t, err)
	defer file.Close()
	needs, err := file.ImportedLibraries()
	require.NoError(t, err)
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			needs = append(needs, "an interpreter")
		}
	}
	return needs
}

// dockerfile reads the Dockerfile's instructions.
func dockerfile(t *testing.T) image {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	require.NoError(t, err)
	recipe := image{environment: map[string]string{}}
	compile := regexp.MustCompile(`(CGO_ENABLED=0 go build .*) -o \S+ (\S+)$`)
	for _, line := range instructions(string(text)) {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "FROM":
			if version, isGo := strings.CutPrefix(strings.Fields(rest)[0], "golang:"); isGo {
				recipe.goVersion = version
			}
		case "RUN":
			if parts := compile.FindStringSubmatch(rest); parts != nil {
				recipe.buildFlags, recipe.packagePath = parts[1], parts[2]
			}
		case "ENV":
			for pair := range strings.FieldsSeq(rest) {
				name, value, _ := strings.Cut(pair, "=")
				recipe.environment[name] = value
			}
		case "ENTRYPOINT":
			recipe.entrypoint = rest
		case "CMD":
			recipe.command = rest
		case "USER":
			recipe.user = rest
		case "EXPOSE":
			recipe.exposed = rest
		}
	}
	require.NotEmpty(t, recipe.buildFlags, "the Dockerfile has no `CGO_ENABLED=0 go build … -o … PACKAGE`")
	require.NotEmpty(t, recipe.goVersion, "the Dockerfile has no FROM golang:…")
	return recipe
}

// instructions are the lines of a Dockerfile without comments, continued ones joined.
func instructions(text string) []string {
	text = regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`\\\n\s*`).ReplaceAllString(text, "")
	return strings.Split(strings.TrimSpace(text), "\n")
}

func load(t *testing.T, path string) *types.Project {
	t.Helper()
	project, err := parse(t, path)
	require.NoError(t, err)
	return project
}

func parse(t *testing.T, path string) (*types.Project, error) {
	t.Helper()
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  filepath.Dir(path),
		ConfigFiles: []types.ConfigFile{{Filename: path}},
		Environment: types.Mapping{},
	}, func(options *loader.Options) { options.SetProjectName("usher", true) })
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
