package secret

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxFile is what is read of a file at most: a key is a line.
const maxFile = 64 << 10

// Read reads a secret from a file that somebody else looks after, such as a mounted container secret.
func Read(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", plainly(err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return "", plainly(err)
	case len(text) > maxFile:
		return "", fmt.Errorf("%s is too large for a secret", path)
	}
	return string(text), nil
}

// Load reads the key that an installation made for itself. found is false when there is no such file. A file that others
// may read, or that holds no key, is refused: the key may be known, or the wrong file was named.
func Load(path string) (key Key, found bool, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Key{}, false, nil
	case err != nil:
		return Key{}, false, plainly(err)
	case !info.Mode().IsRegular():
		return Key{}, true, fmt.Errorf("%s is not a file", path)
	case info.Mode().Perm()&0o077 != 0:
		return Key{}, true, fmt.Errorf("%s has mode %04o, so that others may know the key; run: chmod 600 %s", path, info.Mode().Perm(), path)
	}
	text, err := Read(path)
	if err != nil {
		return Key{}, true, err
	}
	if key, err = Parse(text); err != nil {
		return Key{}, true, fmt.Errorf("%s holds no key: %w", path, err)
	}
	return key, true, nil
}

// LoadOrMake is Load, and where there is no such file it makes a random key in one that only its owner can read. The
// file appears with its whole content or not at all, and of several processes that begin at the same moment all get the
// same key.
func LoadOrMake(path string) (Key, error) {
	if key, found, err := Load(path); found || err != nil {
		return key, err
	}
	if err := makeFile(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return Key{}, plainly(err)
	}
	key, found, err := Load(path)
	if err == nil && !found {
		err = fmt.Errorf("%s was made, and is gone", path)
	}
	return key, err
}

// makeFile writes a new key beside path and then gives it its name, which fails when somebody else was faster.
func makeFile(path string) (err error) {
	var random [KeySize]byte
	if _, err := rand.Read(random[:]); err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	draft, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	_, err = draft.WriteString(hex.EncodeToString(random[:]) + "\n")
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// plainly says what is wrong with a file without the name of the system call.
func plainly(err error) error {
	var link *os.LinkError
	if errors.As(err, &link) {
		return fmt.Errorf("%s: %w", link.New, link.Err)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%s: %w", path.Path, path.Err)
	}
	return err
}
