//! The design's dependency table: which package may depend on which, and which libraries must never be linked.
//!
//! The only place to change for a new dependency between packages, and a change here is a change of the
//! design: it needs a record in docs/decisions.

/// One of our packages and its allowed dependencies.
#[derive(Debug)]
pub(super) struct Room {
    /// The name of the package.
    pub package: &'static str,
    /// Those of ours that it may use (normal and build dependencies).
    pub uses: &'static [&'static str],
    /// Those of ours that it may use only behind a feature.
    pub behind_feature: &'static [&'static str],
    /// Which of these the default features switch on.
    pub by_default: &'static [&'static str],
    /// Those of ours that its tests may use in addition.
    pub tests_use: &'static [&'static str],
    /// Libraries that must not be in its tree, for each way to build it.
    pub builds: &'static [Build],
    /// Why it may use no more.
    pub why: &'static str,
}

/// One way to build a package, and what must not be linked then.
#[derive(Debug)]
pub(super) struct Build {
    /// Feature flags, as cargo takes them.
    pub flags: &'static [&'static str],
    /// Names of packages that must not be in the tree of normal dependencies.
    pub without: &'static [&'static str],
}

/// Maximum number of linked crates, including ours.
#[derive(Debug)]
pub(super) struct Weight {
    pub what: &'static str,
    /// Counted together.
    pub packages: &'static [&'static str],
    /// Feature flags, as cargo takes them.
    pub flags: &'static [&'static str],
    /// The number measured at the last change, or less: it only decreases.
    pub ceiling: usize,
    /// The goal of the design.
    pub goal: usize,
}

/// The weights that are checked. The goals: core 25, a client over one transport without sources 85, the front door with
/// its defaults 130.
pub(super) const WEIGHTS: &[Weight] = &[
    Weight { what: "core", packages: &[CORE], flags: &[], ceiling: 25, goal: 25 },
    Weight { what: "client", packages: &[CLIENT], flags: &[], ceiling: 46, goal: 85 },
    Weight {
        what: "client over reqwest, without sources",
        packages: &[CLIENT, REQWEST],
        flags: &[],
        ceiling: 116,
        goal: 85,
    },
    Weight {
        what: "client over rustls, without sources",
        packages: &[CLIENT, RUSTLS],
        flags: &[],
        ceiling: 80,
        goal: 85,
    },
    Weight { what: "digicert-one with its defaults", packages: &[FRONT_DOOR], flags: &[], ceiling: 129, goal: 130 },
];

/// The root of the packages outside the workspace, which stand for strangers' transports: this one is over an asynchronous
/// library, `UREQ` over a blocking one.
pub(crate) const OUTSIDE: &str = "tests/outside-transport";
const UREQ: &str = "tests/ureq-transport";

const CORE: &str = "digicert-one-core";
const ERROR_KINDS: &str = "digicert-one-error-kinds";
const IDENTITY: &str = "digicert-one-identity";
const CREDENTIALS: &str = "digicert-one-credentials";
const CLIENT: &str = "digicert-one-client";
const ACCOUNT: &str = "digicert-one-account";
const CSC: &str = "digicert-one-csc";
const PROVISIONING: &str = "digicert-one-provisioning";
const REDIS: &str = "digicert-one-redis";
const FRONT_DOOR: &str = "digicert-one";
const REQWEST: &str = "digicert-one-reqwest";
const ISAHC: &str = "digicert-one-isahc";
const HYPER: &str = "digicert-one-hyper";
const RUSTLS: &str = "digicert-one-rustls";
const NATIVE_TLS: &str = "digicert-one-native-tls";
const TESTBED: &str = "digicert-one-testbed";
const CONFORMANCE: &str = "digicert-one-conformance";
const EMULATOR: &str = "digicert-one-emulator";

const ALL: &[&str] = &[
    CORE,
    ERROR_KINDS,
    IDENTITY,
    CREDENTIALS,
    CLIENT,
    ACCOUNT,
    CSC,
    PROVISIONING,
    REDIS,
    FRONT_DOOR,
    HYPER,
    RUSTLS,
    REQWEST,
    ISAHC,
    NATIVE_TLS,
    TESTBED,
    CONFORMANCE,
    EMULATOR,
];
const TEST_SIDE: &[&str] = &[TESTBED, CONFORMANCE, EMULATOR];

const RUNTIMES_AND_STACKS: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "curl",
    "curl-sys",
    "hyper",
    "hyper-util",
    "isahc",
    "native-tls",
    "openssl",
    "openssl-sys",
    "reqwest",
    "ring",
    "rustls",
    "tokio",
];
const OPENSSL_AND_CURL: &[&str] = &["curl", "curl-sys", "isahc", "native-tls", "openssl", "openssl-sys"];
const OPENSSL_CURL_AND_CURVES: &[&str] =
    &["curl", "curl-sys", "ed25519-dalek", "elliptic-curve", "isahc", "native-tls", "openssl", "openssl-sys"];
