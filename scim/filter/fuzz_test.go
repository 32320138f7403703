package filter_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	oracle "github.com/scim2/filter-parser/v2"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
	"usher/scim/filter/filtertest"
)

// FuzzParse holds the parser against scim2/filter-parser: what that accepts is understood the same way, or refused
// because the schema refuses it. The texts on which they disagree are in TestKnownDisagreements.
func FuzzParse(f *testing.F) {
	for _, c := range accepted() {
		f.Add(c.text)
	}
	for _, c := range disagreements() {
		f.Add(c.text)
	}
	schema := filtertest.User()
	f.Fuzz(func(t *testing.T, text string) {
		asked := 0
		got, err := filter.Parse(text, counting{schema, &asked})
		require.LessOrEqual(t, asked, 3*filter.MaxTerms+2, "the work is bounded")
		if err != nil {
			require.Nil(t, got)
			requireRefusal(t, err, domain.CodeInvalidFilter)
		} else {
			again, err := filter.Parse(render(got), schema)
			require.NoError(t, err, render(got))
			require.Equal(t, meaning(flat(got)), meaning(flat(again)))
		}
		if len(text) > 256 || strings.Count(text, "(") > 8 { // the oracle is slow, and we have bounds
			return
		}
		theirs, oracleErr := oracle.ParseFilterNumber([]byte(text))
		if oracleErr != nil {
			return
		}
		translation := translator{schema: schema}
		want, refusal := translation.predicate(theirs)
		switch {
		case refusal != nil:
			require.Error(t, err, "the oracle's reading is refused: %v", refusal)
		case err != nil && isKnown(text):
		case translation.loose:
			require.NoError(t, err, text)
			require.True(t, strings.EqualFold(meaning(flat(want)), meaning(flat(got))), "%s, %s", meaning(want), meaning(got))
		default:
			require.NoError(t, err, text)
			require.Equal(t, meaning(flat(want)), meaning(flat(got)))
		}
	})
}

// FuzzParsePath does the same for paths.
func FuzzParsePath(f *testing.F) {
	for _, text := range []string{
		`emails`, `name.familyName`, `addresses[type eq "work"].streetAddress`, `roles[primary eq "True"].value`,
		enterprise + `:manager.displayName`, `emails[not (type eq "x")]`, `emails[type eq "work" or value sw "a"]`,
	} {
		f.Add(text)
	}
	schema := filtertest.User()
	f.Fuzz(func(t *testing.T, text string) {
		got, err := filter.ParsePath(text, schema)
		if err != nil {
			var refusal *domain.Error
			require.ErrorAs(t, err, &refusal)
			require.Contains(t, []string{domain.CodeInvalidPath, domain.CodeInvalidFilter}, refusal.Code)
		}
		if len(text) > 256 || strings.Count(text, "(") > 8 {
			return
		}
		theirs, oracleErr := oracle.ParsePath([]byte(text))
		if oracleErr != nil || theirs.ValueExpression != nil {
			return // value filters are compared by FuzzParse
		}
		at, _, ok := schema.Resolve(theirs.AttributePath.String())
		require.Equal(t, ok, err == nil, text)
		require.Equal(t, at, got.Attribute)
	})
}

func disagreements() []struct{ text, reason string } {
	return []struct{ text, reason string }{
		{`title eq "a\u0041"`, "the oracle leaves escapes as they are written"},
		{`title eq "\uD800"`, "the oracle takes half surrogates"},
		{`title eq "\u0000"`, "the oracle takes NUL"},
		{`title eq "` + "\xff" + `"`, "the oracle takes what is not UTF-8"},
		{`not pr`, "the oracle reads not as the name of an attribute"},
		{`title eq 1E5`, "the oracle spells exponents in lower case; text without quotes is as it is written here"},
		{`title eq TRUE`, "the oracle makes a boolean of text without quotes"},
		{strings.Repeat("(", 51) + `title pr` + strings.Repeat(")", 51), "the oracle has no bound on depth"},
		{`shoeSize eq 42`, "the oracle knows no schema"},
		{`active gt true`, "the oracle knows no types"},
		{`emails[emails.type eq "work"]`, "the oracle takes whole paths inside a value path"},
		{`emails[type eq "work"].value eq "x"`, "the oracle refuses what Entra sends"},
		{`userName eq bob`, "the oracle refuses values without quotes"},
		{` title pr`, "the oracle refuses white space round a filter"},
		{`not title pr`, "the oracle wants parentheses after not"},
		{`emails[type eq "a"andvalue pr]`, "the oracle wants no space round and and or in a value path"},
		{`emails[type eq "a" and value eq "b" and primary eq true]`, "the oracle takes two terms in a value path"},
	}
}

