-- What is kept of a person beside the document: the telephone extension, which no two people of an organisation share,
-- and the settings of their telephone. A person without either has no row.

-- +goose Up
CREATE TABLE user_fields (
    organisation_id text NOT NULL,
    user_id         text NOT NULL,
    extension       integer, -- 0 to 9999: four digits
    communication   text, -- JSON
    CONSTRAINT user_fields_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT user_fields_extension UNIQUE (organisation_id, extension),
    CONSTRAINT user_fields_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- What must be given of a person who is added by hand, beside what always must: words with blanks between.
ALTER TABLE policies ADD COLUMN required_fields text NOT NULL DEFAULT '';

-- Whether who has no extension gets one. It stands here, where the look-up of a token reads it, so that a push need not ask.
ALTER TABLE organisations ADD COLUMN hands_out_extensions integer NOT NULL DEFAULT 0;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
