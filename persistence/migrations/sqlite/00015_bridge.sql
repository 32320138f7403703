-- The bridge to the applications, in the same tables as for PostgreSQL.

-- +goose Up

-- origins and modules stand between spaces; each origin is a row of application_origins as well, which finds the application.
CREATE TABLE applications (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    application_id  text NOT NULL,
    name            text NOT NULL,
    name_key        text NOT NULL,
    description     text NOT NULL,
    origins         text NOT NULL,
    audience        text NOT NULL,
    algorithm       text NOT NULL,
    modules         text NOT NULL,
    version         integer NOT NULL,
    created_at      integer NOT NULL,
    modified_at     integer NOT NULL,
    CONSTRAINT applications_pkey PRIMARY KEY (organisation_id, application_id),
    CONSTRAINT applications_name UNIQUE (organisation_id, name_key),
    CONSTRAINT applications_audience UNIQUE (organisation_id, audience)
);

CREATE TABLE application_origins (
    organisation_id text NOT NULL,
    origin          text NOT NULL,
    application_id  text NOT NULL,
    CONSTRAINT application_origins_pkey PRIMARY KEY (organisation_id, origin),
    CONSTRAINT application_origins_application FOREIGN KEY (organisation_id, application_id) REFERENCES applications (organisation_id, application_id) ON DELETE CASCADE
);
CREATE INDEX application_origins_by_application ON application_origins (organisation_id, application_id);

-- No row: an organisation looks as they all do. Empty texts and NULL: none of its own.
CREATE TABLE appearances (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    accent          text NOT NULL,
    language        text NOT NULL,
    logo_tag        text NOT NULL,
    logo_type       text NOT NULL,
    logo            blob,
    version         integer NOT NULL,
    CONSTRAINT appearances_pkey PRIMARY KEY (organisation_id)
);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
