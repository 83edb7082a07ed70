//! The Account Manager client against the emulator, over every transport: created resources exist, and
//! secrets that are shown once work.

use std::sync::Arc;
use std::time::SystemTime;

use digicert_one_account::{
    ACCOUNT_MANAGER, AccountExt as _, AccountManager, Id, NewClientCertificate, NewServiceUser, NewToken, Refusal,
    Status, TokenChange, UserChange,
};
use digicert_one_client::{Client, Error, Retry};
use digicert_one_core::{
    ApiKey, Code, Connector, FixedCredential, Instance, Material, Secret, TransportConfig, TrustRoots,
};
use digicert_one_emulator::{Emulator, EmulatorOptions, Generation, ServiceUserSpec};
use digicert_one_identity::{ReadOptions, read_client_identity};

/// An emulator and a transport to it.
struct Stage {
    emulator: Emulator,
    connector: Arc<dyn Connector>,
}

impl Stage {
    fn client(&self, material: Material) -> AccountManager {
        let (platform, client_auth) = (self.emulator.platform_url(), self.emulator.client_auth_url());
        let roots = vec![self.emulator.ca_der().to_vec().into()];
        let client = Client::builder()
            .instance(Instance::pair(&platform, &client_auth).expect("two hosts"))
            .credential(FixedCredential::new(material, "the test"))
            .shared_connector(Arc::clone(&self.connector))
            .transport_config(TransportConfig::new().with_trust(TrustRoots::Only(roots)))
            .retry(Retry::never())
            .build();
        client.expect("complete").account()
    }

    fn by_key(&self, key: &str) -> AccountManager {
        self.client(Material::api_key(ApiKey::new(key).expect("a key")))
    }

    fn administrator(&self) -> AccountManager {
        self.by_key(self.emulator.administrator().api_key())
    }
}

/// Runs the test over each transport, each with its own emulator.
fn on_each<F: Future<Output = ()>>(options: impl Fn() -> EmulatorOptions, story: impl Fn(Stage) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let connectors: [Arc<dyn Connector>; 3] = [
        Arc::new(digicert_one_reqwest::Connector::new()),
        Arc::new(digicert_one_native_tls::Connector::new()),
        Arc::new(digicert_one_isahc::Connector::new()),
    ];
    for connector in connectors {
        let emulator = Emulator::start_blocking(options()).expect("it starts");
        runtime.block_on(story(Stage { emulator, connector }));
    }
}