// Each known disagreement is still one; when the oracle learns, the line goes.
func TestKnownDisagreements(t *testing.T) {
	t.Parallel()
	for _, c := range disagreements() {
		got, err := filter.Parse(c.text, filtertest.User())
		theirs, oracleErr := oracle.ParseFilterNumber([]byte(c.text))
		if (err == nil) != (oracleErr == nil) {
			continue
		}
		require.NoError(t, err, c.reason)
		compare := theirs.(*oracle.AttributeExpression).CompareValue
		require.NotEqual(t, compare, any(got.(domain.Compare).Operand.Value.Text()), c.reason)
	}
}

// isKnown says which texts the oracle understands and we refuse, whatever the schema says: where not is the name of an
// attribute, and where and or or sticks to its neighbours in a value path.
func isKnown(text string) bool {
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimLeft(text, "( ")), " ")
	return word == "not" || strings.Contains(text, "[") && stuck.MatchString(text)
}

var stuck = regexp.MustCompile(`(?i)(["\s]|pr|true|false|null|[0-9])(and|or)[a-z$]|(pr|true|false|null|[0-9])(and|or)\b`)

var errRefused = errors.New("the schema refuses it")

// translator says independently what the oracle's tree means in the domain's terms.
type translator struct {
	schema filtertest.Schema
	within string // the attribute whose value path is being read
	loose  bool   // a spelling was lost in the oracle
}

func (tr *translator) predicate(e oracle.Expression) (domain.Predicate, error) {
	switch e := e.(type) {
	case *oracle.LogicalExpression:
		left, err := tr.predicate(e.Left)
		if err != nil {
			return nil, err
		}
		right, err := tr.predicate(e.Right)
		terms := []domain.Predicate{left, right}
		if e.Operator == oracle.AND {
			return domain.And{Terms: terms}, err
		}
		return domain.Or{Terms: terms}, err
	case *oracle.NotExpression:
		term, err := tr.predicate(e.Expression)
		return domain.Not{Term: term}, err
	case *oracle.ValuePath:
		return tr.element(e)
	case *oracle.AttributeExpression:
		at, complex, err := tr.attribute(e)
		if err != nil {
			return nil, err
		}
		return tr.compare(at, complex, e)
	}
	return nil, errRefused
}

func (tr *translator) attribute(e *oracle.AttributeExpression) (domain.Attribute, bool, error) {
	path := e.AttributePath.String()
	if tr.within != "" {
		whole, facts, _ := tr.schema.Resolve(tr.within)
		switch {
		case strings.ContainsAny(path, ".:"):
			return whole, false, errRefused
		case !facts.Complex && strings.EqualFold(path, "value"):
			return whole, false, nil
		}
		at, _, ok := tr.schema.Resolve(tr.within + "." + path)
		if !ok {
			return whole, false, errRefused
		}
		if facts.Multi {
			at.Path, at.Many = domain.Path{Sub: at.Sub}, false
		}
		return at, false, nil
	}
	at, facts, ok := tr.schema.Resolve(path)
	if !ok || facts.Secret || at.Name == "" {
		return at, false, errRefused
	}
	if facts.Complex && e.Operator != oracle.PR && e.CompareValue != nil {
		if at, facts, ok = tr.schema.Resolve(path + ".value"); !ok {
			return at, false, errRefused
		}
	}
	return at, facts.Complex, nil
}

