package domain

// PasswordHasher turns passwords into what is kept of them, and compares. It is slow on purpose, and is never called
// inside a unit of work.
type PasswordHasher interface {
	// Hash spells what is kept of a password, with its method, costs and salt (PHC string format).
	Hash(password string) (string, error)
	// Matches reports whether a password is the one that was hashed. The empty hash matches nothing and takes as long.
	Matches(hash, password string) (bool, error)
}
