package domain_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

func TestParseUserName(t *testing.T) {
	t.Parallel()
	for text, key := range map[string]string{
		"ana@acme.test": "ana@acme.test", "ANA@Acme.Test": "ana@acme.test", "Straße": "strasse", "ſ": "s", "ÄNA": "äna",
		"A\u0308NA": "äna", "ﬁ": "fi", "Ⅷ": "viii", "İ": "i̇", "\x20inner  blank\x20": " inner  blank ", "ΣΊΣΥΦΟΣ": "σίσυφοσ", "σίσυφος": "σίσυφοσ",
		"1": "1", "😀": "😀", strings.Repeat("a", 1024): strings.Repeat("a", 1024),
	} {
		name, err := domain.ParseUserName(text)
		require.NoError(t, err, text)
		require.Equal(t, domain.Name{Text: text, Key: key}, name)
	}
	for text, code := range map[string]string{
		"": domain.CodeRequired, "   ": domain.CodeRequired, "\t\u00a0\u2003": domain.CodeRequired, "a\x00b": domain.CodeInvalidValue,
		"a\nb": domain.CodeInvalidValue, "a\u0085": domain.CodeInvalidValue, strings.Repeat("a", 1025): domain.CodeInvalidValue,
		storetest.Incompressible(700): domain.CodeInvalidValue, strings.Repeat("\ufdfa", 300): domain.CodeInvalidValue,
	} {
		_, err := domain.ParseUserName(text)
		storetest.Refused(t, err, domain.Invalid, code)
	}
}

// A key is its own key, and is the same for every spelling that differs by case only.
func TestFoldIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		key := attribute.Fold(text)
		require.True(t, utf8.ValidString(key))
		require.Equal(t, key, attribute.Fold(key), "%q", text)
	})
	for r := rune(0); r <= unicode.MaxRune; r++ {
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			require.Equal(t, attribute.Fold(string(r)), attribute.Fold(string(other)), "%U and %U", r, other)
		}
	}
}

func TestParseEmail(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"ana@acme.test", "a.b+c@sub.acme.test", "ÄNA@äcme.test", "o'neil@acme.test", "x@[192.0.2.1]"} {
		name, ok := domain.ParseEmail(text)
		require.True(t, ok, text)
		require.Equal(t, domain.NewName(text), name)
	}
	for _, text := range []string{
		"", "ana", "@acme.test", "ana@", "Ana <ana@acme.test>", "<ana@acme.test>", "ana@acme.test, b@acme.test", " ana@acme.test", "ana@acme.test ",
		"ana@acme.test\n", "a b@acme.test", "ana@acme.test\r\nBcc: b@acme.test", strings.Repeat("a", 311) + "@acme.test",
	} {
		_, ok := domain.ParseEmail(text)
		require.False(t, ok, text)
	}
}

// An identifier has one spelling: whatever else looks like one names nothing.
func TestParseID(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("01900000-0000-7abc-8000-00000000000a")
	got, ok := domain.ParseID[domain.User](id.String())
	require.True(t, ok)
	require.Equal(t, domain.UserID{UUID: id}, got)
	for _, text := range []string{
		"", "1", strings.ToUpper(id.String()), "{" + id.String() + "}", "urn:uuid:" + id.String(), strings.ReplaceAll(id.String(), "-", ""),
		id.String() + " ", "01900000-0000-7abc-8000-00000000000g", "01900000_0000_7abc_8000_00000000000a", id.String()[:35],
	} {
		got, ok := domain.ParseID[domain.User](text)
		require.False(t, ok, text)
		require.True(t, got.IsZero(), text)
	}
}

// A token carries its organisation, and nothing that does not have its exact form is looked up at all.
func TestParseBearer(t *testing.T) {
	t.Parallel()
	org := domain.OrganisationID{UUID: uuid.New()}
	text, hash := domain.NewDirectoryToken(org, [32]byte{1})
	other, otherHash := domain.NewDirectoryToken(org, [32]byte{2})
	require.True(t, strings.HasPrefix(text, "usher_scim_"))
	require.NotEqual(t, text, other)
	require.NotEqual(t, hash, otherHash)
	bearer, err := domain.ParseBearer(text)
	require.NoError(t, err)
	require.Equal(t, domain.Bearer{Organisation: org, Hash: hash}, bearer)
	body := strings.TrimPrefix(text, domain.DirectoryTokenPrefix)
	for _, wrong := range []string{
		"", "usher_scim_", body, "usher_api_" + body, "USHER_SCIM_" + body, text + "A", text[:len(text)-1], text + "=", " " + text, text + " ",
		text + "\n", strings.Replace(text, body[:1], "!", 1), "usher_scim_" + strings.Repeat("A", 10_000),
	} {
		_, err := domain.ParseBearer(wrong)
		require.Equal(t, domain.UnknownToken(), err, wrong)
	}
}

func TestParseConnectionKind(t *testing.T) {
	t.Parallel()
	for _, kind := range domain.ConnectionKinds() {
		got, err := domain.ParseConnectionKind(strings.ToUpper(string(kind)))
		require.NoError(t, err)
		require.Equal(t, kind, got)
	}
	_, err := domain.ParseConnectionKind("sun")
	storetest.Refused(t, err, domain.Invalid, domain.CodeInvalidValue)
	require.Contains(t, err.Error(), "okta, entra")
}

// Every code has a place in the list that adapters' tests walk, once.
func TestCodes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, code := range domain.Codes() {
		require.False(t, seen[code], code)
		seen[code] = true
	}
	source := constants(t, "error.go", "Code")
	require.Len(t, seen, len(source))
	for name, code := range source {
		require.True(t, seen[code], name)
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	cause := domain.InvalidField("userName", "use fewer")
	err := &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal, Message: "it broke", Err: cause}
	require.Equal(t, "internal: it broke: invalid_value (userName): use fewer", err.Error())
	require.ErrorIs(t, err, cause)
	require.True(t, domain.IsKind(err, domain.Internal), "the outer one counts")
	require.True(t, domain.IsCode(err, domain.CodeInternal))
	require.False(t, domain.IsCode(nil, ""))
}
