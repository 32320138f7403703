-- What the application says people own and did, and how an organisation looks after its people: records and with whom
-- they are shared, handled calls, the list for newcomers, access reviews; and the plan the organisation has bought.

-- +goose Up

-- No row: the plan standard.
CREATE TABLE organisation_plans (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    plan            text NOT NULL,
    CONSTRAINT organisation_plans_pkey PRIMARY KEY (organisation_id)
);

CREATE TABLE records (
    organisation_id uuid NOT NULL,
    kind            text COLLATE "C" NOT NULL,
    record_id       text COLLATE "C" NOT NULL,
    owner_id        uuid NOT NULL,
    since           bigint NOT NULL,
    CONSTRAINT records_pkey PRIMARY KEY (organisation_id, kind, record_id),
    CONSTRAINT records_owner FOREIGN KEY (organisation_id, owner_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX records_of_owner ON records (organisation_id, owner_id, kind, record_id);

-- holder_kind: user or team.
CREATE TABLE record_shares (
    organisation_id uuid NOT NULL,
    kind            text COLLATE "C" NOT NULL,
    record_id       text COLLATE "C" NOT NULL,
    holder_kind     text COLLATE "C" NOT NULL,
    holder_id       uuid NOT NULL,
    may             text NOT NULL,
    CONSTRAINT record_shares_pkey PRIMARY KEY (organisation_id, kind, record_id, holder_kind, holder_id),
    CONSTRAINT record_shares_record FOREIGN KEY (organisation_id, kind, record_id) REFERENCES records ON DELETE CASCADE
);
CREATE INDEX record_shares_of_holder ON record_shares (organisation_id, holder_kind, holder_id);

-- Who went, or was gone, with records that nobody took over.
CREATE TABLE records_left (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    since           bigint NOT NULL,
    CONSTRAINT records_left_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT records_left_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- day as 2006-01-02.
CREATE TABLE call_statistics (
    organisation_id uuid NOT NULL,
    day             text COLLATE "C" NOT NULL,
    user_id         uuid NOT NULL,
    handled         bigint NOT NULL,
    CONSTRAINT call_statistics_pkey PRIMARY KEY (organisation_id, day, user_id),
    CONSTRAINT call_statistics_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX call_statistics_of_user ON call_statistics (organisation_id, user_id, day);

-- items is a list of objects in JSON, see domain.OnboardingItem.
CREATE TABLE onboarding_templates (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    items           text NOT NULL,
    version         bigint NOT NULL,
    CONSTRAINT onboarding_templates_pkey PRIMARY KEY (organisation_id)
);

-- What was ticked by hand. A key that the template no longer has is of no account.
CREATE TABLE onboarding_ticks (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    item            text COLLATE "C" NOT NULL,
    ticked_at       bigint NOT NULL,
    actor_kind      text NOT NULL,
    actor_id        uuid,
    CONSTRAINT onboarding_ticks_pkey PRIMARY KEY (organisation_id, user_id, item),
    CONSTRAINT onboarding_ticks_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- No row: monthly.
CREATE TABLE review_plans (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    every           text NOT NULL,
    version         bigint NOT NULL,
    CONSTRAINT review_plans_pkey PRIMARY KEY (organisation_id)
);

-- after_user_id: the last person looked at while the findings are made. made_at: they are all there.
CREATE TABLE reviews (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    review_id       uuid NOT NULL,
    due_at          bigint NOT NULL,
    opened_at       bigint NOT NULL,
    after_user_id   uuid,
    made_at         bigint,
    signed_at       bigint,
    signed_kind     text,
    signed_by       uuid,
    version         bigint NOT NULL,
    CONSTRAINT reviews_pkey PRIMARY KEY (organisation_id, review_id),
    CONSTRAINT reviews_due UNIQUE (organisation_id, due_at)
);

CREATE TABLE review_findings (
    organisation_id uuid NOT NULL,
    review_id       uuid NOT NULL,
    user_id         uuid NOT NULL,
    finding         text COLLATE "C" NOT NULL,
    since           bigint,
    decision        text,
    note            text NOT NULL DEFAULT '',
    decided_at      bigint,
    decided_kind    text,
    decided_by      uuid,
    CONSTRAINT review_findings_pkey PRIMARY KEY (organisation_id, review_id, user_id, finding),
    CONSTRAINT review_findings_review FOREIGN KEY (organisation_id, review_id) REFERENCES reviews ON DELETE CASCADE,
    CONSTRAINT review_findings_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX review_findings_open ON review_findings (organisation_id, review_id) WHERE decision IS NULL;
CREATE INDEX review_findings_of_user ON review_findings (organisation_id, user_id);

-- Who was here lately.
CREATE INDEX inactivity_accessed ON inactivity (organisation_id, accessed_at) WHERE accessed_at IS NOT NULL;

-- The profile that permits everything Usher has permits what Usher has from now on.
UPDATE profiles SET grants = (jsonb '{"onboarding:view":true,"onboarding:create":true,"onboarding:edit":true,"onboarding:delete":true,"policy:view":true,"policy:create":true,"policy:edit":true,"policy:delete":true,"records:view":true,"records:create":true,"records:edit":true,"records:delete":true,"reviews:view":true,"reviews:create":true,"reviews:edit":true,"reviews:delete":true,"reviews:sign":true,"statistics:view":true,"statistics:create":true,"statistics:edit":true,"statistics:delete":true}' || CAST(CASE grants WHEN '' THEN '{}' ELSE grants END AS jsonb))::text WHERE system;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