func (tr *translator) element(e *oracle.ValuePath) (domain.Predicate, error) {
	path := e.AttributePath.String()
	whole, facts, ok := tr.schema.Resolve(path)
	if !ok || facts.Secret || whole.Sub != "" || whole.Name == "" || !facts.Complex && !facts.Multi {
		return nil, errRefused
	}
	tr.within = path
	where, err := tr.predicate(e.ValueFilter)
	tr.within = ""
	switch {
	case err != nil:
		return nil, err
	case facts.Complex && facts.Multi:
		return domain.Element{Attribute: whole, Where: where}, nil
	case facts.Complex:
		return domain.And{Terms: []domain.Predicate{domain.Present{Attribute: whole}, where}}, nil
	}
	switch where.(type) {
	case domain.And, domain.Not: // different values could satisfy the parts
		return nil, errRefused
	}
	return where, nil
}

func (tr *translator) compare(at domain.Attribute, complex bool, e *oracle.AttributeExpression) (domain.Predicate, error) {
	if e.Operator == oracle.PR {
		return domain.Present{Attribute: at}, nil
	}
	operator, _ := operatorCalled(string(e.Operator))
	equality := operator == domain.Equal || operator == domain.NotEqual
	textual := operator == domain.Contains || operator == domain.StartsWith || operator == domain.EndsWith
	isText := at.Type == domain.TypeString || at.Type == domain.TypeReference
	var text string
	switch v := e.CompareValue.(type) {
	case nil:
		switch {
		case !equality:
			return nil, errRefused
		case complex && operator == domain.Equal:
			return domain.Not{Term: domain.Present{Attribute: at}}, nil
		case complex:
			return domain.Present{Attribute: at}, nil
		}
		return domain.Compare{Attribute: at, Operator: operator}, nil
	case string:
		decoded, err := attribute.Read([]byte(`"`+v+`"`), attribute.Bounds{})
		if err != nil {
			return nil, errRefused
		}
		text = decoded.Text()
	case bool:
		text, tr.loose = map[bool]string{true: "true", false: "false"}[v], true
	case json.Number:
		text, tr.loose = v.String(), true
	}
	if textual && !isText || !equality && (at.Type == domain.TypeBoolean || at.Type == domain.TypeBinary) {
		return nil, errRefused
	}
	compare := domain.Compare{Attribute: at, Operator: operator, Operand: domain.Operand{Value: attribute.NewString(text)}}
	var number any
	switch at.Type {
	case domain.TypeBoolean:
		if !strings.EqualFold(text, "true") && !strings.EqualFold(text, "false") {
			return nil, errRefused
		}
		compare.Operand.Value = attribute.NewBool(strings.EqualFold(text, "true"))
	case domain.TypeInteger:
		whole := int64(0)
		if number = &whole; json.Unmarshal([]byte(text), number) != nil || text != strings.TrimSpace(text) {
			return nil, errRefused
		}
		compare.Operand.Value = attribute.NewNumber(text)
	case domain.TypeDecimal:
		decimal := float64(0)
		if number = &decimal; json.Unmarshal([]byte(text), number) != nil || text != strings.TrimSpace(text) || text == "null" {
			return nil, errRefused
		}
		compare.Operand.Value = attribute.NewNumber(text)
	case domain.TypeDateTime:
		at, ok := filter.ParseTime(text)
		if !ok {
			return nil, errRefused
		}
		compare.Operand.Time = at
	default:
	}
	return compare, nil
}

func operatorCalled(name string) (domain.Operator, bool) {
	for operator, known := range operatorNames() {
		if strings.EqualFold(known, name) {
			return operator, true
		}
	}
	return 0, false
}

// flat joins conjunctions inside conjunctions, and disjunctions inside disjunctions.
func flat(p domain.Predicate) domain.Predicate {
	switch p := p.(type) {
	case domain.And:
		var terms []domain.Predicate
		for _, term := range p.Terms {
			term = flat(term)
			if inner, ok := term.(domain.And); ok {
				terms = append(terms, inner.Terms...)
				continue
			}
			terms = append(terms, term)
		}
		return domain.And{Terms: terms}
	case domain.Or:
		var terms []domain.Predicate
		for _, term := range p.Terms {
			term = flat(term)
			if inner, ok := term.(domain.Or); ok {
				terms = append(terms, inner.Terms...)
				continue
			}
			terms = append(terms, term)
		}
		return domain.Or{Terms: terms}
	case domain.Not:
		return domain.Not{Term: flat(p.Term)}
	case domain.Element:
		return domain.Element{Attribute: p.Attribute, Where: flat(p.Where)}
	}
	return p
}
