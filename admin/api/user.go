package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"usher/domain"
)

// User is a person.
type User struct {
	ID           string    `json:"id" format:"uuid"`
	UserName     string    `json:"user_name"`
	DisplayName  string    `json:"display_name" doc:"The display name, else the user name."`
	GivenName    *string   `json:"given_name"`
	FamilyName   *string   `json:"family_name"`
	Emails       []email   `json:"emails" nullable:"false"`
	Status       string    `json:"status" enum:"pending,active,inactive"`
	Owner        bool      `json:"owner" doc:"A system owner, who may do everything."`
	Ownership    *owned    `json:"ownership" doc:"Since when the person is an owner; null: they are none, or it was not noted."`
	Licence      string    `json:"licence" doc:"The licence type of the seat that the person holds or would hold."`
	RoleID       *string   `json:"role_id" format:"uuid" doc:"What the person is given, defaults included; /users/{id}/access has by whom. null: none."`
	ProfileID    *string   `json:"profile_id" format:"uuid" doc:"null: none."`
	TeamID       *string   `json:"team_id" format:"uuid" doc:"null: none."`
	QueueIDs     []string  `json:"queue_ids" nullable:"false"`
	ConnectionID *string   `json:"connection_id" format:"uuid" doc:"The connection that owns the person; null: none."`
	ExternalID   *string   `json:"external_id" doc:"As the directory sent it."`
	Manager      *relative `json:"manager" doc:"Whoever has them, a directory or none. null also where the directory named somebody whom it does not see, or who is not here."`
	Groups       []named   `json:"groups" nullable:"false" doc:"Direct memberships."`
	CreatedAt    time.Time `json:"created_at"`
	ModifiedAt   time.Time `json:"modified_at"`

	UserFields

	AcceptedAt *time.Time `json:"accepted_at" doc:"When the person first became active; null: never."`
	Block      *block     `json:"block" doc:"null: the person is not blocked."`
	Waiting    *waiting   `json:"waiting" doc:"null: the person is not in line for a seat."`
	LastSeenAt *time.Time `json:"last_seen_at" doc:"null: the person was never here."`
	Online     bool       `json:"online" doc:"Seen in the last 5 minutes."`
}

// fullUser is a person with everything the directory sent.
type fullUser struct {
	User

	Communication *communication `json:"communication" doc:"How the person's telephone is set; null: everything is left to the application."`

	Attributes json.RawMessage `json:"attributes" doc:"The resource of SCIM (RFC 7643) without groups and meta: every attribute, those of custom schemas included."`
}

type email struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary"`
}

// owned is since when somebody is a system owner, and who made them one.
type owned struct {
	Since time.Time   `json:"since"`
	By    participant `json:"by" doc:"A null id: the operator of the service."`
}

// named is a group as a person shows it.
type named struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"display_name"`
}

// relative is a person as another shows them.
type relative struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"display_name"`
}

type usersInput struct {
	Paged

	Search     string `query:"q" doc:"Part of the user name, the display name or an e-mail, without case." maxLength:"800"`
	Status     string `query:"status" enum:"pending,active,inactive"`
	Licence    string `query:"licence" doc:"A licence type, such as full." maxLength:"63"`
	Connection string `query:"connection" doc:"Only people whom this connection owns; none: whom none does." maxLength:"36"`
	Group      string `query:"group" doc:"Only direct members of this group." maxLength:"36"`
	Role       string `query:"role" doc:"Only people with this role, by default too; none: those without." maxLength:"36"`
	Profile    string `query:"profile" doc:"Only people with this profile, by default too; none: those without." maxLength:"36"`
	Team       string `query:"team" doc:"Only people of this team; none: those without." maxLength:"36"`
	Queue      string `query:"queue" doc:"Only people of this queue; none: those without any." maxLength:"36"`
	Manager    string `query:"manager" doc:"Only people whose manager this is; none: those without." maxLength:"36"`
	Owner      string `query:"owner" doc:"System owners, or everybody else." enum:"true,false"`
	Blocked    string `query:"blocked" enum:"true,false"`
	Waiting    string `query:"waiting" doc:"In line for a seat, or not." enum:"true,false"`
	Online     string `query:"online" doc:"Seen in the last 5 minutes, or not." enum:"true,false"`
	Sort       string `query:"sort" enum:"created,-created,user_name,-user_name,display_name,-display_name" default:"created" doc:"With - before it the reverse."`
}

func (s *service) addUsers() {
	add(s, operation{
		method: http.MethodGet, path: "/users", id: "list-users", tag: "Users", summary: "Search people of the whole organisation",
		description: "A page may hold fewer than were asked for and yet not be the last: next_cursor says so.", needs: "users:view",
	}, s.listUsers)
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}", id: "get-user", tag: "Users", summary: "Read one person", needs: "users:view",
	}, s.getUser)
}

