package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// Module is a part of Usher, or of the application that uses it, in which people may do things or not. Every module has
// the actions view, create, edit and delete, and may have its own.
type Module struct {
	Organisation OrganisationID
	ID           string // as permissions spell it
	Name         string // as people read it
	Actions      []string
	HasObjects   bool // permissions may be given on single objects, named by their ids
	BuiltIn      bool // one of Usher's own, which is not kept in the store

	Version    int64
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// The modules of Usher itself.
const (
	ModuleUsers     = "users"
	ModuleProfiles  = "profiles"
	ModuleRoles     = "roles"
	ModuleTeams     = "teams"
	ModuleQueues    = "queues"
	ModuleLicences  = "licences"
	ModuleDirectory = "directory"
	ModuleAudit     = "audit"
	ModulePolicy    = "policy"

	ModuleRecords    = "records" // which an application may register itself, with more actions
	ModuleStatistics = "statistics"
	ModuleOnboarding = "onboarding"
	ModuleReviews    = "reviews"

	ModuleApplications = "applications"
	ModuleAppearance   = "appearance"
)

// The actions that not every module has.
const (
	ActionInvite     = "invite"
	ActionActivate   = "activate"   // also confirms
	ActionDeactivate = "deactivate" // also blocks
	ActionUnblock    = "unblock"
	ActionImport     = "import"
	ActionExport     = "export"

	ActionSign = "sign" // of the module reviews
)

const (
	maxModules       = 200 // that an application registers
	maxModuleActions = 50  // of one module, those that every module has left out
)

// BuiltInModules are the modules of Usher itself, in the order in which they are shown.
func BuiltInModules() []Module {
	module := func(id, name string, hasObjects bool, own ...string) Module {
		return Module{ID: id, Name: name, Actions: actionsWith(own), HasObjects: hasObjects, BuiltIn: true}
	}
	return []Module{
		module(ModuleUsers, "Users", true, ActionInvite, ActionActivate, ActionDeactivate, ActionUnblock, ActionImport, ActionExport),
		module(ModuleProfiles, "Profiles", true), module(ModuleRoles, "Roles", true),
		module(ModuleTeams, "Teams", true), module(ModuleQueues, "Queues", true), module(ModuleLicences, "Licences", true),
		module(ModuleDirectory, "Directory", false), module(ModuleAudit, "Audit log", false), module(ModulePolicy, "Policy", false),
		module(ModuleRecords, "Records", false), module(ModuleStatistics, "Call statistics", false),
		module(ModuleOnboarding, "Onboarding", false), module(ModuleReviews, "Access reviews", false, ActionSign),
		module(ModuleApplications, "Applications", false), module(ModuleAppearance, "Appearance", false),
	}
}

// actionsWith is the actions that every module has, and then its own.
func actionsWith(own []string) []string {
	return append([]string{ActionView, ActionCreate, ActionEdit, ActionDelete}, own...)
}

// OwnActions are those of its actions that not every module has, in the order in which they were registered.
func (m Module) OwnActions() []string {
	return slices.DeleteFunc(slices.Clone(m.Actions), func(a string) bool { return slices.Contains(actionsWith(nil), a) })
}

// subject is what the event log calls a module: it has no id of its own but its name.
func (m Module) subject() uuid.UUID { return uuid.NewSHA1(m.Organisation.UUID, []byte("module:"+m.ID)) }

func (m Module) tree() attribute.Value {
	tree := texts("id", m.ID, "name", m.Name)
	tree.Set("actions", textList(m.OwnActions()))
	tree.Set("hasObjects", attribute.NewBool(m.HasObjects))
	return tree
}

// Modules is the store of the modules that an application registered.
type Modules interface {
	// List gives all of an organisation, by id.
	List(org OrganisationID) ([]Module, error)
	// Insert adds one. NameTaken.
	Insert(m Module) error
	// Save writes a changed one over the version that was read; the unit of work runs again when that is no longer the current one.
	Save(was, is Module) error
	// Delete removes the version that was read, as Save.
	Delete(m Module) error
}

// Catalogue is every module there is in an organisation, by id.
type Catalogue map[string]Module

// loadCatalogue reads the catalogue of an organisation.
func loadCatalogue(tx Tx, org OrganisationID) (Catalogue, error) {
	registered, err := tx.Modules().List(org)
	return newCatalogue(registered), err
}

func newCatalogue(registered []Module) Catalogue {
	known := Catalogue{}
	for _, m := range append(BuiltInModules(), registered...) {
		known[m.ID] = m
	}
	return known
}

// check refuses a permission on what does not exist. Invalid, TooMany.
func (c Catalogue) check(field string, of Permission, objects Objects) error {
	module, known := c[of.Module]
	switch {
	case !known:
		return InvalidField(field, "there is no module "+clipped(of.Module)+"; choose one from the module catalogue, or register it first")
	case !slices.Contains(module.Actions, of.Action):
		return InvalidField(field, "the module "+of.Module+" has no action "+clipped(of.Action)+"; it has "+strings.Join(module.Actions, ", "))
	case !module.HasObjects && len(objects.IDs) > 0:
		return InvalidField(field, "the module "+of.Module+" has no objects to choose from; give "+of.String()+" on all or not at all")
	}
	return objects.checkObjects(field, of)
}

// has reports whether the catalogue has a permission.
func (c Catalogue) has(of Permission) bool { return slices.Contains(c[of.Module].Actions, of.Action) }

// Everything is each permission of the catalogue on every object: what an owner has.
func (c Catalogue) Everything() Permissions {
	all := Permissions{}
	for _, m := range c {
		for _, action := range m.Actions {
			all[Permission{Module: m.ID, Action: action}] = AllObjects()
		}
	}
	return all
}

// clipped repeats what was sent, in quotes, as far as it fits in a message.
func clipped(s string) string {
	const most = 40
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return `"` + s + `"`
}
