//! Uploads in constant memory: a body of gigabytes over each transport and HTTP version, each in a process of its own, and how much the
//! peak memory of that process grows. The server is a further process.

use std::convert::Infallible;
use std::process::Command;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use digicert_one::core::{
    BoxError, Capability, HttpVersions, Timeouts, Transport, TransportConfig, TrustRoots, UploadBody,
};
use digicert_one::transport;
use http::Request;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::server::{Door, Server, UPLOADED};

/// The most that the peak may grow by.
const CEILING_KIB: u64 = 32 << 10;
const CHUNK: usize = 64 << 10;

/// Runs a process for each transport and version, and prints a table.
pub(crate) fn all(mebibytes: u64) -> Result<(), BoxError> {
    println!(
        "{:<12} {:<10} {:>9} {:>8} {:>12} {:>12} {:>10}",
        "transport", "spoken", "MiB", "MiB/s", "peak before", "peak after", "growth"
    );
    for connector in transport::all() {
        let name = connector.info().name;
        if !connector.capabilities().has(Capability::StreamingUploads) {
            println!("{name:<12} does not stream uploads");
            continue;
        }
        for version in ["1", "2"] {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["upload", name, version, &mebibytes.to_string()]);
            if !command.status()?.success() {
                return Err(
                    format!("the upload over {name}, HTTP/{version}, failed or took more memory than it may").into()
                );
            }
        }
    }
    Ok(())
}

/// One upload, in this process.
pub(crate) fn one(name: &str, version: &str, mebibytes: u64) -> Result<(), BoxError> {
    let server = Server::start()?;
    let connector = transport::all().into_iter().find(|one| one.info().name == name).ok_or("no such transport")?;
    let config = TransportConfig::new()
        .with_trust(TrustRoots::Only(vec![CertificateDer::from_pem_slice(server.root_pem().as_bytes())?]))
        .with_timeouts(Timeouts::new().with_total(Duration::from_secs(3600)))
        .with_http_versions(if version == "1" { HttpVersions::Http1 } else { HttpVersions::Both });
    let transport = connector.connect(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        // What a first call costs is not what is measured.
        upload(&*transport, &server, CHUNK as u64).await?;
        let before = peak_kib()?;
        let begin = Instant::now();
        let spoken = upload(&*transport, &server, mebibytes << 20).await?;
        let took = begin.elapsed().as_secs_f64();
        let after = peak_kib()?;
        let growth = after - before;
        let speed = mebibytes as f64 / took;
        println!("{name:<12} {spoken:<10} {mebibytes:>9} {speed:>8.0} {before:>8} KiB {after:>8} KiB {growth:>6} KiB");
        match growth <= CEILING_KIB {
            true => Ok(()),
            false => Err(format!("the peak grew by {growth} KiB, {CEILING_KIB} KiB at most").into()),
        }
    })
}

/// Uploads so many bytes and says over which version, once the server has counted them.
async fn upload(transport: &dyn Transport, server: &Server, length: u64) -> Result<String, BoxError> {
    let mut left = length;
    let body = UploadBody::poll_fn(move |_| {
        let size = left.min(CHUNK as u64);
        left -= size;
        // A new allocation for each chunk, as a file is read.
        Poll::Ready((size > 0).then(|| Ok::<_, Infallible>(Bytes::from(vec![b'x'; size as usize]))))
    });
    let request = Request::put(format!("{}{UPLOADED}", server.url(Door::Open))).body(body.with_length(length))?;
    let exchange = transport.upload(request).await?;
    let spoken = format!("{:?}", exchange.response.version());
    let counted = exchange.response.into_body().collect(64).await?;
    match counted == length.to_string() {
        true => Ok(spoken),
        false => Err(format!("{} of {length} bytes arrived", String::from_utf8_lossy(&counted)).into()),
    }
}

/// The most memory that this process ever had.
fn peak_kib() -> Result<u64, BoxError> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the system does not show VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