const OPENSSL_CURL_AND_REQWEST: &[&str] =
    &["curl", "curl-sys", "isahc", "native-tls", "openssl", "openssl-sys", "reqwest", "ring"];
const AWS_LC_OPENSSL_AND_REQWEST: &[&str] =
    &["aws-lc-rs", "aws-lc-sys", "curl", "isahc", "native-tls", "openssl", "openssl-sys", "reqwest"];
const TLS_LIBRARIES: &[&str] = &[
    "aws-lc-rs",
    "curl",
    "isahc",
    "native-tls",
    "openssl",
    "openssl-sys",
    "reqwest",
    "ring",
    "rustls",
    "tokio-native-tls",
    "tokio-rustls",
];
const TOKIO_AND_REQWEST: &[&str] = &["hyper", "reqwest", "tokio"];
const RUSTLS_AND_REQWEST: &[&str] = &["aws-lc-rs", "curl", "curl-sys", "isahc", "reqwest", "ring", "rustls"];

const NO_STACK: &[Build] = &[Build { flags: &[], without: RUNTIMES_AND_STACKS }];

const TRANSPORT: &str = "a transport knows core and the kinds of its own library's errors: one stack more in it is one stack more in \
     everybody's program";
const EVERYTHING: &str = "it may use all libraries, but no package may depend on a command or a test package";

