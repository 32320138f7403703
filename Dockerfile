# Usher's image: one static binary, the certificates it trusts, and a place for its data. No shell, no package manager,
# no user but 65532.
#
#	docker build -t usher .
#	docker run -p 127.0.0.1:8080:8080 -v usher:/data usher
#
# Without further settings that is Usher on SQLite, its database and its secret key in /data. With
# USHER_DATABASE=postgres://… it keeps nothing there (and needs USHER_SECRET_KEY or USHER_SECRET_KEY_FILE, since
# replicas share one key); docker-compose.yml shows it.
#
# There is no HEALTHCHECK: what it would run is not in the image. An orchestrator asks /healthz (alive) and /readyz
# (database reachable, schema current) itself.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
	go mod download
COPY . .
# `make build` builds the same. The time zones are in it (domain imports them), so that access windows know them everywhere.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /image/usher ./cmd/usher
# /tmp is where SQLite and uploads spill; /data must belong to the user before a volume is laid over it.
RUN install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt && \
	install -d -m 1777 /image/tmp && \
	install -d -m 0700 /owned/data

FROM scratch
COPY --from=build /image/ /
COPY --from=build --chown=65532:65532 /owned/ /
USER 65532:65532
WORKDIR /data
VOLUME /data
# As variables, not as arguments of CMD, so that what an operator sets wins.
ENV USHER_LISTEN=0.0.0.0:8080 \
	USHER_DATABASE=sqlite:/data/usher.db
EXPOSE 8080
ENTRYPOINT ["/usher"]
CMD ["serve"]
