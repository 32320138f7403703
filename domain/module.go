package domain

// The modules that Usher itself has and whose permissions its use cases need.
const (
	ModuleUsers     = "users"
	ModuleDirectory = "directory" // groups, connections and what authenticates by them
	ModuleLicences  = "licences"
	ModuleAudit     = "audit"
)
