//! Where a check may stand.

use health_core::{Health, health_check};

mod outer {
    mod private {
        mod more_private {
            use health_core::health_check;

            #[health_check(kind = "readiness")]
            async fn in_private_modules() {}

            #[health_check(kind = "readiness")]
            pub(in crate::outer) fn with_visibility() {}
        }
    }
}

#[health_check(kind = "readiness")]
async fn holds_another() -> bool {
    #[health_check(kind = "readiness")]
    async fn in_a_check() {}

    in_a_check().await;
    true
}

fn bodies() {
    #[health_check(kind = "readiness")]
    fn in_a_body() {}

    {
        #[health_check(kind = "readiness", name = "in_a_block")]
        fn in_a_body() {}
    }

    let closure = || {
        #[health_check(kind = "readiness")]
        async fn in_a_closure() {}
    };
    closure();
}

struct Type;

impl Type {
    #[expect(dead_code)]
    fn method(&self) {
        #[health_check(kind = "readiness")]
        async fn in_a_method() {}
    }
}

const _: () = {
    #[health_check(kind = "readiness")]
    async fn in_a_constant() {}
};

/// Two attributes are two checks of one function.
#[health_check(kind = "readiness", name = "first_of_two")]
#[health_check(kind = "liveness", name = "second_of_two")]
async fn two() {}

fn main() {
    bodies();
    let _ = Type;
    let health = Health::builder().build().unwrap();
    let checks = health.checks();
    let checks: Vec<_> = checks.iter().map(|c| (c.name(), c.identity())).collect();
    let root = module_path!();
    let expected = [
        ("first_of_two", format!("{root}::two")),
        ("holds_another", format!("{root}::holds_another")),
        ("in_a_block", format!("{root}::in_a_body")),
        ("in_a_body", format!("{root}::in_a_body")),
        ("in_a_check", format!("{root}::in_a_check")),
        ("in_a_closure", format!("{root}::in_a_closure")),
        ("in_a_constant", format!("{root}::in_a_constant")),
        ("in_a_method", format!("{root}::in_a_method")),
        (
            "in_private_modules",
            format!("{root}::outer::private::more_private::in_private_modules"),
        ),
        ("second_of_two", format!("{root}::two")),
        (
            "with_visibility",
            format!("{root}::outer::private::more_private::with_visibility"),
        ),
    ];
    assert_eq!(checks, expected.each_ref().map(|(name, identity)| (*name, &**identity)));
}