func (s *service) listUsers(ctx context.Context, who domain.Administrator, in *usersInput) (*page[User], error) {
	x := exchangeOf(ctx)
	q := domain.PeopleQuery{Search: in.Search, Status: domain.Status(in.Status), Licence: in.Licence, Limit: in.Limit}
	q.Sort, q.Descending = strings.CutPrefix(in.Sort, "-")
	owner, err := heldBy[domain.Connection]("connection", in.Connection)
	if err != nil {
		return nil, err
	}
	q.Connection = owner.ID
	if q.Group, err = filtered[domain.Group]("group", in.Group); err != nil {
		return nil, err
	}
	if q.Filter, err = in.filter(); err != nil {
		return nil, err
	}
	q.Filter.Unowned = owner.None
	query := []string{
		"users", who.Organisation.String(), in.Search, in.Status, in.Licence, in.Connection, in.Group, in.Sort,
		in.Role, in.Profile, in.Team, in.Queue, in.Manager, in.Owner, in.Blocked, in.Waiting, in.Online,
	}
	if q.After, err = x.openPosition(in.Cursor, query...); err != nil {
		return nil, err
	}
	found, err := s.Administration.People(ctx, who, q)
	if err != nil {
		return nil, err
	}
	return newPage(x, found.Items, showUser, x.sealPosition(found.Next, query...)), nil
}

func (in *usersInput) filter() (domain.PeopleFilter, error) {
	f := domain.PeopleFilter{Owner: flag(in.Owner), Blocked: flag(in.Blocked), Waiting: flag(in.Waiting), Online: flag(in.Online)}
	var err error
	if f.Role, err = heldBy[domain.Role]("role", in.Role); err != nil {
		return f, err
	}
	if f.Profile, err = heldBy[domain.Profile]("profile", in.Profile); err != nil {
		return f, err
	}
	if f.Team, err = heldBy[domain.Team]("team", in.Team); err != nil {
		return f, err
	}
	if f.Queue, err = heldBy[domain.Queue]("queue", in.Queue); err != nil {
		return f, err
	}
	f.Manager, err = heldBy[domain.User]("manager", in.Manager)
	return f, err
}

// heldBy reads a filter by what people are given: an id, or none for those who have none.
func heldBy[Noun any](field, text string) (domain.HeldFilter[Noun], error) {
	if text == "none" {
		return domain.HeldFilter[Noun]{None: true}, nil
	}
	id, err := filtered[Noun](field, text)
	return domain.HeldFilter[Noun]{ID: id}, err
}

// flag reads true or false; nil for neither.
func flag(text string) *bool {
	if text == "" {
		return nil
	}
	truth := text == "true"
	return &truth
}

func (s *service) getUser(ctx context.Context, who domain.Administrator, in *ByID) (*one[fullUser], error) {
	id, err := identified[domain.User](in.ID, "user")
	if err != nil {
		return nil, err
	}
	u, err := s.Administration.Person(ctx, who, id)
	if err != nil {
		return nil, err
	}
	return &one[fullUser]{ETag: tag(u.Version), Body: fullUser{User: showUser(u), Communication: showCommunication(u.Communication), Attributes: json.RawMessage(u.Document)}}, nil
}

// showOwnership shows what is noted of an owner; nil for nothing.
func showOwnership(o domain.Ownership) *owned {
	if o.Since.IsZero() {
		return nil
	}
	return &owned{Since: o.Since, By: participant{o.By.Kind, idOrNil(o.By.ID)}}
}

func showUser(u domain.Person) User {
	shown := User{
		ID: u.ID.String(), UserName: u.UserName.Text, DisplayName: u.Display(), Status: string(u.Status), Owner: u.Owner,
		Licence: u.Licence, ExternalID: orNil(u.ExternalID), CreatedAt: u.CreatedAt, ModifiedAt: u.ModifiedAt,
		AcceptedAt: moment(u.AcceptedAt), LastSeenAt: moment(u.LastSeenAt), Online: u.Online, Block: showBlock(u.Block), Ownership: showOwnership(u.Ownership), Emails: []email{}, Groups: []named{},
	}
	shown.RoleID, shown.ProfileID, shown.TeamID = idOrNil(u.Given.Role.ID.UUID), idOrNil(u.Given.Profile.ID.UUID), idOrNil(u.Given.Team.ID.UUID)
	shown.QueueIDs = []string{}
	for _, q := range u.Given.Queues {
		shown.QueueIDs = append(shown.QueueIDs, q.ID.String())
	}
	if !u.Waiting.Since.IsZero() {
		shown.Waiting = &waiting{Since: u.Waiting.Since}
	}
	if !u.Connection.IsZero() {
		id := u.Connection.String()
		shown.ConnectionID = &id
	}
	if u.ManagerRef != nil {
		shown.Manager = &relative{ID: u.ManagerRef.ID.String(), Name: u.ManagerRef.Display}
	}
	for _, g := range u.Groups {
		shown.Groups = append(shown.Groups, named{ID: g.ID.String(), Name: g.Display})
	}
	shown.PhoneNumbers = []phone{}
	tree, err := u.Attributes()
	if err != nil {
		return shown // a document that cannot be read is told where it is asked for
	}
	shown.UserFields = showFields(domain.FieldsOf(tree))
	shown.GivenName, shown.FamilyName = orNil(tree.Get("name").Get("givenName").Text()), orNil(tree.Get("name").Get("familyName").Text())
	for _, m := range tree.Get("emails").Members() {
		if address := m.Value.Get("value").Text(); address != "" {
			shown.Emails = append(shown.Emails, email{Value: address, Type: m.Value.Get("type").Text(), Primary: m.Value.Get("primary").Truth()})
		}
	}
	return shown
}
