//! Seeds for the fuzzer: one file per format, in the form of the fuzz targets (certificate, a zero byte, key).

use digicert_one_testbed::Format;

/// Writes them to `D1_SEED_CORPUS`; without it, only checks that they can be created.
#[test]
fn every_format_has_a_seed() {
    let corpus = std::env::var_os("D1_SEED_CORPUS").map(std::path::PathBuf::from);
    for (index, format) in Format::ALL.iter().enumerate() {
        let store = format.make();
        let mut seed = store.certificate.clone();
        if let Some(key) = &store.key {
            seed.push(0);
            seed.extend_from_slice(key);
        }
        assert!(!seed.is_empty());
        if let Some(corpus) = &corpus {
            let text = store.certificate.starts_with(b"-") || store.certificate.is_ascii();
            let folder = corpus.join(if text { "pem" } else { "pkcs12" });
            std::fs::write(folder.join(format!("format-{index:02}")), &seed).expect("the corpus can be written");
            let bundle = corpus.join("ca_bundle").join(format!("format-{index:02}"));
            std::fs::write(bundle, &store.certificate).expect("the corpus can be written");
        }
    }
}
