//! The sentences of docs/tls-stacks.md that no figure changes. A statement about another project has its source beside it.

/// Title, decision, and how to read the figures.
pub(super) const BEGIN: &str = "# TLS stacks, measured

Which TLS stack to choose for a Rust program that calls an HTTPS API with a key or a client certificate, with figures for each stack, for the
raw libraries below them, and for this SDK over them.

## Which one

Take the first line that is true for you:

1. **You already use reqwest.** Take `reqwest`: no second HTTP library. What the SDK costs above raw reqwest stands below.
2. **A policy requires the operating system's TLS** (a validated OpenSSL, SChannel, the Mac's keychain). Take `native-tls`.
3. **You have no tokio runtime, and want none.** Take `isahc`, or the blocking client of this SDK, which brings a runtime of its own.
4. **You need the fewest moving parts in a build for many targets.** Take `rustls` with the feature `ring` in place of `aws-lc-rs`
   (`digicert-one-rustls`): both need a C compiler and nothing else.
5. **Otherwise** take `rustls`, the default: the fewest layers above rustls, and the most exact diagnosis.

The behaviour does not depend on the choice: one suite of cases runs on all of them ([conformance](conformance/README.md)).

## Measure it on your own machine

```sh
cargo build --profile dist -p digicert-one-cli && cargo xtask bench -- --report docs/tls-stacks.json && cargo xtask guide
```

It takes some ten minutes on two cores, and nothing else should run meanwhile. The first command is for the comparison with curl only.

## Throughput and latency
";

/// What was measured.
pub(super) const MEASURE: &str = "Client and
server are two processes on this machine, over loopback, TLS 1.3 with aws-lc-rs on the server's side, connections kept alive, responses of
300 bytes; a POST sends its body and gets a count back. *hyper-util + rustls* is the least that a program can do: a pool and TLS. *transport* is a
transport of this SDK alone, *client* is the SDK: authentication, rate limiting, retries, facts for a diagnosis. In each round every program
works for the same time, and ratios are of one round, so that they hold where absolute figures do not. CPU time is that of the
client's process. Every program has the same limits and headers. The client over isahc
sends a POST over HTTP/1.1 in any case ([decision 26](decisions/0026-pooled-bodies-over-isahc.md)).

";

/// After the tables of throughput.
pub(super) const LAYERS: &str = "### Where the layers spend it

Instructions of one GET over HTTP/1.1, 32 in flight on one thread, counted by callgrind (hyper 1.12, reqwest 0.13.5): hyper-util 45,700,
*transport rustls* 41,700, *client rustls* 43,600; reqwest 69,700, *transport reqwest* 86,100, *client reqwest* 88,300. Counting does not show
what two processors lose to each other: at 32 in flight the client costs more time than its share of instructions.

- Every transport over hyper reads heads of up to 256 fields. Above its default of 100, hyper fills two arrays on the heap for each response: 3,700
  instructions, and 16 KB of the processor's cache.
- The transport over reqwest observes connections through a layer of the connector. reqwest clones such a connector six times for each
  request, two allocations each, and parses the address a second time.

```sh
valgrind --tool=callgrind target/release/digicert-one-bench calls 'client rustls' 1 32 6000
```

";

/// Before the table of handshakes.
pub(super) const HANDSHAKES: &str = "## Handshakes

A GET over HTTP/1.1 whose connection the server closes, so that each call connects anew: its time (p50) and the client's CPU time. TLS 1.3
with an ECDSA P-256 certificate at the server and, where the heading says so, at the client. *Session of an earlier one*: the server gives
session tickets; a program that does not use them is marked. An empty field is not measured: raw isahc takes no identity from memory.

";

/// Before the table of starts.
pub(super) const STARTS: &str = "## Starting

![First call in a new process, each program](img/first-call.svg)

*First call*: a process that starts, reads the system's roots, makes one call and ends. *New client*: one more client with another client
certificate in a process that has one already, as a rotation makes it; with the system's roots. *Memory*: each of 1,000 clients (100 of raw
reqwest on native-tls and of isahc) with a client certificate of its own and one open connection, with the system's roots. An empty field is not measured: raw
isahc takes no identity from memory, and the client makes its transport at the first call.

The transports of this SDK read the system's roots once per process and again when a file changed; the raw libraries read them for each client.

";

/// Before the table of commands.
pub(super) const COMMANDS: &str = "## `d1 call` and curl

Whole processes with the same credential and the same root, one after the other in each round. `d1` is the one that is installed (profile `dist`).

";

/// Before the table of diagnoses.
pub(super) const DIAGNOSIS: &str = "## Diagnosis

Faults that are made for real on every stack ([the list](faults.md)): how many are named exactly, and how many get a code that is wider
because the stack does not report more.

";

/// Before the table of transports.
pub(super) const BUILDS: &str = "## Builds

