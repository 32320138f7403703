package main

import "slices"

// Rule is one named rule: what it says in one sentence, and through how many doors at least tests must prove it.
type Rule struct {
	Name  string // as comments, tests and docs spell it
	Says  string
	Doors int // 2 where people reach it through more than one door
}

// Chapter is a part of the catalogue.
type Chapter struct {
	Title string
	Rules []Rule
}

// Catalogue is every named rule of the domain. A rule is added here together with the first test that bears its name.
func Catalogue() []Chapter {
	return []Chapter{
		{"Adding people", []Rule{
			{"user.required", "Who is added by hand has a name, an unused e-mail, a role, and what else the organisation demands.", 2},
			{"email.unique", "An e-mail that another account has is refused by hand; of two people whom a directory gives one address, the first signs in by it.", 2},
			{"user.baseline", "Everybody active has what baseline profiles permit.", 2},
			{"user.starter", "A new organisation has the roles Administrator, Manager and Agent and a profile for each.", 2},
			{"user.copy-permissions", "Role, profile, own permissions, team and queues can be copied from another person.", 2},
			{"user.extension-auto", "Who has no telephone extension gets the lowest free one, and no two the same.", 2},
			{"user.email-immutable", "E-mail and user name stay as they were made, but for whom the policy allows to change them.", 2},
		}},
		{"Seats", []Rule{
			{"seat.required", "A person who is not inactive holds one seat of their licence, or waits for one.", 2},
			{"seat.wait", "Who waits gets the next freed seat, in order.", 2},
			{"seat.never-oversold", "Of N free seats exactly N are taken, whoever asks at the same time.", 2},
			{"seat.release", "Who is deactivated or deleted frees the seat in the same transaction.", 2},
			{"seat.reduce", "A plan is cut to the seats that are held, no lower.", 2},
			{"seat.unlimited", "A plan may have no limit.", 2},
			{"seat.type-change", "Another licence: the new seat is taken and the old one freed in one step.", 2},
			{"licence.modules", "A person reaches the modules of their licence only.", 2},
		}},
		{"Invitations and first access", []Rule{
			{"invite.mail", "Who is added by hand is sent an invitation, and is pending until it is accepted.", 2},
			{"invite.once", "A link works once, for a time, until there is a newer one.", 2},
			{"invite.sso", "Who is invited may answer by single sign-on.", 2},
			{"invite.resend", "At most five invitations an hour for one person.", 2},
			{"invite.accept", "A password that meets the policy, and the person is active.", 2},
			{"invite.confirm", "An administrator makes a pending person active without a letter.", 2},
			{"invite.temporary-password", "A password that somebody else chose is changed at the first sign-in.", 2},
			{"provision.activation", "When a pushed person becomes active is the connection's policy.", 2},
			{"provision.defaults", "Who is pushed has the licence full and the organisation's default role and profile.", 2},
			{"provision.limits", "A directory grants what its connection's policy lists, and never ownership.", 2},
			{"provision.password", "A pushed password is dropped, unless the connection's policy keeps it.", 2},
		}},
		{"Deactivating, activating, deleting", []Rule{
			{"deactivate.doors", "Sessions, devices, invitations and reset links end in the same transaction.", 2},
			{"deactivate.queues", "Who is deactivated is in no queue; those from mappings come back.", 2},
			{"deactivate.keeps", "Nothing else is deleted.", 2},
			{"deactivate.records", "Records of who is deactivated are given to somebody, or left on purpose.", 2},
			{"activate.seat", "Activating needs a free seat.", 2},
			{"activate.block-kept", "Activating lifts no block by an administrator.", 2},
			{"delete.records", "Records of who is deleted are given to somebody, or left on purpose.", 2},
			{"suspend.sticks", "A directory does not bring back whom an administrator deactivated, unless the policy lets it.", 2},
			{"suspend.organisation", "Nobody gets into an organisation that is suspended, and nothing of it is lost.", 2},
			{"scim.active", "A directory sees active false exactly for people who are inactive.", 2},
		}},
		{"Owners", []Rule{
			{"owner.last", "One owner who can sign in remains.", 2},
			{"owner.escalation", "Nobody grants what they do not hold.", 2},
		}},
		{"Blocks and passwords", []Rule{
			{"block.failed", "The sixth wrong password in a row blocks the account.", 2},
			{"block.inactivity", "Who has not been here for the policy's time is blocked, after a warning.", 2},
			{"block.unblock", "Unblocking clears what was counted.", 2},
			{"block.no-lockout-dos", "Wrong passwords do not keep out who signs in by single sign-on.", 2},
			{"password.expiry", "A password must be changed after the policy's time, to none of the last five.", 2},
			{"password.policy", "12 to 256 characters, not a common password, not the user name.", 2},
			{"password.reset", "A mailed link that works once for an hour, and the same answer for everybody.", 2},
			{"mfa.reset", "A lost second factor is removed by who may; the person enrols again.", 2},
		}},
		{"Access and permissions", []Rule{
			{"access.window", "Nobody gets in outside their dates and weekly schedule.", 2},
			{"access.mfa", "Where it is required, a password alone lets nobody in.", 2},
			{"access.decision", "One function decides whether somebody gets in.", 2},
			{"access.immediate", "A change takes effect with the next request.", 2},
			{"permission.effective", "Profile and own grants, without own revokes, within the licence's modules.", 2},
			{"role.sees", "The hierarchy of roles says whose data a person sees.", 2},
			{"records.shared", "Ownership, hierarchy and shares say who may work with a record.", 2},
			{"profile.delete", "What people hold is deleted only when a replacement is named.", 2},
			{"profile.summary", "For each module All, Not allowed, or a number of objects.", 2},
		}},
		{"From the directory", []Rule{
			{"mapping.apply", "A change of groups or mappings changes what people get, in the same transaction or in a job that shows how far it is.", 2},
			{"mapping.precedence", "Locked by an administrator, Usher's extension, roles, mappings by priority, default.", 2},
			{"mapping.rebind", "The mappings of a group that was deleted are offered for the one that came in its place.", 2},
			{"link.scope", "A directory sees what its connection owns, and nothing else.", 2},
			{"link.adopt", "An account that an administrator marked is linked by the directory's first write.", 2},
		}},
		{"Presence, statistics, reviews", []Rule{
			{"presence", "Online is who was seen in the last five minutes.", 2},
			{"stats.calls", "Handled calls are shown on plans that include them.", 2},
			{"review", "A dated review of who has access, signed off when everything is decided.", 2},
			{"onboarding", "A checklist for each person; what can be seen ticks itself.", 2},
		}},
	}
}

// names of all rules of the chapters.
func names(chapters []Chapter) []string {
	var all []string
	for _, c := range chapters {
		for _, r := range c.Rules {
			all = append(all, r.Name)
		}
	}
	slices.Sort(all)
	return all
}
