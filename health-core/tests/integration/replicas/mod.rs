//! What a fleet loses when something fails that all replicas share: 200 instances, each with an
//! engine of its own, behind a Service that routes by readiness. Everything happens in paused time
//! and by seeds, so the figures are the same each time.

mod dependency;
mod figures;
mod fleet;
mod plot;
mod ways;

use std::path::PathBuf;
use std::{fs, thread};

use self::dependency::Fault;
use self::figures::Figures;
use self::ways::Way;
use crate::support::in_paused_time;

const BEGIN: &str = "<!-- figures -->\n";
const END: &str = "<!-- end of figures -->\n";

/// What each way of asking came to, under each fault.
struct Course {
    fault: Fault,
    ways: Vec<(Way, Figures)>,
}

impl Course {
    fn observe(fault: Fault) -> Self {
        let observed = |way: Way| (way, in_paused_time(fleet::observe(fault, way)));
        let ways = Way::ALL.into_iter().map(observed).collect();
        Self { fault, ways }
    }

    fn of(&self, name: &str) -> &Figures {
        let (_, figures) = self.ways.iter().find(|(way, _)| way.name == name).unwrap();
        figures
    }

    /// What is lost where nobody is taken out of rotation.
    fn dependency(&self) -> &Figures {
        self.of("no check")
    }
}

#[test]
fn a_shared_check_loses_nothing_that_the_dependency_did_not_cost() {
    let courses: Vec<Course> = thread::scope(|scope| {
        let all = Fault::ALL.map(|fault| scope.spawn(move || Course::observe(fault)));
        all.map(|course| course.join().unwrap()).into()
    });
    let documents = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/docs");
    let page = documents.join("replicas.md");
    let old = fs::read_to_string(&page).unwrap();
    let (before, rest) = old.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let table = figures::table(&courses);
    expect(&page, &format!("{before}{BEGIN}{table}{END}{after}"));
    expect(&documents.join("replicas.svg"), &plot::draw(&courses));
    for course in &courses {
        holds(course);
    }
}

/// The promises, whatever the figures are.
fn holds(course: &Course) {
    let fault = course.fault.name();
    let dependency = course.dependency();
    assert!(dependency.lost > 0, "{fault}: the fault costs something");
    for (way, figures) in &course.ways {
        let beyond = figures.beyond(dependency);
        if way.shared && way.fail_closed_after.is_none() {
            assert_eq!(figures.most_out, 0, "{fault}, {}: nobody leaves", way.name);
            let most = course.fault.taken_by_checks();
            assert!(beyond <= most, "{fault}, {}: {beyond} lost", way.name);
        }
        if way.name == "naive" {
            assert!(beyond > 100, "{fault}: the fleet is large enough to suffer");
        }
    }
}

/// The committed file, which `BLESS=1` rewrites.
fn expect(path: &PathBuf, new: &str) {
    if std::env::var_os("BLESS").is_some() {
        return fs::write(path, new).unwrap();
    }
    let old = fs::read_to_string(path).unwrap_or_default();
    let path = path.display();
    assert!(old == new, "{path} has other figures than these:\n{new}");
}
