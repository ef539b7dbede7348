//! What Prometheus and systemd are told.

use super::*;

#[test]
fn it_tells_what_is_measured() -> Result {
    let directory = Directory::new()?;
    let service = Service::start(directory.path())?;
    service.wait_for("/health/ready", 200)?;
    service.kill("USR1")?;
    service.wait_for("/health/ready", 503)?;
    let (code, metrics) = service.ask("GET", "/health/metrics", "")?;
    assert_eq!(code, 200, "also while it drains: {metrics}");
    for line in [
        r#"app_health_dependency_status{component="database"} 1"#,
        r#"health_check_status{check="disk",status="unhealthy"} 0"#,
        r#"health_probe_status{probe="readiness",status="unhealthy"} 1"#,
        "health_draining 1",
    ] {
        assert!(metrics.lines().any(|l| l == line), "{line}: {metrics}");
    }
    Ok(())
}

#[test]
#[cfg(unix)]
fn it_tells_systemd() -> Result {
    let directory = Directory::new()?;
    let path = directory.path().join("notify");
    let systemd = std::os::unix::net::UnixDatagram::bind(&path)?;
    systemd.set_read_timeout(Some(PATIENCE))?;
    let hear_of = |text: &str| -> Result {
        loop {
            let mut buffer = [0; 4096];
            let length = systemd.recv(&mut buffer)?;
            if String::from_utf8_lossy(&buffer[..length]).contains(text) {
                return Ok(());
            }
        }
    };

    let missing = directory.path().join("not/there/yet");
    let mut command = quickstart(&missing);
    let mut service = Service::run(command.env("NOTIFY_SOCKET", &path))?;
    hear_of("STATUS=starting: waits for schema")?;
    fs::create_dir_all(&missing)?;
    hear_of("READY=1")?;
    service.kill("TERM")?;
    hear_of("STOPPING=1")?;
    assert_eq!(service.wait_for_end()?.code(), Some(0));
    Ok(())
}
