package main

import (
	"usher/domain"
	"usher/internal/secret"
	"usher/persistence"
)

// keyFlags say what the secret key of the installation is.
type keyFlags struct {
	SecretKey     string `group:"Secret key" placeholder:"TEXT" help:"At least 32 characters, the same on all replicas. It protects cursors and the client secrets of identity providers. On SQLite it is made when it is missing, in a file beside the database; on PostgreSQL it has to be given."`
	SecretKeyFile string `group:"Secret key" placeholder:"FILE" help:"Read the secret key from this file instead."`
}

// given is the key that was set, if one was.
func (f keyFlags) given() (key secret.Key, found bool, err error) {
	text, flag := f.SecretKey, "secret-key"
	if f.SecretKeyFile != "" {
		flag = "secret-key-file"
		if text, err = secret.Read(f.SecretKeyFile); err != nil {
			return key, false, wrong(flag, "%v; name a file that holds the secret key", err)
		}
	} else if text == "" {
		return key, false, nil
	}
	if key, err = secret.Parse(text); err != nil {
		return key, false, wrong(flag, "%v", err)
	}
	return key, true, nil
}

// linking is an environment with the key of links, where that is at hand: given, or of the installation's own making.
func (f keyFlags) linking(env domain.Environment, database databaseFlags) (domain.Environment, error) {
	url, err := database.url()
	if err != nil {
		return env, err
	}
	if kind, _ := persistence.Kind(url); kind != "sqlite" {
		if _, given, err := f.given(); !given || err != nil {
			return env, err
		}
	}
	key, err := keyring{f, url}.key()
	if err != nil {
		return env, err
	}
	env.Links, err = linkKey(key)
	return env, err
}

// linkKey is what the links in letters are made with and known by.
func linkKey(key secret.Key) (domain.LinkKey, error) {
	links, err := key.Derive("link")
	if err != nil {
		return domain.LinkKey{}, err
	}
	return domain.NewLinkKey(links)
}

// keyring finds the secret key of an installation on a database.
type keyring struct {
	flags    keyFlags
	database string // URL
}

// check says whether a key is there or can be made, and makes none.
func (k keyring) check() error {
	_, found, err := k.flags.given()
	if found || err != nil {
		return err
	}
	if kind, _ := persistence.Kind(k.database); kind == "" {
		return nil // opening it will say what is wrong
	}
	file, err := k.file()
	if err != nil {
		return err
	}
	if _, _, err := secret.Load(file); err != nil {
		return wrong("secret-key", "%v", err)
	}
	return nil
}

// key finds the key, or makes it where the installation may make its own.
func (k keyring) key() (secret.Key, error) {
	key, found, err := k.flags.given()
	if found || err != nil {
		return key, err
	}
	file, err := k.file()
	if err != nil {
		return key, err
	}
	if key, err = secret.LoadOrMake(file); err != nil {
		return key, wrong("secret-key", "none was given, and none can be made beside the database: %v", err)
	}
	return key, nil
}

// existing finds the key, and makes none.
func (k keyring) existing() (secret.Key, error) {
	key, found, err := k.flags.given()
	if found || err != nil {
		return key, err
	}
	file, err := k.file()
	if err != nil {
		return key, err
	}
	key, found, err = secret.Load(file)
	if err == nil && !found {
		err = wrong("secret-key", "there is none, not in %s either; give the one of this installation", file)
	}
	return key, err
}

// file is where the installation keeps a key of its own making.
func (k keyring) file() (string, error) {
	kind, file := persistence.Kind(k.database)
	if kind != "sqlite" {
		return "", wrong("secret-key", "PostgreSQL needs it given, the same on all replicas; make one with: openssl rand -hex 32")
	}
	return file + ".key", nil
}
