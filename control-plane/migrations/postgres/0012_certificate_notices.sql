-- Of which certificate webhooks were told what: once for each band that it comes into.
CREATE TABLE certificate_notices (
    tenant      TEXT NOT NULL,
    certificate TEXT NOT NULL,
    band        TEXT NOT NULL,
    create_time TEXT NOT NULL,
    PRIMARY KEY (tenant, certificate, band)
);
