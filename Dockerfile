# syntax=docker/dockerfile:1
# MoneyBridge in a small image: the program, the system's root certificates, and no shell.
#
#   docker build -t moneybridge .
#   docker run --rm -p 127.0.0.1:8080:8080 -e MONEYBRIDGE_DANGEROUS_PUBLIC_SANDBOX=true -v moneybridge:/data moneybridge
#
# Builder and image are of the same Debian release, because the program uses its C library.

FROM rust:1-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --bin moneybridge \
    && strip --strip-debug -o /moneybridge target/release/moneybridge \
    && mkdir /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /moneybridge /usr/local/bin/moneybridge
COPY --from=build --chown=nonroot:nonroot /data /data
COPY --from=build /source/LICENSE /LICENSE
# A container's loopback is its own, so the API listens on every address of it. Publish the port on the
# host's loopback, behind the proxy that ends TLS.
ENV MONEYBRIDGE_LISTEN=0.0.0.0:8080 \
    MONEYBRIDGE_DATA_DIR=/data \
    MONEYBRIDGE_LOG_FORMAT=json
USER nonroot
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s --retries=3 CMD ["/usr/local/bin/moneybridge", "health"]
ENTRYPOINT ["/usr/local/bin/moneybridge"]
