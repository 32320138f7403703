-- What the application says people own and did, and how an organisation looks after its people: records and with whom
-- they are shared, handled calls, the list for newcomers, access reviews; and the plan the organisation has bought.

-- +goose Up

CREATE TABLE records (
    organisation_id text NOT NULL,
    kind            text NOT NULL,
    record_id       text NOT NULL,
    owner_id        text NOT NULL,
    since           integer NOT NULL,
    CONSTRAINT records_pkey PRIMARY KEY (organisation_id, kind, record_id),
    CONSTRAINT records_owner FOREIGN KEY (organisation_id, owner_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX records_of_owner ON records (organisation_id, owner_id, kind, record_id);

-- holder_kind: user or team.
CREATE TABLE record_shares (
    organisation_id text NOT NULL,
    kind            text NOT NULL,
    record_id       text NOT NULL,
    holder_kind     text NOT NULL,
    holder_id       text NOT NULL,
    may             text NOT NULL,
    CONSTRAINT record_shares_pkey PRIMARY KEY (organisation_id, kind, record_id, holder_kind, holder_id),
    CONSTRAINT record_shares_record FOREIGN KEY (organisation_id, kind, record_id) REFERENCES records ON DELETE CASCADE
);
CREATE INDEX record_shares_of_holder ON record_shares (organisation_id, holder_kind, holder_id);

-- Who went, or was gone, with records that nobody took over.
CREATE TABLE records_left (
    organisation_id text NOT NULL,
    user_id         text NOT NULL,
    since           integer NOT NULL,
    CONSTRAINT records_left_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT records_left_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- Who was here lately.
CREATE INDEX inactivity_accessed ON inactivity (organisation_id, accessed_at) WHERE accessed_at IS NOT NULL;

-- The profile that permits everything Usher has permits what Usher has from now on.
UPDATE profiles SET grants = json_patch('{"onboarding:view":true,"onboarding:create":true,"onboarding:edit":true,"onboarding:delete":true,"policy:view":true,"policy:create":true,"policy:edit":true,"policy:delete":true,"records:view":true,"records:create":true,"records:edit":true,"records:delete":true,"reviews:view":true,"reviews:create":true,"reviews:edit":true,"reviews:delete":true,"reviews:sign":true,"statistics:view":true,"statistics:create":true,"statistics:edit":true,"statistics:delete":true}', CASE grants WHEN '' THEN '{}' ELSE grants END) WHERE system;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
