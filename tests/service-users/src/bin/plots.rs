//! Makes the runs behind the figures of docs/plots, and writes what was seen into a directory. Started by `cargo xtask plots`.

use std::path::PathBuf;

use digicert_one_service_users::plots::{rotation, storm, year};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: plots DIRECTORY")?);
    let write = |name: &str, columns: &str, rows: Vec<String>| {
        let text = format!("# {columns}\n{}\n", rows.join("\n"));
        std::fs::write(folder.join(format!("{name}.tsv")), text)
    };
    let seen = rotation::play().await?;
    write(
        "rotation",
        "client, request, seen, connection, event",
        seen.iter().map(rotation::SeenRequest::row).collect(),
    )?;
    let mut seconds = Vec::new();
    for clients in [1, 10, 100] {
        seconds.extend(storm::play(clients).await?);
    }
    let columns = "clients, second, attempts, refused with 429, failed calls; each added up";
    write("storm", columns, seconds.iter().map(storm::Second::row).collect())?;
    write("year", "what, day, days left", year::play().await?)?;
    Ok(())
}