/// Every package of ours.
pub(super) const ROOMS: &[Room] = &[
    Room {
        package: CORE,
        builds: NO_STACK,
        why: "core is the vocabulary of all others: no runtime, no TLS library, none of us",
        ..NONE
    },
    Room {
        package: IDENTITY,
        uses: &[CORE],
        tests_use: TEST_SIDE,
        builds: &[
            Build { flags: &[], without: RUNTIMES_AND_STACKS },
            Build {
                flags: &["--no-default-features", "--features", "aws-lc-rs"],
                without: &["ed25519-dalek", "elliptic-curve", "hyper", "openssl", "ring", "rustls", "tokio"],
            },
        ],
        why: "file formats are read in memory, the same for every transport",
        ..NONE
    },
    Room {
        package: CREDENTIALS,
        uses: &[CORE, IDENTITY],
        tests_use: TEST_SIDE,
        builds: &[
            Build { flags: &[], without: RUNTIMES_AND_STACKS },
            Build { flags: &["--features", "keyring"], without: RUNTIMES_AND_STACKS },
        ],
        why: "credentials are read the same under any executor and for any transport",
        ..NONE
    },
    Room {
        package: ERROR_KINDS,
        uses: &[CORE],
        tests_use: &[TESTBED],
        builds: &[
            Build { flags: &[], without: RUNTIMES_AND_STACKS },
            Build { flags: &["--features", "hyper"], without: RUSTLS_AND_REQWEST },
            Build {
                flags: &["--features", "rustls"],
                without: &["hyper", "native-tls", "openssl", "reqwest", "tokio"],
            },
            Build {
                flags: &["--features", "rustls-config"],
                without: &["hyper", "native-tls", "openssl", "reqwest", "tokio"],
            },
        ],
        why: "what an error of a library means is said once for all transports, which do not know each other",
        ..NONE
    },
    Room {
        package: REQWEST,
        uses: &[CORE, ERROR_KINDS],
        tests_use: &[CONFORMANCE, TESTBED],
        builds: &[Build { flags: &[], without: OPENSSL_AND_CURL }],
        why: TRANSPORT,
        ..NONE
    },
    Room {
        package: ISAHC,
        uses: &[CORE],
        tests_use: &[CONFORMANCE, TESTBED],
        builds: &[
            Build { flags: &[], without: TOKIO_AND_REQWEST },
            Build { flags: &["--no-default-features", "--features", "openssl-engine"], without: TOKIO_AND_REQWEST },
        ],
        why: TRANSPORT,
        ..NONE
    },
    Room {
        package: HYPER,
        uses: &[CORE, ERROR_KINDS],
        builds: &[Build { flags: &[], without: TLS_LIBRARIES }],
        why: "what transports over hyper share has no TLS library: each engine brings its own",
        ..NONE
    },
    Room {
        package: RUSTLS,
        uses: &[CORE, ERROR_KINDS, HYPER],
        tests_use: &[CONFORMANCE, TESTBED],
        builds: &[
            Build { flags: &[], without: OPENSSL_CURL_AND_REQWEST },
            Build { flags: &["--no-default-features", "--features", "ring"], without: AWS_LC_OPENSSL_AND_REQWEST },
        ],
        why: TRANSPORT,
        ..NONE
    },
    Room {
        package: NATIVE_TLS,
        uses: &[CORE, ERROR_KINDS, HYPER],
        tests_use: &[CONFORMANCE, TESTBED],
        builds: &[
            Build { flags: &[], without: RUSTLS_AND_REQWEST },
            Build { flags: &["--features", "vendored"], without: RUSTLS_AND_REQWEST },
        ],
        why: TRANSPORT,
        ..NONE
    },
    Room {
        package: CLIENT,
        uses: &[CORE],
        tests_use: &[CREDENTIALS, IDENTITY, TESTBED, CONFORMANCE, EMULATOR],
        builds: NO_STACK,
        why: "the client works over any transport, so it knows none",
        ..NONE
    },
    Room {
        package: ACCOUNT,
        uses: &[CORE, CLIENT],
        tests_use: &[IDENTITY, TESTBED],
        builds: NO_STACK,
        why: "a typed product is built on the client, which knows no product",
        ..NONE
    },
    Room {
        package: CSC,
        uses: &[CORE, CLIENT],
        tests_use: &[TESTBED],
        // OAuth is implemented without a separate HTTP library.
        builds: NO_STACK,
        why: "it uses the client's engine, and its tokens are not shared",
        ..NONE
    },
    Room {
        package: PROVISIONING,
        uses: &[CORE, CLIENT, ACCOUNT, CREDENTIALS, IDENTITY],
        tests_use: TEST_SIDE,
        builds: &[
            Build { flags: &[], without: RUNTIMES_AND_STACKS },
            Build { flags: &["--features", "keyring"], without: RUNTIMES_AND_STACKS },
        ],
        why: "secrets that are shown once are stored the same over any transport",
        ..NONE
    },
    Room {
        package: REDIS,
        uses: &[CORE],
        behind_feature: &[ERROR_KINDS, PROVISIONING],
        by_default: &[ERROR_KINDS],
        tests_use: TEST_SIDE,
        builds: &[
            Build { flags: &["--no-default-features"], without: TLS_LIBRARIES },
            Build { flags: &[], without: OPENSSL_CURL_AND_REQWEST },
        ],
        why: "a limiter is given to a client, so it knows none; TLS and provisioning are features",
    },
    Room {
        package: FRONT_DOOR,
        uses: &[CORE, CLIENT],
        behind_feature: &[RUSTLS, REQWEST, ISAHC, NATIVE_TLS, ACCOUNT, CREDENTIALS, IDENTITY, PROVISIONING, CSC, REDIS],
        by_default: &[RUSTLS, ACCOUNT, CREDENTIALS, IDENTITY],
        tests_use: TEST_SIDE,
        builds: &[
            Build { flags: &["--no-default-features"], without: RUNTIMES_AND_STACKS },
            Build { flags: &[], without: OPENSSL_CURL_AND_CURVES },
            Build { flags: &["--no-default-features", "--features", "rustls"], without: OPENSSL_CURL_AND_REQWEST },
            Build { flags: &["--no-default-features", "--features", "isahc"], without: TOKIO_AND_REQWEST },
            Build { flags: &["--no-default-features", "--features", "native-tls"], without: RUSTLS_AND_REQWEST },
        ],
        why: "users get the stack whose feature they named and no other",
    },
    Room { package: TESTBED, why: "what checks the client must not share its code", ..NONE },
    Room {
        package: EMULATOR,
        uses: &[TESTBED],
        why: "what plays the platform must not share code with the client that talks to it",
        ..NONE
    },
    Room {
        package: CONFORMANCE,
        uses: &[CORE, CLIENT, CREDENTIALS, IDENTITY, TESTBED],
        tests_use: &[ERROR_KINDS],
        why: "the suite judges transports, so it knows none, not even in its own tests",
        ..NONE
    },
    Room { package: "digicert-one-cli", ..everything() },
    Room { package: "digicert-one-bench", ..everything() },
    Room { package: "digicert-one-cost", ..everything() },
    Room { package: "digicert-one-examples", ..everything() },
    Room { package: "digicert-one-fleet", ..everything() },
    Room { package: "digicert-one-service-users", ..everything() },
    Room { package: "digicert-one-unified", ..everything() },
    Room { package: "xtask", ..everything() },
    Room { package: OUTSIDE, ..stranger() },
    Room { package: UREQ, ..stranger() },
];

/// A package that may use none of ours.
pub(super) const NONE: Room =
    Room { package: "", uses: &[], behind_feature: &[], by_default: &[], tests_use: &[], builds: &[], why: "" };

const fn stranger() -> Room {
    Room {
        uses: &[CORE, ERROR_KINDS],
        tests_use: &[CONFORMANCE, CLIENT, TESTBED],
        why: "it represents an external crate: core must be enough to write a transport, the suite enough to test it",
        ..NONE
    }
}

const fn everything() -> Room {
    Room { uses: ALL, why: EVERYTHING, ..NONE }
}