*Crates* are all that a client over this transport links, ours included, on Linux. *Clean build* is the CPU time of a release build of a
small program with nothing built before (`cargo xtask builds`), C code included, and *binary* the size of the result without symbols: over the
front door with its sources of credentials, and for comparison one GET over raw reqwest. *without* lists the capabilities that a transport does
not have while another one has them ([all capabilities](transports.md)).

";

/// What library authors ask for.
pub(super) const END: &str = "### What a build needs

| | needs | source |
|---|---|---|
| rustls on aws-lc-rs | a C compiler; no CMake, Go or bindgen unless FIPS is wanted | [requirements of aws-lc-rs](https://aws.github.io/aws-lc-rs/requirements/) |
| rustls on ring | a C compiler (the assembly is generated in the published crate) | [BUILDING.md of ring](https://github.com/briansmith/ring/blob/main/BUILDING.md) |
| OpenSSL of the system | its headers and pkg-config, at build time and the same library at run time | [docs of `openssl`](https://docs.rs/openssl/latest/openssl/#automatic) |
| OpenSSL, `vendored` | a C compiler, perl and make | [docs of `openssl`](https://docs.rs/openssl/latest/openssl/#vendored) |
| libcurl, as isahc is built here | a C compiler (`static-curl`) | [Cargo.toml of this workspace](../Cargo.toml) |

### Static and cross builds

- `rustls`, `reqwest` and `isahc` on rustls link no TLS library of the system, so a static build (musl) needs a C compiler for the target only.
- `native-tls` links the system's OpenSSL dynamically; with `vendored` it is built for the target and linked statically. A program that is
  linked statically gets no security update of the operating system: it has to be built again.
- On Windows and macOS `native-tls` needs no OpenSSL: SChannel and Security.framework belong to the system
  ([docs of native-tls](https://docs.rs/native-tls)).

### The road to FIPS

- rustls has a feature `fips`, which takes the validated module of AWS-LC
  ([manual](https://docs.rs/rustls/latest/rustls/manual/_06_fips/index.html)); that build needs CMake and Go
  ([requirements](https://aws.github.io/aws-lc-rs/requirements/)). It is not a feature of this SDK and is not tested here.
- OpenSSL 3 has a FIPS provider, which the configuration of the system switches on
  ([fips_module](https://docs.openssl.org/3.0/man7/fips_module/)): over `native-tls` with the system's OpenSSL (not `vendored`) a program uses
  what the system is configured for.
- ring has no validated module.

### Where roots come from

| | the system's roots | `SSL_CERT_FILE`, `SSL_CERT_DIR` |
|---|---|---|
| `rustls`, `reqwest` | [rustls-platform-verifier](https://docs.rs/rustls-platform-verifier): the platform's verifier on Windows, macOS, iOS, Android; files elsewhere | in place of the system's |
| `native-tls` on OpenSSL | OpenSSL's own folder and the usual places ([openssl-probe](https://docs.rs/openssl-probe)) | a file in place of the usual one; directories beside the usual ones |
| `isahc` on rustls | rustls-platform-verifier | in place of the system's |

A container without a bundle has no roots at all, and every call fails as untrusted. The feature `mozilla-roots` of `digicert-one` adds
Mozilla's list (one crate, [webpki-root-certs](https://docs.rs/webpki-root-certs), some 250 KB of certificates): `builder().mozilla_roots()`.

### When another crate of the program switches features on

Cargo builds each crate once, with the features of all who use it. What that changes:

- **rustls**: with both `ring` and `aws-lc-rs` it has no default provider and `ClientConfig::builder()` panics
  ([`CryptoProvider`](https://docs.rs/rustls/0.23/rustls/crypto/struct.CryptoProvider.html#using-the-per-process-default-cryptoprovider)). The
  transports here hand their provider to each configuration and neither read nor set the default.
- **reqwest** 0.13: with `native-tls` switched on by any crate, a client that names no backend uses the system's TLS in place of rustls (`TlsBackend::default`
  in [its source](https://github.com/seanmonstar/reqwest/blob/v0.13.5/src/tls.rs)). The transport here hands over its rustls configuration.
- **reqwest**: `gzip`, `brotli`, `zstd` or `deflate` switch decompression on for every client, which removes Content-Length and hides how a body
  ended. The transport here switches them off for itself; a body that is cut over HTTP/2 is then known by its length only.
- **curl**: its default feature `ssl` links OpenSSL, and the features of all users of `curl` add up. isahc's two engines exclude each other
  ([decision 4](decisions/0004-isahc.md)).
- **openssl**: `vendored` from any crate replaces the system's OpenSSL in the whole program, and with it the system's FIPS provider and security
  updates.

`tests/unified` of this repository builds every transport with all of this switched on and runs the whole suite on each.
";
