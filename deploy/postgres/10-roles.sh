#!/bin/sh
# Makes the database roles on PostgreSQL's first start: the same roles, time-outs and rights that
# backend/embedded/roles.py gives a laptop. The passwords come from the environment and stand on no command line.
set -eu

# Default rights belong into the template, so that every database made from it has them.
psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname template1 <<'SQL'
\getenv owner_password OWNER_PASSWORD
\getenv web_password WEB_PASSWORD
\getenv worker_password WORKER_PASSWORD
CREATE ROLE owner LOGIN PASSWORD :'owner_password';
CREATE ROLE web LOGIN PASSWORD :'web_password';
CREATE ROLE worker LOGIN PASSWORD :'worker_password';
ALTER ROLE owner CREATEDB;
GRANT web, worker TO owner;
ALTER ROLE web SET lock_timeout = '3s';
ALTER ROLE web SET statement_timeout = '10s';
ALTER ROLE web SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE worker SET lock_timeout = '5s';
ALTER ROLE worker SET statement_timeout = '1min';
ALTER ROLE worker SET idle_in_transaction_session_timeout = '1min';
ALTER ROLE worker SET app.storefronts = '*';
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO web, worker;
ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT USAGE, SELECT ON SEQUENCES TO web, worker;
SQL

psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE DATABASE storefront OWNER owner;
SQL
