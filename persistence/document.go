package persistence

import (
	"strings"
	"unicode/utf8"

	"usher/domain"
	"usher/domain/attribute"
)

// What no column answers is looked for in the documents. Most need not be decoded for that: a text that an attribute
// has, or has a part of, stands in the document as it is, but for what JSON escapes.

// isDocumentOnly reports that the values of an attribute are in the document and nowhere else.
func (t *translator) isDocumentOnly(p domain.Path) bool {
	switch p.URN {
	case "":
		return p.Name != "meta" && p.Name != "groups" && p.Name != "members"
	case domain.URNEnterprise:
		return p.Name != "manager"
	case domain.URNUsher: // the rest is answered by rows
		return p.Name == "extension" || p.Name == "mfaRequired"
	}
	return true
}

// nowhere finds no column: inside the elements of an attribute that has no rows.
func nowhere(domain.Path) column { return nil }

// inDocument holds for every resource for which the leaf does: its document contains the operand. Nothing is known of
// other operators.
func (t *translator) inDocument(l leaf) condition {
	if l.compare == nil || l.compare.Operand.Value.Kind() != attribute.String || l.compare.Attribute.Type == domain.TypeDateTime ||
		l.compare.Operator != domain.Equal && !isPart(l.compare.Operator) {
		return unknown()
	}
	part := l.compare.Operand.Value.Text()
	if !l.compare.Attribute.CaseExact {
		part = attribute.Fold(part)
	}
	if !utf8.ValidString(part) || part == "" || strings.ContainsFunc(part, isEscaped) {
		return unknown()
	}
	if l.compare.Attribute.CaseExact {
		return condition{sql: t.contains(t.table.document), args: []any{part}}
	}
	// The databases fold ASCII alone. A document with anything else may contain what folds to the operand.
	if !isASCII(part) {
		return condition{sql: t.isForeign()}
	}
	folded := "lower(" + t.table.document + ")"
	if t.dialect == postgres {
		folded = "lower(" + t.table.document + ` COLLATE "C")`
	}
	return condition{sql: "(" + t.contains(folded) + " OR " + t.isForeign() + ")", args: []any{part}}
}

func (t *translator) contains(text string) string {
	if t.dialect == postgres {
		return "strpos(" + text + ", ?) > 0"
	}
	return "instr(" + text + ", ?) > 0"
}

// isForeign holds for a document that is not ASCII.
func (t *translator) isForeign() string {
	return "octet_length(" + t.table.document + ") <> length(" + t.table.document + ")"
}

// isEscaped reports the characters that JSON text spells in another way.
func isEscaped(c rune) bool { return c < 0x20 || c == '"' || c == '\\' }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
