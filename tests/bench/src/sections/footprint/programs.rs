//! Programs as users write them: crates of their own, with the lock file of the workspace.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// A program, and what it depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Program {
    pub(super) name: &'static str,
    /// Of the crates of this workspace.
    dependency: Option<&'static str>,
    main: &'static str,
    checks: usize,
}

const fn program(
    name: &'static str,
    dependency: Option<&'static str>,
    main: &'static str,
    checks: usize,
) -> Program {
    Program {
        name,
        dependency,
        main,
        checks,
    }
}

/// A server of actix-web that knows nothing of health.
pub(super) const WITHOUT: Program = program("without", None, SERVER, 0);
/// The same with the one line, and one check.
pub(super) const WITH: Program = program("with", Some("health-actix"), SERVER, 1);
/// The same with a check that nobody asks, of a library.
pub(super) const WITH_CORE: Program = program("with-core", Some("health-core"), SERVER, 1);
/// What tells how long it takes to start with so many checks.
pub(super) const STARTS: [(usize, Program); 3] = [
    (0, program("start-0", Some("health-actix"), START, 0)),
    (100, program("start-100", Some("health-actix"), START, 100)),
    (
        10_000,
        program("start-10000", Some("health-actix"), START, 10_000),
    ),
];

const SERVER: &str = r#"
use actix_web::{App, HttpResponse, HttpServer, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let server = HttpServer::new(|| {
        App::new()SERVICE.route("/", web::get().to(async || HttpResponse::Ok().body("hello")))
    });
    let server = server.workers(1).bind(("127.0.0.1", 0))?;
    println!("{}", server.addrs()[0]);
    server.run().await
}
"#;

/// Prints nanoseconds of the first start and the median of others, and KiB of memory of its own
/// before and after the first.
const START: &str = r#"
use std::time::Instant;

fn kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn main() {
    let before = kib();
    let begun = Instant::now();
    let service = health_actix::service();
    let first = begun.elapsed();
    let after = kib();
    assert_eq!(service.health().checks().len(), COUNT);
    let mut again: Vec<_> = (0..9)
        .map(|_| {
            let begun = Instant::now();
            let health = health_actix::Health::builder().build().expect("they are valid");
            let service = health_actix::HealthService::new(&health);
            let took = begun.elapsed();
            drop((health, service));
            took
        })
        .collect();
    again.sort();
    println!("{} {} {before} {after}", first.as_nanos(), again[4].as_nanos());
}
"#;

impl Program {
    fn main(&self) -> String {
        let mut main = self.main.replace("COUNT", &self.checks.to_string());
        let service = match self.dependency {
            Some("health-actix") => ".service(health_actix::service())",
            _ => "",
        };
        main = main.replace("SERVICE", service);
        let attribute = self.dependency.unwrap_or_default().replace('-', "_");
        for number in 0..self.checks {
            // A `String` takes whatever is written to it.
            let _ = writeln!(
                main,
                "/// The dependency answers.\n\
                 #[{attribute}::health_check(kind = \"readiness\", timeout_ms = 500)]\n\
                 fn check_{number:05}() -> bool {{ true }}"
            );
        }
        main
    }

    fn manifest(&self, root: &Path) -> String {
        let name = self.name;
        let dependency = self.dependency.map_or_else(String::new, |dependency| {
            format!(
                "{dependency} = {{ path = \"{}\" }}\n",
                root.join(dependency).display()
            )
        });
        // Of ten thousand functions nothing is measured that optimizing them would change.
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [dependencies]\n\
             actix-web = {{ version = \"4.11\", default-features = false, features = [\"macros\"] }}\n\
             {dependency}[workspace]\n[profile.release.package.\"{name}\"]\nopt-level = 0\n"
        )
    }

    /// Writes its sources; says where.
    pub(super) fn write(&self) -> Result<PathBuf> {
        let root = std::env::current_dir()?;
        let folder = root.join("target/footprint").join(self.name);
        fs::create_dir_all(folder.join("src"))?;
        // What has not changed is not built again.
        for (file, text) in [
            ("Cargo.toml", self.manifest(&root)),
            ("src/main.rs", self.main()),
        ] {
            let file = folder.join(file);
            if fs::read_to_string(&file).is_ok_and(|old| old == text) {
                continue;
            }
            fs::write(file, text)?;
        }
        // Cargo takes out what the program does not need.
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(folder)
    }

    /// Builds it with these arguments, without network.
    pub(super) fn build(&self, target: &Path, arguments: &[&str]) -> Result {
        let folder = self.write()?;
        let built = Command::new("cargo")
            .args(["build", "--offline", "--quiet", "--target-dir"])
            .arg(target)
            .arg("--manifest-path")
            .arg(folder.join("Cargo.toml"))
            .args(arguments)
            .status()?;
        if built.success() {
            Ok(())
        } else {
            Err(format!("the program `{}` cannot be built", self.name).into())
        }
    }

    /// Builds it as users would for production; says where it is.
    pub(super) fn release(&self) -> Result<PathBuf> {
        let target = std::env::current_dir()?.join("target");
        self.build(&target, &["--release"])?;
        Ok(target.join("release").join(self.name))
    }

    /// How many crates it is made of, its own not counted.
    pub(super) fn crates(&self) -> Result<usize> {
        let folder = self.write()?;
        let listed = Command::new("cargo")
            .args(["tree", "--offline", "--quiet", "--edges", "normal,build"])
            .args(["--prefix", "none", "--format", "{p}", "--no-dedupe"])
            .arg("--manifest-path")
            .arg(folder.join("Cargo.toml"))
            .output()?;
        let listed = String::from_utf8(listed.stdout)?;
        let mut crates: Vec<_> = listed.lines().collect();
        crates.sort_unstable();
        crates.dedup();
        Ok(crates.len().saturating_sub(1))
    }
}
