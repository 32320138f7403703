-- +goose Up

-- What connections may do, and whose people are whose.

-- A connection without a row has the defaults (domain.DefaultConnectionPolicy). An empty text stands for what the
-- organisation decided. Limits are ids or names with blanks between them; NULL is no restriction.
CREATE TABLE connection_policies (
    organisation_id text NOT NULL,
    connection_id   text NOT NULL,
    version         integer NOT NULL,
    password_sync   text NOT NULL,
    seat_overflow   text NOT NULL,
    suspension      text NOT NULL,
    email_change    text NOT NULL,
    successor       text NOT NULL,
    fallback_id     text,
    adoption        text NOT NULL,
    roles           text,
    profiles        text,
    licences        text,
    CONSTRAINT connection_policies_pkey PRIMARY KEY (organisation_id, connection_id),
    CONSTRAINT connection_policies_connection FOREIGN KEY (organisation_id, connection_id) REFERENCES connections ON DELETE CASCADE
);

-- Which accounts of no connection a connection may adopt (rule link.adopt).
CREATE TABLE adoptions (
    organisation_id text NOT NULL,
    user_id         text NOT NULL,
    connection_id   text NOT NULL,
    since           integer NOT NULL,
    CONSTRAINT adoptions_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT adoptions_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE,
    CONSTRAINT adoptions_connection FOREIGN KEY (organisation_id, connection_id) REFERENCES connections ON DELETE CASCADE
);
CREATE INDEX adoptions_of_connection ON adoptions (organisation_id, connection_id, user_id);

-- E-mail domains: in ASCII, as DNS has them, and as people write them. adopter_id is the connection that may adopt all
-- accounts of the domain that no connection has.
CREATE TABLE domains (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    name            text NOT NULL,
    written         text NOT NULL,
    challenge       text NOT NULL,
    created_at      integer NOT NULL,
    verified_at     integer,
    verified_by     text NOT NULL,
    adopter_id      text,
    version         integer NOT NULL,
    CONSTRAINT domains_pkey PRIMARY KEY (organisation_id, name)
);
CREATE INDEX domains_adopter ON domains (organisation_id, adopter_id) WHERE adopter_id IS NOT NULL;

-- Whose a proved domain is: the one organisation that has it. Without the organisation in front, like organisation_slugs,
-- because the name is what finds it.
CREATE TABLE domain_names (
    name            text PRIMARY KEY,
    organisation_id text NOT NULL
);

-- Which connections are trusted to verify addresses of a domain.
CREATE TABLE domain_trusts (
    organisation_id text NOT NULL,
    name            text NOT NULL,
    connection_id   text NOT NULL,
    CONSTRAINT domain_trusts_pkey PRIMARY KEY (organisation_id, name, connection_id),
    CONSTRAINT domain_trusts_domain FOREIGN KEY (organisation_id, name) REFERENCES domains ON DELETE CASCADE,
    CONSTRAINT domain_trusts_connection FOREIGN KEY (organisation_id, connection_id) REFERENCES connections ON DELETE CASCADE
);
CREATE INDEX domain_trusts_of_connection ON domain_trusts (organisation_id, connection_id);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
