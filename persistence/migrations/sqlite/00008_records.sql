-- What the application says people own and did, and how an organisation looks after its people: records and with whom
-- they are shared, handled calls, the list for newcomers, access reviews; and the plan the organisation has bought.

-- +goose Up

-- No row: the plan standard.
CREATE TABLE organisation_plans (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    plan            text NOT NULL,
    CONSTRAINT organisation_plans_pkey PRIMARY KEY (organisation_id)
);

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

-- day as 2006-01-02.
CREATE TABLE call_statistics (
    organisation_id text NOT NULL,
    day             text NOT NULL,
    user_id         text NOT NULL,
    handled         integer NOT NULL,
    CONSTRAINT call_statistics_pkey PRIMARY KEY (organisation_id, day, user_id),
    CONSTRAINT call_statistics_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX call_statistics_of_user ON call_statistics (organisation_id, user_id, day);

-- items is a list of objects in JSON, see domain.OnboardingItem.
CREATE TABLE onboarding_templates (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    items           text NOT NULL,
    version         integer NOT NULL,
    CONSTRAINT onboarding_templates_pkey PRIMARY KEY (organisation_id)
);

-- What was ticked by hand. A key that the template no longer has is of no account.
CREATE TABLE onboarding_ticks (
    organisation_id text NOT NULL,
    user_id         text NOT NULL,
    item            text NOT NULL,
    ticked_at       integer NOT NULL,
    actor_kind      text NOT NULL,
    actor_id        text,
    CONSTRAINT onboarding_ticks_pkey PRIMARY KEY (organisation_id, user_id, item),
    CONSTRAINT onboarding_ticks_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- No row: monthly.
CREATE TABLE review_plans (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    every           text NOT NULL,
    version         integer NOT NULL,
    CONSTRAINT review_plans_pkey PRIMARY KEY (organisation_id)
);

-- after_user_id: the last person looked at while the findings are made. made_at: they are all there.
CREATE TABLE reviews (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    review_id       text NOT NULL,
    due_at          integer NOT NULL,
    opened_at       integer NOT NULL,
    after_user_id   text,
    made_at         integer,
    signed_at       integer,
    signed_kind     text,
    signed_by       text,
    version         integer NOT NULL,
    CONSTRAINT reviews_pkey PRIMARY KEY (organisation_id, review_id),
    CONSTRAINT reviews_due UNIQUE (organisation_id, due_at)
);

CREATE TABLE review_findings (
    organisation_id text NOT NULL,
    review_id       text NOT NULL,
    user_id         text NOT NULL,
    finding         text NOT NULL,
    since           integer,
    decision        text,
    note            text NOT NULL DEFAULT '',
    decided_at      integer,
    decided_kind    text,
    decided_by      text,
    CONSTRAINT review_findings_pkey PRIMARY KEY (organisation_id, review_id, user_id, finding),
    CONSTRAINT review_findings_review FOREIGN KEY (organisation_id, review_id) REFERENCES reviews ON DELETE CASCADE,
    CONSTRAINT review_findings_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX review_findings_open ON review_findings (organisation_id, review_id) WHERE decision IS NULL;
CREATE INDEX review_findings_of_user ON review_findings (organisation_id, user_id);

-- Who was here lately.
CREATE INDEX inactivity_accessed ON inactivity (organisation_id, accessed_at) WHERE accessed_at IS NOT NULL;

-- The profile that permits everything Usher has permits what Usher has from now on.
UPDATE profiles SET grants = json_patch('{"onboarding:view":true,"onboarding:create":true,"onboarding:edit":true,"onboarding:delete":true,"policy:view":true,"policy:create":true,"policy:edit":true,"policy:delete":true,"records:view":true,"records:create":true,"records:edit":true,"records:delete":true,"reviews:view":true,"reviews:create":true,"reviews:edit":true,"reviews:delete":true,"reviews:sign":true,"statistics:view":true,"statistics:create":true,"statistics:edit":true,"statistics:delete":true}', CASE grants WHEN '' THEN '{}' ELSE grants END) WHERE system;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
