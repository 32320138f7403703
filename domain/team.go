package domain

// Team is people who work together; a person is in one at most.
type Team struct{ Entry[Team] }

// TeamID identifies a team.
type TeamID = ID[Team]

// MaxTeams bounds the teams of one organisation.
const MaxTeams = 1000