fn key(secret: &Secret) -> &str {
    secret.expose_text().expect("text")
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> Option<Refusal> {
    Refusal::of(&result.expect_err("refused"))
}

#[test]
fn created_service_user_key_works_until_deletion() {
    on_each(EmulatorOptions::default, async |stage| {
        let users = stage.administrator().users();
        let wanted = NewServiceUser::new("build-7")
            .email("ops@example.test")
            .roles(["AM_ACCOUNT_USER"])
            .end_date("2099-12-31".parse().expect("a day"));
        let made = users.create(&wanted).await.expect("made");
        let (user, token) = (made.user.expect("the user"), made.token.expect("its token"));
        let itself = stage.by_key(key(&made.api_key));
        let me = itself.users().me().await.expect("its key works");
        assert_eq!((me.id.as_str(), me.friendly_name.as_deref()), (user.id.as_str(), Some("build-7")));
        assert_eq!((me.status, me.roles, me.end_date), (Some(Status::Active), user.roles.clone(), wanted.end_date));
        assert_eq!(itself.tokens().get(&token.id).await.expect("its own").is_enabled(), Some(true));

        let listed = users.service().all().await.expect("a list");
        assert_eq!(listed.iter().filter(|one| one.id == user.id).count(), 1);
        assert!(listed.iter().all(|one| one.friendly_name.as_deref() != Some("administrator")));
        let change = UserChange::new().description("changed").end_date("2099-06-30".parse().expect("a day"));
        assert_eq!(users.update(&user.id, &change).await.expect("changed").description.as_deref(), Some("changed"));
        assert_eq!(users.disable(&user.id).await.expect("disabled").status, Some(Status::Disabled));
        assert_eq!(itself.users().me().await.expect_err("disabled").code(), Code::AUT_01);
        assert_eq!(users.enable(&user.id).await.expect("enabled").status, Some(Status::Active));
        itself.users().me().await.expect("its key works again");
        users.delete(&user.id).await.expect("deleted");
        assert_eq!(itself.users().me().await.expect_err("deleted").code(), Code::AUT_01);
        assert_eq!(refused(users.get(&user.id).await), Some(Refusal::NotFound));
        assert_eq!(refused(users.delete(&user.id).await), Some(Refusal::NotFound));
    });
}

#[test]
fn token_is_replaced_by_its_owner() {
    on_each(EmulatorOptions::default, async |stage| {
        let user = &stage.emulator.users()[0];
        let before = stage.by_key(user.api_key());
        let old = before.tokens().list(&Id::me()).all().await.expect("a list").remove(0);
        let wanted = NewToken::new("next").end_date("2099-12-31".parse().expect("a day"));
        let made = before.tokens().create(&wanted).await.expect("made");
        let new = made.token.expect("the token");
        let after = stage.by_key(key(&made.api_key));
        assert_eq!(after.users().me().await.expect("the new key works").id.as_str(), user.id());
        assert_eq!(after.tokens().disable(&old.id).await.expect("disabled").is_enabled(), Some(false));
        assert_eq!(before.users().me().await.expect_err("disabled").code(), Code::AUT_01);
        after.tokens().enable(&old.id).await.expect("enabled");
        before.users().me().await.expect("the old key works again");
        after.tokens().delete(&old.id).await.expect("deleted");
        assert_eq!(refused(after.tokens().get(&old.id).await), Some(Refusal::NotFound));
        let change = TokenChange::new().name("current");
        assert_eq!(after.tokens().update(&new.id, &change).await.expect("renamed").name.as_deref(), Some("current"));
        let left = after.tokens().list(&user.id().into()).all().await.expect("a list");
        assert_eq!(left.iter().map(|token| &token.id).collect::<Vec<_>>(), [&new.id]);
        assert_eq!((left[0].end_date, left[0].status.clone()), (wanted.end_date, Some(Status::Active)));
    });
}

#[test]
fn certificate_is_issued_for_a_local_key() {
    on_each(EmulatorOptions::default, async |stage| {
        let user = &stage.emulator.users()[0];
        let account = stage.by_key(user.api_key());
        let pair = rcgen::KeyPair::generate().expect("a key");
        let csr = rcgen::CertificateParams::new(Vec::<String>::new()).and_then(|csr| csr.serialize_request(&pair));
        let csr = csr.and_then(|csr| csr.pem()).expect("a request");
        let issued = account.certificates().request(&NewClientCertificate::new("next", csr)).await.expect("made");
        let id = issued.certificate.as_ref().expect("what the platform keeps").id.clone();

        let (chain, key) =
            (Secret::new(issued.chain_pem(), "the response"), Secret::new(pair.serialize_pem(), "the test"));
        let rules = ReadOptions::at(SystemTime::now());
        let identity = read_client_identity(&chain, Some(&key), None, &rules, &mut Vec::new()).expect("they fit");
        let by_certificate = stage.client(Material::certificate(identity));
        assert_eq!(by_certificate.users().me().await.expect("it works").id.as_str(), user.id());
        let listed = by_certificate.certificates().list().await.expect("a list");
        let found = listed.iter().find(|one| one.id == id).expect("listed");
        assert_eq!((found.nickname.as_deref(), found.is_enabled()), (Some("next"), Some(true)));
        account.certificates().disable(&id).await.expect("disabled");
        assert_eq!(by_certificate.users().me().await.expect_err("disabled").code(), Code::AUT_06);
        account.certificates().enable(&id).await.expect("enabled");
        by_certificate.users().me().await.expect("it works again");
    });
}

#[test]
fn refusals_name_the_problem() {
    let users = || [ServiceUserSpec::new("ci-bot"), ServiceUserSpec::new("plain").roles(&["AM_DEFAULT_USER"])];
    on_each(
        || EmulatorOptions::default().service_users(users()),
        async |stage| {
            let users = stage.administrator().users();
            let duplicate = |field: &str| Some(Refusal::Duplicate { field: Some(field.to_owned()) });
            let invalid = |field: &str| Some(Refusal::Invalid { field: Some(field.to_owned()), unsent: false });
            assert_eq!(refused(users.create(&NewServiceUser::new("ci-bot")).await), duplicate("friendly_name"));
            let unknown = NewServiceUser::new("new").roles(["NO_SUCH_ROLE"]);
            assert_eq!(refused(users.create(&unknown).await), invalid("roles"));
            let missing = Refusal::Forbidden { permission: Some("MANAGE_AM_ACCOUNT".to_owned()) };
            let plain = stage.by_key(stage.emulator.users()[1].api_key());
            assert_eq!(refused(plain.users().create(&NewServiceUser::new("new")).await), Some(missing));

            let made = users.create(&NewServiceUser::new("short").end_date("2099-01-01".parse().expect("a day"))).await;
            let tokens = stage.by_key(key(&made.expect("made").api_key)).tokens();
            let after = NewToken::new("late").end_date("2099-01-02".parse().expect("a day"));
            assert_eq!(refused(tokens.create(&after).await), invalid("end_date"));
            tokens.create(&NewToken::new("one")).await.expect("made");
            assert_eq!(refused(tokens.create(&NewToken::new("one")).await), duplicate("name"));
            let wanted = NewClientCertificate::new(
                "x",
                "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
            );
            let certificates = stage.by_key(stage.emulator.users()[0].api_key()).certificates();
            assert_eq!(refused(certificates.request(&wanted).await), invalid("csr"));
            assert_eq!(refused(certificates.disable(&"none".into()).await), Some(Refusal::NotFound));
        },
    );
}

#[test]
fn older_platform_reports_one_token_per_user() {
    on_each(
        || EmulatorOptions::default().generation(Generation::OneKey),
        async |stage| {
            let tokens = stage.by_key(stage.emulator.users()[0].api_key()).tokens();
            let error = tokens.create(&NewToken::new("second")).await.expect_err("one only");
            assert_eq!((error.code(), Refusal::of(&error)), (Code::API_07, Some(Refusal::TokenLimit)));
        },
    );
}

#[test]
fn accounts_roles_organisation_and_audit_log_are_read() {
    on_each(EmulatorOptions::default, async |stage| {
        let account = stage.administrator();
        let accounts = account.accounts().all().await.expect("a list");
        assert!(accounts.iter().any(|one| one.id.as_str() == stage.emulator.account_id() && one.active == Some(true)));
        let roles = account.roles(ACCOUNT_MANAGER).all().await.expect("a list");
        let role = roles.iter().find(|role| role.id == "AM_ACCOUNT_USER").expect("a usual role");
        assert_eq!(role.application_code.as_deref(), Some(ACCOUNT_MANAGER));
        let organization = account.organization(&stage.emulator.organization_id().into()).await.expect("one");
        assert_eq!((organization.id.as_str(), organization.active), (&*stage.emulator.organization_id(), Some(true)));
        for name in ["one", "two", "three"] {
            account.tokens().create(&NewToken::new(name)).await.expect("made");
        }
        let log = account.audit_log().page_size(2).all().await.expect("a log");
        let made = log.iter().filter(|entry| {
            (entry.action.as_deref(), entry.resource_type.as_deref()) == (Some("create"), Some("api_token"))
        });
        assert_eq!(made.count(), 3);
    });
}
