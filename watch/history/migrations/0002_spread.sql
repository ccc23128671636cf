-- How a generation spread over the sites, as JSON, once it is older than holdings are kept.
ALTER TABLE generations ADD COLUMN spread TEXT;
