//! How what a client says is waited for.

use std::thread;
use std::time::{Duration, Instant};

use crate::program::PATIENCE;
use crate::server::{Server, Situation};
use crate::table::{Row, Table};

/// How many answers a client gets without changing its mind. More than it needs for that.
pub(crate) const ENOUGH: usize = 5;

const PAUSE: Duration = Duration::from_millis(20);

/// Puts each of these services through all situations, at the same time.
pub(crate) fn drive_all<L: FnMut() -> String + Send>(
    expected: &Table,
    clients: impl IntoIterator<Item = (&'static str, Server, L)>,
) -> Vec<Row> {
    thread::scope(|scope| {
        let rows: Vec<_> = clients
            .into_iter()
            .map(|(client, server, look)| {
                scope.spawn(move || drive(expected.row(client), &server, look))
            })
            .collect();
        rows.into_iter().map(|row| row.join().unwrap()).collect()
    })
}

/// Puts a service through all situations; `look` returns what the client says of it just now.
fn drive(row: &Row, server: &Server, mut look: impl FnMut() -> String) -> Row {
    let healthy = row.cell(Situation::Healthy);
    let mut request = String::new();
    let cells = Situation::ALL.map(|situation| {
        server.put_into(situation);
        let observed = settle(row.cell(situation), server, situation, &mut look);
        request = server.request();
        if situation == Situation::Gone {
            return observed;
        }
        server.put_into(Situation::Healthy);
        let after = settle(healthy, server, Situation::Healthy, &mut look);
        if after != healthy {
            return format!("{observed}, afterwards {after}");
        }
        observed
    });
    Row {
        client: row.client.clone(),
        request,
        cells,
    }
}

fn settle(
    expected: &str,
    server: &Server,
    situation: Situation,
    look: &mut impl FnMut() -> String,
) -> String {
    let is_in_effect = until(|| {
        // Fails where nobody listens.
        let _ = server.ask();
        server.is_in_effect()
    });
    if !is_in_effect {
        return format!("never {situation}");
    }
    // Who gets no answers cannot be given enough of them.
    let enough = if situation == Situation::Gone {
        0
    } else {
        ENOUGH
    };
    steady(expected, enough, || server.answers(), look)
}

/// Looks until the client says what is expected and goes on to say so while it is given so many
/// answers; returns what it said last.
pub(crate) fn steady(
    expected: &str,
    enough: usize,
    answers: impl Fn() -> usize,
    mut look: impl FnMut() -> String,
) -> String {
    let mut since = None;
    let mut said = String::new();
    let settled = until(|| {
        let given = answers();
        said = look();
        if said != expected {
            since = None;
            return false;
        }
        given >= *since.get_or_insert(answers()) + enough
    });
    if !settled && said == expected {
        return format!("{said}, without {enough} answers in a row");
    }
    said
}

/// Tries until it is so, or patience ends; returns whether it is so.
pub(crate) fn until(mut attempt: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if attempt() {
            return true;
        }
        thread::sleep(PAUSE);
    }
    false
}
